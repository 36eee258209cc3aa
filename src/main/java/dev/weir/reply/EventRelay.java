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
import dev.weir.openai.stream.UsageCut;
import dev.weir.backend.Outcome;
import dev.weir.config.PoolProperties;
import dev.weir.request.RequestContext;
import dev.weir.request.Reservation;
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
 * Relays a stream of events, one event at a time. Only whole events are written, so that
 * an error event can follow if the backend breaks off. An event of more than 64 KB is
 * relayed in pieces, unless the stream can be resumed or a usage is taken out of it: then
 * events are held up to 1 MB, and compared with those of another backend.
 */
public final class EventRelay extends Relay {

	/** The most bytes of an event that is held until it is whole. */
	public static final int MAX_EVENT = 64 * 1024;

	private static final Logger logger = LoggerFactory.getLogger(EventRelay.class);

	private static final byte[] NOTHING = {};

	// how long to wait for the end of the response after its last event
	private static final Duration AT_THE_END = Duration.ofSeconds(1);

	private final PoolProperties settings;

	private final Operation operation;

	private final StreamProgress progress;

	private final List<StreamEvent> first;

	private final @Nullable Resume resume;

	private final @Nullable ObjectRecorder objects;

	private final @Nullable StreamKeepAlive keepAlive;

	// of a client whose tokens are limited
	private final @Nullable Reservation reservation;

	// if Weir has asked for the usage, and not the client
	private @Nullable UsageCut usageCut;

	private EventSplitter splitter;

	// compares the stream of another backend with the first one, if the stream is resumed
	private @Nullable ResumeMatcher matcher;

	// whether the client has an event of the resumed stream
	private boolean resumed;

	private @Nullable Disposable resuming;

	/**
	 * Creates the relay.
	 * @param context the request
	 * @param served the response
	 * @param start the first events
	 * @param resume resumes the stream if it breaks off, or {@code null} if that is not
	 * wanted
	 * @param objects records the stored objects that the events name, or {@code null}
	 */
	EventRelay(RequestContext context, RequestResult.Relayed served, ResponseStart.Events start,
			@Nullable Resume resume, @Nullable ObjectRecorder objects) {
		super(context, served.attempt(), served.outcome(), start.body());
		this.settings = context.pool().properties();
		this.operation = context.call().path().operation();
		this.progress = new StreamProgress(this.operation,
				new OutcomeClassifier(this.settings.cooldown(), AttemptFacts.of(this.operation)));
		this.first = start.events();
		this.resume = resume;
		this.objects = objects;
		this.splitter = start.splitter();
		Reservation reserved = context.reservation();
		this.reservation = (reserved != null && reserved.limitsTokens()) ? reserved : null;
		this.usageCut = usageCut();
		this.keepAlive = StreamKeepAlive.of(this.settings.keepAlive(), context.loop(), context.ticker(),
				this::writeComment);
		limitEvents();
	}

	private @Nullable UsageCut usageCut() {
		return attempt().hasAskedForUsage() ? new UsageCut() : null;
	}

	private void writeComment() {
		if (!isOver() && !this.progress.isInside() && hasDemand()) {
			write(StreamKeepAlive.comment());
		}
	}

	private void limitEvents() {
		boolean whole = (this.resume != null && this.resume.isPossible()) || this.usageCut != null;
		this.splitter.setMaxHeld(whole ? FirstEvent.MAX_HELD : MAX_EVENT);
	}

	@Override
	void start() {
		relayEvents(this.first);
	}

	@Override
	void relay(byte[] bytes) {
		relayEvents(this.splitter.add(bytes));
	}

	private void relayEvents(List<StreamEvent> events) {
		List<StreamEvent> delivered = new ArrayList<>(events.size());
		String divergence = null;
		for (StreamEvent received : events) {
			if (this.reservation != null) {
				this.reservation.onEvent(attempt(), received);
			}
			StreamEvent event = (this.usageCut != null) ? cut(received, this.usageCut) : received;
			if (event == null) {
				continue;
			}
			if (this.resume != null && this.resume.isPossible() && !this.progress.isWhole()
					&& this.progress.isFailure(event)) {
				write(delivered);
				breakOff("it reports an error");
				return;
			}
			ResumeMatcher.Step step = match(event);
			if (step instanceof ResumeMatcher.Diverged diverged) {
				divergence = diverged.reason();
				break;
			}
			StreamEvent fresh = ((ResumeMatcher.Deliver) step).event();
			if (fresh != null) {
				logResumed();
				this.progress.record(fresh);
				if (this.objects != null) {
					this.objects.onEvent(fresh, attempt());
				}
				delivered.add(fresh);
			}
		}
		write(delivered);
		if (this.keepAlive != null && !delivered.isEmpty() && !isOver()) {
			this.keepAlive.restart();
		}
		limitEvents();
		if (divergence != null) {
			onDivergence(divergence);
		}
	}

	private @Nullable StreamEvent cut(StreamEvent received, UsageCut cut) {
		if (received.isWithoutChoices() && received.usage() != null) {
			// the client does not get it, but it shows that the stream is complete
			this.progress.record(received);
		}
		return cut.apply(received);
	}

	private void logResumed() {
		if (this.matcher != null && !this.resumed) {
			this.resumed = true;
			logger.info("The stream continues from {}", attempt().lane().backend());
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

	private ResumeMatcher.Step match(StreamEvent event) {
		if (this.matcher != null) {
			return this.matcher.match(event);
		}
		if (this.resume != null) {
			this.resume.delivered(event);
		}
		return new ResumeMatcher.Deliver(event);
	}

	/** Not a failure of the backend: its response is different, but valid. */
	private void onDivergence(String reason) {
		logger.info("The stream cannot be continued with the response of {}: {}", attempt().lane().backend(), reason);
		attempt().end(new Outcome.Cancelled());
		giveUp();
	}

	@Override
	void finish(boolean clean) {
		byte[] remainder = clean ? this.splitter.remainder() : NOTHING;
		this.progress.recordRemainder(remainder);
		if (this.matcher != null && this.matcher.isRepeating()) {
			onDivergence("it ends early");
			return;
		}
		if (!this.progress.mayEnd()) {
			breakOff("it ended before it was complete");
			return;
		}
		write(remainder);
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
		recordUsage();
	}

	private void recordUsage() {
		Usage usage = this.progress.takeUsage();
		if (usage != null) {
			attempt().recordUsage(usage);
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
		RequestResult.@Nullable Relayed other = result.<RequestResult.@Nullable Relayed>match((relayed) -> relayed,
				(refused) -> null, (exhausted) -> null, (connected) -> null);
		if (!isOver() && this.resume != null && other != null && other.start() instanceof ResponseStart.Events events) {
			// of the attempt that broke off
			recordUsage();
			replace(other);
			this.splitter = events.splitter();
			this.usageCut = usageCut();
			this.matcher = this.resume.begin();
			this.resumed = false;
			relayEvents(events.events());
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
			// the model thinks again, or a tool runs
			return this.settings.responseTimeout();
		}
		// measured from the request, as for any other response
		Duration left = this.settings.responseTimeout().minus(attempt().responseTime());
		return left.isNegative() ? Duration.ZERO : left;
	}

}
