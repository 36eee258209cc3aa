package dev.weir.affinity;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;

import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

import dev.weir.backend.Lane;
import dev.weir.queue.Timing;

/**
 * The questions for one backend. They wait for the end of a cooldown; then they are sent
 * one after the other, as the limit per second allows: clients in turn, and those of one
 * client in the order of their arrival. The ramp of a lane is for requests only: a
 * question is cheap, and has a limit. Safe for many threads, never blocks.
 */
final class QuestionQueue {

	/** How long after a cooldown the questions are sent at equal intervals. */
	private static final Duration SPREAD = Duration.ofSeconds(1);

	private final Timing timing;

	private final IntSupplier perSecond;

	private final LookupRate rate;

	private final Queue<Question> arrivals = new ConcurrentLinkedQueue<>();

	/** How often {@link #update()} is due: only one thread runs it. */
	private final AtomicInteger due = new AtomicInteger();

	/** Those of each client, in the order in which clients are served. */
	private final Map<String, Deque<Question>> waiting = new LinkedHashMap<>();

	private @Nullable Disposable timer;

	/**
	 * Creates an empty queue.
	 * @param timing the clock and the timers
	 * @param perSecond the largest number of questions per second
	 */
	QuestionQueue(Timing timing, IntSupplier perSecond) {
		this.timing = timing;
		this.perSecond = perSecond;
		this.rate = new LookupRate(timing.ticker());
	}

	/**
	 * Waits until a question may be sent.
	 * @param lane the lane of the backend
	 * @param client the name of the client, empty if there is none
	 * @param atMost how long to wait
	 * @param mayWait is called if the question has to wait; whether it may
	 * @return whether it may be sent; at once if it may not wait, or would wait too long,
	 * or if the backend is out of service
	 */
	Mono<Turn> await(Lane lane, String client, Duration atMost, BooleanSupplier mayWait) {
		return Mono.create((sink) -> {
			this.arrivals
				.add(new Question(lane, client, this.timing.ticker().read() + atMost.toNanos(), mayWait, sink));
			requestUpdate();
		});
	}

	private void requestUpdate() {
		if (this.due.getAndIncrement() == 0) {
			int done = 1;
			while (done != 0) {
				update();
				done = this.due.addAndGet(-done);
			}
		}
	}

	private void update() {
		removeEnded();
		Duration delay = serve();
		for (Question next = this.arrivals.poll(); next != null; next = this.arrivals.poll()) {
			if (next.cancelled) {
				continue;
			}
			Duration left = this.waiting.isEmpty() ? trySend(next) : behindOthers(next, delay);
			if (left.isZero()) {
				continue;
			}
			if (next.isInTime(left) && next.mayWait.getAsBoolean()) {
				delay = this.waiting.isEmpty() ? left : delay;
				this.waiting.computeIfAbsent(next.client, (client) -> new ArrayDeque<>()).add(next);
			}
			else {
				next.sink.success(refusal(next.lane));
			}
		}
		setTimer(delay);
	}

	/** Those of other clients are sent in between, so that the time of one may end. */
	private void removeEnded() {
		for (Deque<Question> ofClient : this.waiting.values()) {
			for (Iterator<Question> all = ofClient.iterator(); all.hasNext();) {
				Question question = all.next();
				if (question.cancelled || !question.isInTime(Duration.ZERO)) {
					all.remove();
					question.sink.success(refusal(question.lane));
				}
			}
		}
		this.waiting.values().removeIf(Deque::isEmpty);
	}

	/** Sends those whose time has come, and returns the delay of the next one. */
	private Duration serve() {
		while (!this.waiting.isEmpty()) {
			String client = this.waiting.keySet().iterator().next();
			Deque<Question> ofClient = Objects.requireNonNull(this.waiting.get(client));
			Question first = ofClient.getFirst();
			Duration left = trySend(first);
			if (!left.isZero() && first.isInTime(left)) {
				return left;
			}
			ofClient.removeFirst();
			this.waiting.remove(client);
			if (!ofClient.isEmpty()) {
				this.waiting.put(client, ofClient);
			}
			if (!left.isZero()) {
				first.sink.success(refusal(first.lane));
			}
		}
		return Duration.ZERO;
	}

	/** A backend in cooldown cannot be asked; otherwise the limit was the reason. */
	private static Turn refusal(Lane lane) {
		return lane.cooldownLeft().isZero() ? Turn.LIMITED : Turn.UNAVAILABLE;
	}

	/** The delay of a question behind those that are sent before it, if no more come. */
	private Duration behindOthers(Question question, Duration delayOfFirst) {
		Deque<Question> own = this.waiting.get(question.client);
		int turns = (own != null) ? own.size() + 1 : 1;
		long before = this.waiting.entrySet()
			.stream()
			.mapToLong((other) -> other.getKey().equals(question.client) ? turns - 1
					: Math.min(other.getValue().size(), turns))
			.sum();
		return delayOfFirst.plus(Duration.ofSeconds(1).multipliedBy(before).dividedBy(limit()));
	}

	/**
	 * Sends a question.
	 * @return zero if it was sent or the backend is out of service, else the time until
	 * the next try
	 */
	private Duration trySend(Question question) {
		Lane lane = question.lane;
		Duration cooldown = lane.cooldownLeft();
		if (!cooldown.isZero() || lane.hasEndedCooldownWithin(SPREAD)) {
			this.rate.spread(cooldown, limit());
		}
		if (!cooldown.isZero()) {
			return cooldown;
		}
		if (lane.backend().isBreakerOpen()) {
			question.sink.success(Turn.UNAVAILABLE);
			return Duration.ZERO;
		}
		Duration left = this.rate.timeToPermit(limit());
		if (!left.isZero()) {
			return left;
		}
		this.rate.tryAcquire(limit());
		question.sink.success(Turn.SEND);
		return Duration.ZERO;
	}

	private int limit() {
		return this.perSecond.getAsInt();
	}

	private void setTimer(Duration delay) {
		if (this.timer != null) {
			this.timer.dispose();
		}
		this.timer = this.waiting.isEmpty() ? null : this.timing.timers()
			.schedule(this::requestUpdate, Math.min(delay.toNanos(), nanosToFirstEnd()), TimeUnit.NANOSECONDS);
	}

	/** The next question to be sent may have more time than another one. */
	private long nanosToFirstEnd() {
		long now = this.timing.ticker().read();
		return 1 + this.waiting.values()
			.stream()
			.flatMap(Deque::stream)
			.mapToLong((question) -> question.until - now)
			.min()
			.orElse(0);
	}

	/** Whether a question may be sent. */
	enum Turn {

		/** It may be sent now. */
		SEND,

		/** Too many questions are sent to the backend now. */
		LIMITED,

		/** The backend is in cooldown for too long, or out of service. */
		UNAVAILABLE

	}

	/** A question that is not sent yet. */
	private final class Question {

		private final Lane lane;

		private final String client;

		private final long until;

		private final BooleanSupplier mayWait;

		private final MonoSink<Turn> sink;

		private volatile boolean cancelled;

		Question(Lane lane, String client, long until, BooleanSupplier mayWait, MonoSink<Turn> sink) {
			this.lane = lane;
			this.client = client;
			this.until = until;
			this.mayWait = mayWait;
			this.sink = sink.onCancel(() -> {
				this.cancelled = true;
				requestUpdate();
			});
		}

		boolean isInTime(Duration delay) {
			return delay.toNanos() <= this.until - QuestionQueue.this.timing.ticker().read();
		}

	}

}
