package dev.weir.failover;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

import dev.weir.api.Operation;
import dev.weir.api.StreamEvent;
import dev.weir.api.Usage;
import dev.weir.api.UsageReader;
import org.jspecify.annotations.Nullable;

/**
 * How far a client is with a stream: what the events it got say of the whole.
 */
final class StreamProgress {

	// of a choice that is over; of one that is not it is null
	private static final Pattern FINISHED = Pattern.compile("\"finish_reason\"\\s*:\\s*\"");

	private final Operation operation;

	private final OutcomeClassifier classifier;

	private @Nullable StreamEvent last;

	private @Nullable StreamEvent lastContent;

	private @Nullable Usage usage;

	// reads an event that passes in pieces
	private @Nullable UsageReader pieces;

	private boolean inside;

	private boolean done;

	private boolean failed;

	private boolean refused;

	StreamProgress(Operation operation, OutcomeClassifier classifier) {
		this.operation = operation;
		this.classifier = classifier;
	}

	/**
	 * Notes what the client gets.
	 * @param event the event
	 */
	void note(StreamEvent event) {
		this.inside = !event.ends();
		if (!event.whole()) {
			notePiece(event);
			return;
		}
		StreamEvent.Kind kind = event.kind();
		if (kind != StreamEvent.Kind.LIFE || event.sequenceNumber() >= 0) {
			this.last = event;
		}
		if (kind == StreamEvent.Kind.CONTENT) {
			this.lastContent = event;
		}
		else if (kind == StreamEvent.Kind.DONE) {
			this.done = true;
		}
		else if (kind == StreamEvent.Kind.ERROR) {
			this.failed = isFailure(event);
			this.refused = !this.failed;
		}
		Usage found = event.usage();
		this.usage = (found != null) ? found : this.usage;
	}

	/**
	 * Whether an event says that its backend failed.
	 * @param event the event
	 * @return whether it is an error, and not one of the caller's own
	 */
	boolean isFailure(StreamEvent event) {
		if (event.kind() != StreamEvent.Kind.ERROR) {
			return false;
		}
		return !this.classifier.classifyEvent(event.error()).type().isAboutRequest();
	}

	/** A response that is completed repeats all of the answer, and may be long. */
	private void notePiece(StreamEvent piece) {
		this.lastContent = piece;
		this.pieces = (this.pieces != null) ? this.pieces : new UsageReader();
		this.pieces.add(piece.bytes());
		if (piece.ends()) {
			Usage found = this.pieces.usage();
			this.usage = (found != null) ? found : this.usage;
			this.pieces = null;
		}
	}

	/**
	 * Notes what is left at the end of a stream: some servers leave out the last blank
	 * line.
	 * @param rest the bytes
	 */
	void noteRest(byte[] rest) {
		if (new String(rest, StandardCharsets.UTF_8).strip().equals("data: [DONE]")) {
			this.done = true;
		}
	}

	/**
	 * Whether it has begun to say what it is about, and is no longer just alive.
	 * @return whether there was an event with content, or an error
	 */
	boolean hasBegun() {
		return this.lastContent != null || this.failed || this.refused;
	}

	/**
	 * Whether the client has all there is to come.
	 * @return whether the last event of the stream has passed
	 */
	boolean isComplete() {
		return this.done || (this.operation == Operation.RESPONSES && this.usage != null);
	}

	/**
	 * Whether the stream may end here and is whole. A connection that is closed where its
	 * end is the end of the answer, or by a proxy in between, may look the same after a
	 * break.
	 * @return whether something says that it is complete
	 */
	boolean mayEnd() {
		return switch (this.operation) {
			case CHAT_COMPLETIONS, COMPLETIONS ->
				isComplete() || this.usage != null || this.failed || this.refused || isFinished();
			case RESPONSES -> isComplete() || this.failed || this.refused || isTerminal();
			default -> hasBegun() || this.done;
		};
	}

	private boolean isFinished() {
		return this.lastContent != null
				&& FINISHED.matcher(new String(this.lastContent.bytes(), StandardCharsets.UTF_8)).find();
	}

	private boolean isTerminal() {
		String event = (this.lastContent != null && this.lastContent.whole()) ? this.lastContent.data() : "";
		return event.contains("\"response.completed\"") || event.contains("\"response.incomplete\"");
	}

	/**
	 * Whether the backend itself has reported that it failed.
	 * @return whether an error event has passed that is not the caller's own
	 */
	boolean isFailed() {
		return this.failed;
	}

	/**
	 * Whether a part of an event has passed whose end has not: nothing can be put behind
	 * it.
	 * @return whether the client is inside an event
	 */
	boolean isInside() {
		return this.inside;
	}

	/**
	 * The last event with data.
	 * @return the event, or {@code null} if there was none
	 */
	@Nullable StreamEvent last() {
		return this.last;
	}

	/**
	 * The tokens that the stream says were used.
	 * @return the usage, or {@code null} if it has not said
	 */
	@Nullable Usage usage() {
		return this.usage;
	}

}
