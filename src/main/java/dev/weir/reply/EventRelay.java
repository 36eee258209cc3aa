package dev.weir.reply;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import dev.weir.openai.error.ApiError;
import dev.weir.openai.resume.ResumeMatcher;
import dev.weir.openai.stream.EventSplitter;
import dev.weir.openai.call.Operation;
import dev.weir.openai.stream.StreamEvent;
import dev.weir.openai.stream.Usage;
import dev.weir.backend.Outcome;
import dev.weir.config.PoolProperties;
import dev.weir.request.RequestContext;
import dev.weir.openai.stream.ErrorEvent;
import dev.weir.classify.AttemptFacts;
import dev.weir.classify.OutcomeClassifier;
import dev.weir.response.ResponseStart;
import dev.weir.response.FirstEvent;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;

/**
 * Relays a stream of events, event by event, as they come. Only whole events are written,
 * so that an explicit error can follow where the backend breaks off; one of more than 64
 * KB passes in pieces, unless the stream can be resumed: then events are compared with
 * what another backend sends, and are whole up to 1 MB.
 */
public final class EventRelay extends Relay {

	/** The most bytes of an event that is held until it is whole. */
	public static final int MAX_EVENT = 64 * 1024;

	private static final Logger logger = LoggerFactory.getLogger(EventRelay.class);

	private static final byte[] NOTHING = {};

	// for the end of the connection, once there is nothing more to say
	private static final Duration AT_THE_END = Duration.ofSeconds(1);

	private final PoolProperties settings;

	private final Operation operation;

	private final StreamProgress progress;

	private final List<StreamEvent> first;

	private final @Nullable Resume resume;

	private final @Nullable StreamKeepAlive keepAlive;

	private EventSplitter splitter;

	// what compares a stream that the answer goes on with, once there is one
	private @Nullable ResumeMatcher continuation;

	// whether the client has got something of the stream it goes on with
	private boolean goesOn;

	private @Nullable Disposable resuming;

	/**
	 * Prepares.
	 * @param context the request
	 * @param served the response
	 * @param start how it begins
	 * @param resume how the stream is continued if it breaks off, or {@code null} if it
	 * is not
	 */
	EventRelay(RequestContext context, RequestResult.Served served, ResponseStart.Events start,
			@Nullable Resume resume) {
		super(context, served.attempt(), served.outcome(), start.body());
		this.settings = context.pool().properties();
		this.operation = context.call().path().operation();
		this.progress = new StreamProgress(this.operation,
				new OutcomeClassifier(this.settings.cooldown(), AttemptFacts.of(this.operation)));
		this.first = start.events();
		this.resume = resume;
		this.splitter = start.splitter();
		this.keepAlive = StreamKeepAlive.of(this.settings.keepAlive(), context.loop(), context.ticker(),
				this::writeComment);
		limitEvents();
	}

	private void writeComment() {
		if (!isOver() && !this.progress.isInside() && isWanted()) {
			write(StreamKeepAlive.comment());
		}
	}

	private void limitEvents() {
		boolean resumable = this.resume != null && this.resume.isPossible();
		this.splitter.setMaxHeld(resumable ? FirstEvent.MAX_HELD : MAX_EVENT);
	}

	@Override
	void start() {
		pass(this.first);
	}

	@Override
	void relay(byte[] bytes) {
		pass(this.splitter.add(bytes));
	}

	private void pass(List<StreamEvent> events) {
		List<StreamEvent> delivered = new ArrayList<>(events.size());
		String differs = null;
		for (StreamEvent event : events) {
			if (this.resume != null && this.resume.isPossible() && !this.progress.isWhole()
					&& this.progress.isFailure(event)) {
				write(delivered);
				breakOff("it reports an error");
				return;
			}
			ResumeMatcher.Step step = compared(event);
			if (step instanceof ResumeMatcher.Diverged diverged) {
				differs = diverged.reason();
				break;
			}
			StreamEvent news = ((ResumeMatcher.Deliver) step).event();
			if (news != null) {
				announce();
				this.progress.note(news);
				delivered.add(news);
			}
		}
		write(delivered);
		if (this.keepAlive != null && !delivered.isEmpty() && !isOver()) {
			this.keepAlive.restart();
		}
		limitEvents();
		if (differs != null) {
			differs(differs);
		}
	}

