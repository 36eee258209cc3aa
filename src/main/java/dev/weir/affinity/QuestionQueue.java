package dev.weir.affinity;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
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
 * The questions for one backend, in the order of their arrival. They wait for the end of
 * a cooldown; then they are sent one after the other, as the limit per second allows. The
 * ramp of a lane is for requests only: a question is cheap, and has a limit. Safe for
 * many threads, never blocks.
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

	private final Deque<Question> waiting = new ArrayDeque<>();

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
	 * @param atMost how long to wait
	 * @param mayWait is called if the question has to wait; whether it may
	 * @return whether it may be sent; at once if it may not wait, or would wait too long,
	 * or if the backend is out of service
	 */
	Mono<Turn> await(Lane lane, Duration atMost, BooleanSupplier mayWait) {
		return Mono.create((sink) -> {
			this.arrivals.add(new Question(lane, this.timing.ticker().read() + atMost.toNanos(), mayWait, sink));
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
		for (Iterator<Question> all = this.waiting.iterator(); all.hasNext();) {
			if (all.next().cancelled) {
				all.remove();
			}
		}
		Duration delay = serve();
		for (Question next = this.arrivals.poll(); next != null; next = this.arrivals.poll()) {
			if (next.cancelled) {
				continue;
			}
			Duration left = this.waiting.isEmpty() ? trySend(next) : behind(delay);
			if (left.isZero()) {
				continue;
			}
			if (next.isInTime(left) && next.mayWait.getAsBoolean()) {
				delay = this.waiting.isEmpty() ? left : delay;
				this.waiting.add(next);
			}
			else {
				next.sink.success(refusal(next.lane));
			}
		}
		setTimer(delay);
	}

	/** Sends those whose time has come, and returns the delay of the first other one. */
	private Duration serve() {
		for (Question first = this.waiting.peek(); first != null; first = this.waiting.peek()) {
			Duration left = trySend(first);
			if (!left.isZero() && first.isInTime(left)) {
				return left;
			}
			this.waiting.remove();
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

	/** The delay of a question behind all that wait. */
	private Duration behind(Duration delayOfFirst) {
		return delayOfFirst.plus(Duration.ofSeconds(1).multipliedBy(this.waiting.size()).dividedBy(limit()));
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
		this.timer = this.waiting.isEmpty() ? null
				: this.timing.timers().schedule(this::requestUpdate, delay.toNanos(), TimeUnit.NANOSECONDS);
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

		private final long until;

		private final BooleanSupplier mayWait;

		private final MonoSink<Turn> sink;

		private volatile boolean cancelled;

		Question(Lane lane, long until, BooleanSupplier mayWait, MonoSink<Turn> sink) {
			this.lane = lane;
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
