package dev.weir.response;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

import dev.weir.openai.stream.EventSplitter;
import dev.weir.openai.stream.StreamEvent;
import dev.weir.backend.Outcome;
import dev.weir.backend.OutcomeException;
import dev.weir.backend.TimeLimit;
import dev.weir.memory.BufferBudget;
import dev.weir.request.RequestLoop;
import dev.weir.classify.OutcomeClassifier;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/**
 * Waits for the first content of a stream. If an error, a break or silence comes instead,
 * the request can go to another backend without the client noticing. Signs of life
 * ({@link StreamEvent.Kind#NO_CONTENT}) end the wait for the first event, because a
 * reasoning model may think for minutes after them. They are held back for some time, in
 * case an error follows.
 */
public final class FirstEvent implements BodyReader {

	/**
	 * The most bytes that are held back. The event {@code response.created} repeats
	 * instructions and tools.
	 */
	public static final int MAX_HELD = 1024 * 1024;

	private final ResponseBody body;

	private final EventSplitter splitter;

	private final OutcomeClassifier classifier;

	private final Limits limits;

	private final BufferBudget.Share share;

	private final RequestLoop loop;

	private final MonoSink<ResponseStart.Events> sink;

	private final List<StreamEvent> events = new ArrayList<>();

	private final Disposable.Swap timer = Disposables.swap();

	private int held;

	private boolean alive;

	private boolean over;

	private FirstEvent(ResponseBody body, OutcomeClassifier classifier, Limits limits, BufferBudget.Share share,
			RequestLoop loop, MonoSink<ResponseStart.Events> sink) {
		this.body = body;
		this.splitter = new EventSplitter(MAX_HELD);
		this.classifier = classifier;
		this.limits = limits;
		this.share = share;
		this.loop = loop;
		this.sink = sink.onDispose(Disposables.composite(this.timer, share::close)).onCancel(body::dispose);
	}

	/**
	 * Waits for the first content.
	 * @param body the stream; disposed of if an error or nothing comes
	 * @param classifier classifies an error event
	 * @param limits how long to wait
	 * @param share counts the bytes that are held back; if it cannot grow, they are
	 * relayed at once
	 * @param loop the loop of the request
	 * @return the beginning, or an error that can be classified
	 */
	static Mono<ResponseStart.Events> of(ResponseBody body, OutcomeClassifier classifier, Limits limits,
			BufferBudget.Share share, RequestLoop loop) {
		return Mono.create((sink) -> {
			FirstEvent reader = new FirstEvent(body, classifier, limits, share, loop, sink);
			reader.after(limits.leftForFirstEvent(), reader::onFirstEventTimeout);
			body.read(reader);
			body.more();
		});
	}

	private void onFirstEventTimeout() {
		if (this.limits.canTryAnotherLane().getAsBoolean()) {
			fail(Outcome.Failed.silence(this.limits.firstEvent()));
			return;
		}
		// no other lane can be tried, so this one has as long as for any other response
		after(this.limits.leftForResponse().minus(this.limits.leftForFirstEvent()),
				() -> fail(Outcome.Failed.silence(this.limits.response())));
	}

	@Override
	public void onBytes(byte[] bytes) {
		this.held += bytes.length;
		boolean room = this.share.grow(bytes.length);
		List<StreamEvent> fresh = this.splitter.add(bytes);
		this.events.addAll(fresh);
		for (StreamEvent event : fresh) {
			inspect(event);
			if (this.over) {
				return;
			}
		}
		if (!room || this.held > MAX_HELD) {
			begin(null);
		}
		else {
			this.body.more();
		}
	}

	private void inspect(StreamEvent event) {
		switch (event.kind()) {
			case NO_CONTENT -> {
				if (!this.alive) {
					this.alive = true;
					after(this.limits.hold(), () -> begin(null));
				}
			}
			case ERROR -> refused(this.classifier.classifyEvent(event.error()));
			case CONTENT, DONE -> begin(null);
		}
	}

	private void refused(Outcome outcome) {
		// the client gets an error that is about its request
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
			this.sink.success(new ResponseStart.Events(this.body, this.splitter, this.events, refusal));
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
		this.timer.update(this.loop.schedule(action, delay));
	}

	@Override
	public void onEnd(@Nullable Throwable error) {
		if (error != null) {
			fail(OutcomeClassifier.classify(error));
		}
		else {
			fail(new Outcome.Failed(Outcome.Failure.CONNECTION, "a stream that ended before its first event", null));
		}
	}

	/**
	 * How long a stream may take to begin.
	 *
	 * @param firstEvent the limit for the first event if another lane can be tried
	 * @param leftForFirstEvent its remaining time
	 * @param response the limit if no other lane can be tried
	 * @param leftForResponse its remaining time
	 * @param hold how long signs of life are held back
	 * @param canTryAnotherLane whether another lane can be tried now
	 */
	record Limits(TimeLimit firstEvent, Duration leftForFirstEvent, TimeLimit response, Duration leftForResponse,
			Duration hold, BooleanSupplier canTryAnotherLane) {
	}

}
