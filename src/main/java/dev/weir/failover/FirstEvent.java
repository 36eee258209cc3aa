package dev.weir.failover;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

import dev.weir.api.EventSplitter;
import dev.weir.api.StreamEvent;
import dev.weir.backend.Outcome;
import dev.weir.backend.OutcomeException;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.scheduler.Scheduler;

/**
 * Waits for the first real event of a stream, so that an error, a break or silence in its
 * place sends the call to another backend and the client never hears of it. Signs of life
 * before it ({@link StreamEvent.Kind#LIFE}) end the wait for the first event, since a
 * reasoning model may think for minutes behind them; they are held back for a second at
 * most, in case an error is right behind them.
 */
final class FirstEvent implements BodyReader {

	/** How long signs of life are held back. */
	static final Duration HOLD = Duration.ofSeconds(1);

	// a response.created repeats the request's instructions and tools
	private static final int MAX_HELD = 1024 * 1024;

	private final UpstreamBody body;

	private final EventSplitter splitter;

	private final OutcomeClassifier classifier;

	private final Executor turn;

	private final Scheduler timers;

	private final MonoSink<AnswerStart.Events> sink;

	private final List<StreamEvent> events = new ArrayList<>();

	private final Disposable.Swap timer;

	private int held;

	private boolean alive;

	private boolean over;

	private FirstEvent(UpstreamBody body, OutcomeClassifier classifier, Executor turn, Scheduler timers,
			Disposable.Swap timer, MonoSink<AnswerStart.Events> sink) {
		this.body = body;
		this.splitter = new EventSplitter(EventRelay.MAX_EVENT);
		this.classifier = classifier;
		this.turn = turn;
		this.timers = timers;
		this.timer = timer;
		this.sink = sink;
	}

	/**
	 * Waits.
	 * @param body the stream; disposed of if it does not begin well
	 * @param classifier tells what an error event means
	 * @param limit how long to wait for a sign of life
	 * @param turn what the body's readers are called by
	 * @param timers what measures time
	 * @return the beginning, or an error that the outcome can be told from
	 */
	static Mono<AnswerStart.Events> of(UpstreamBody body, OutcomeClassifier classifier, Duration limit, Executor turn,
			Scheduler timers) {
		return Mono.create((sink) -> {
			Disposable.Swap timer = Disposables.swap();
			FirstEvent reader = new FirstEvent(body, classifier, turn, timers, timer,
					sink.onDispose(timer).onCancel(body::dispose));
			reader.after(limit, () -> reader.fail(Outcome.Failed.silence(limit)));
			body.read(reader);
			body.more();
		});
	}

	@Override
	public void bytes(byte[] bytes) {
		this.held += bytes.length;
		List<StreamEvent> fresh = this.splitter.add(bytes);
		this.events.addAll(fresh);
		for (StreamEvent event : fresh) {
			look(event);
			if (this.over) {
				return;
			}
		}
		if (this.held > MAX_HELD) {
			begin(null);
		}
		else {
			this.body.more();
		}
	}

	private void look(StreamEvent event) {
		switch (event.kind()) {
			case LIFE -> {
				if (!this.alive) {
					this.alive = true;
					after(HOLD, () -> begin(null));
				}
			}
			case ERROR -> refused(this.classifier.classifyEvent(event.error()));
			case CONTENT, DONE -> begin(null);
		}
	}

	private void refused(Outcome outcome) {
		// the caller's own errors are for it to read
		if (outcome.type().isAboutRequest()) {
			begin(outcome);
		}
		else {
			fail(outcome);
		}
	}

	private void begin(@Nullable Outcome refusal) {
		if (!this.over) {
			this.over = true;
			this.body.release();
			this.sink.success(new AnswerStart.Events(this.body, this.splitter, this.events, refusal));
		}
	}

	private void fail(Outcome outcome) {
		if (!this.over) {
			this.over = true;
			this.body.dispose();
			this.sink.error(new OutcomeException(outcome));
		}
	}

	private void after(Duration delay, Runnable action) {
		this.timer.update(this.timers.schedule(() -> this.turn.execute(action), delay.toNanos(), TimeUnit.NANOSECONDS));
	}

	@Override
	public void end(@Nullable Throwable error) {
		if (error != null) {
			fail(OutcomeClassifier.classify(error));
		}
		else {
			fail(new Outcome.Failed(Outcome.Failure.CONNECTION, "a stream that ended before its first event", null));
		}
	}

}
