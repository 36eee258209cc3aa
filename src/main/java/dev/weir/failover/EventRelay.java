package dev.weir.failover;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.List;

import dev.weir.api.ApiError;
import dev.weir.api.Continuation;
import dev.weir.api.EventSplitter;
import dev.weir.api.Operation;
import dev.weir.api.StreamEvent;
import dev.weir.api.Usage;
import dev.weir.api.UsageReader;
import dev.weir.backend.Outcome;
import dev.weir.config.PoolProperties;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/**
 * Brings a stream of events to the client, event by event, as they come. Only whole
 * events are written, so that an explicit error can follow where the backend breaks off;
 * one that is too long to be held passes in pieces.
 */
final class EventRelay extends Relay {

	/** The most bytes of an event that is held until it is whole. */
	static final int MAX_EVENT = 64 * 1024;

	private static final Logger logger = LoggerFactory.getLogger(EventRelay.class);

	private final PoolProperties settings;

	private final Operation operation;

	private final List<StreamEvent> first;

	private final @Nullable Resume resume;

	private EventSplitter splitter;

	// what compares a stream that the answer goes on with, once there is one
	private @Nullable Continuation continuation;

	private @Nullable Disposable resuming;

	private @Nullable StreamEvent last;

	private @Nullable Usage usage;

	// reads an event that passes in pieces
	private @Nullable UsageReader pieces;

	private boolean begun;

	private boolean done;

	/**
	 * Prepares.
	 * @param answering the answer
	 * @param start how it begins
	 * @param operation what it is the answer to
	 * @param settings how long it may be silent
	 * @param resume how it is gone on with if it breaks off, or {@code null} if it is not
	 * @param timing what time is told by
	 * @param turn what is run by
	 */
	EventRelay(Ending.Answering answering, AnswerStart.Events start, Operation operation, PoolProperties settings,
			@Nullable Resume resume, Timing timing, SerialExecutor turn) {
		super(answering, timing, turn);
		this.settings = settings;
		this.operation = operation;
		this.first = start.events();
		this.resume = resume;
		this.splitter = start.splitter();
	}

	@Override
	void start() {
		pass(this.first);
	}

	@Override
	void take(byte[] bytes) {
		pass(this.splitter.add(bytes));
	}

	private void pass(List<StreamEvent> events) {
		if (events.size() == 1 && this.resume == null) {
			note(events.get(0));
			write(events.get(0).bytes());
			return;
		}
		ByteArrayOutputStream all = new ByteArrayOutputStream();
		for (StreamEvent event : events) {
			if (this.resume != null && this.resume.isPossible() && event.kind() == StreamEvent.Kind.ERROR) {
				write(all.toByteArray());
				broken("it reports an error");
				return;
			}
			Continuation.Step step = compared(event);
			if (step instanceof Continuation.Diverged diverged) {
				write(all.toByteArray());
				differs(diverged.reason());
				return;
			}
			StreamEvent delivered = ((Continuation.Deliver) step).event();
			if (delivered != null) {
				note(delivered);
				all.writeBytes(delivered.bytes());
			}
		}
		write(all.toByteArray());
	}

	private Continuation.Step compared(StreamEvent event) {
		if (this.continuation != null) {
			return this.continuation.add(event);
		}
		if (this.resume != null) {
			this.resume.delivered(event);
		}
		return new Continuation.Deliver(event);
	}

	/** The backend did nothing wrong; its answer is just not the same. */
	private void differs(String reason) {
		logger.info("The stream cannot go on with what {} says: {}", attempt().lane().backend(), reason);
		attempt().end(new Outcome.Cancelled());
		giveUp();
	}

	private void note(StreamEvent event) {
		if (!event.whole()) {
			notePiece(event);
			return;
		}
		if (event.kind() != StreamEvent.Kind.LIFE || event.sequenceNumber() >= 0) {
			this.last = event;
		}
		switch (event.kind()) {
			case CONTENT, ERROR -> this.begun = true;
			case DONE -> this.done = true;
			case LIFE -> {
				// says nothing yet
			}
		}
		Usage found = event.usage();
		this.usage = (found != null) ? found : this.usage;
	}

	/** A response that is completed repeats all of the answer, and may be long. */
	private void notePiece(StreamEvent piece) {
		this.begun = true;
		this.pieces = (this.pieces != null) ? this.pieces : new UsageReader();
		this.pieces.add(piece.bytes());
		if (piece.ends()) {
			Usage found = this.pieces.usage();
			this.usage = (found != null) ? found : this.usage;
			this.pieces = null;
		}
	}

	@Override
	void finish() {
		if (!this.begun && !this.done) {
			broken("it ended before its first event");
			return;
		}
		if (this.continuation != null && this.continuation.repeating()) {
			differs("it ends early");
			return;
		}
		write(this.splitter.rest());
		complete();
	}

	@Override
	boolean isReading() {
		return this.resuming == null;
	}

	@Override
	void stopped() {
		if (this.resuming != null) {
			this.resuming.dispose();
		}
		if (this.usage != null) {
			attempt().used(this.usage.inputTokens(), this.usage.outputTokens());
		}
	}

	@Override
	void breakOff() {
		if (this.resume == null || !this.resume.isPossible()) {
			giveUp();
			return;
		}
		this.resuming = this.resume.again()
			.switchIfEmpty(Mono.error(() -> new IllegalStateException("There is no other lane")))
			.subscribe((ending) -> turn().execute(() -> resumed(ending)), (ex) -> turn().execute(this::giveUp));
	}

	private void resumed(Ending ending) {
		this.resuming = null;
		if (!isOver() && this.resume != null && ending instanceof Ending.Answering answering
				&& answering.start() instanceof AnswerStart.Events events) {
			logger.info("The stream goes on from {}", answering.attempt().lane().backend());
			replace(answering);
			this.splitter = events.splitter();
			this.continuation = this.resume.begin();
			pass(events.events());
			readOn();
		}
		else {
			ending.discard();
			giveUp();
		}
	}

	private void giveUp() {
		if (!this.splitter.midEvent()) {
			ApiError error = new ApiError(502, "The backend's answer broke off.", "server_error", null,
					"stream_interrupted");
			write(error.toEvent(this.operation, this.last));
		}
		abort();
	}

	@Override
	boolean isComplete(long bytes) {
		return this.done || (this.operation == Operation.RESPONSES && this.usage != null);
	}

	@Override
	Duration patience() {
		// signs of life: the model thinks, and may do so as long as in any other answer
		return this.begun ? this.settings.streamIdleTimeout() : this.settings.responseTimeout();
	}

}