	private void announce() {
		if (this.continuation != null && !this.goesOn) {
			this.goesOn = true;
			logger.info("The stream goes on from {}", attempt().lane().backend());
		}
	}

	private void write(List<StreamEvent> events) {
		if (events.size() == 1) {
			write(events.get(0).bytes());
			return;
		}
		ByteArrayOutputStream all = new ByteArrayOutputStream();
		events.forEach((event) -> all.writeBytes(event.bytes()));
		write(all.toByteArray());
	}

	private ResumeMatcher.Step compared(StreamEvent event) {
		if (this.continuation != null) {
			return this.continuation.match(event);
		}
		if (this.resume != null) {
			this.resume.delivered(event);
		}
		return new ResumeMatcher.Deliver(event);
	}

	/** Not a failure of the backend: its response only is not the same. */
	private void differs(String reason) {
		logger.info("The stream cannot be continued with the response of {}: {}", attempt().lane().backend(), reason);
		attempt().end(new Outcome.Cancelled());
		giveUp();
	}

	@Override
	void finish(boolean clean) {
		byte[] rest = clean ? this.splitter.remainder() : NOTHING;
		this.progress.noteRest(rest);
		if (this.continuation != null && this.continuation.isRepeating()) {
			differs("it ends early");
			return;
		}
		if (!this.progress.mayEnd()) {
			breakOff("it ended before it was complete");
			return;
		}
		write(rest);
		if (this.progress.isFailed()) {
			attempt().end(new Outcome.Broken());
		}
		complete();
	}

	@Override
	boolean isReading() {
		return this.resuming == null;
	}

	@Override
	void onStop() {
		if (this.keepAlive != null) {
			this.keepAlive.stop();
		}
		if (this.resuming != null) {
			this.resuming.dispose();
		}
		Usage usage = this.progress.usage();
		if (usage != null) {
			attempt().recordUsage(usage.inputTokens(), usage.outputTokens());
		}
	}

	@Override
	void onBreak() {
		if (this.resume == null || !this.resume.isPossible()) {
			giveUp();
			return;
		}
		Disposable.Swap again = Disposables.swap();
		this.resuming = again;
		again.update(this.resume.again()
			.switchIfEmpty(Mono.error(() -> new IllegalStateException("There is no other lane")))
			.subscribe(this::onResumed, (ex) -> giveUp()));
	}

	private void onResumed(RequestResult result) {
		this.resuming = null;
		if (!isOver() && this.resume != null && result instanceof RequestResult.Served served
				&& served.start() instanceof ResponseStart.Events events) {
			replace(served);
			this.splitter = events.splitter();
			this.continuation = this.resume.begin();
			this.goesOn = false;
			pass(events.events());
			readOn();
		}
		else {
			result.discard();
			giveUp();
		}
	}

	private void giveUp() {
		if (!this.progress.isInside() && !this.progress.isFailed()) {
			ApiError error = new ApiError(502, "The backend's response broke off.", "server_error", null,
					"stream_interrupted");
			write(ErrorEvent.of(error, this.operation, this.progress.last()));
		}
		abort();
	}

	@Override
	boolean isComplete(long bytes) {
		return this.progress.isWhole();
	}

	@Override
	Duration patience() {
		if (this.progress.isOver()) {
			return AT_THE_END;
		}
		if (!this.progress.isThinking()) {
			return this.settings.streamIdleTimeout();
		}
		if (this.progress.hasBegun()) {
			// the model has gone back to thinking, or a tool runs
			return this.settings.responseTimeout();
		}
		// from the request on, as for any other response
		Duration left = this.settings.responseTimeout().minus(attempt().age());
		return left.isNegative() ? Duration.ZERO : left;
	}

}
