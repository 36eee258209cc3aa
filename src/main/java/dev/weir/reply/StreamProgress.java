package dev.weir.reply;

import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.call.Operation;
import dev.weir.openai.stream.EventReducer;
import dev.weir.openai.stream.StreamEvent;
import dev.weir.openai.stream.Usage;
import dev.weir.classify.OutcomeClassifier;

/**
 * How far a client is with a stream: what the events it got say of the whole. A stream is
 * whole by what its protocol says of its end; what usage it reports on the way says
 * nothing.
 */
final class StreamProgress {

	/** More than the API allows to ask for. */
	private static final int MAX_CHOICES = 1024;

	private static final Set<String> LAST_OF_RESPONSES = Set.of("response.completed", "response.incomplete",
			"response.failed", "response.cancelled");

	/** By OpenAI's API specification, of audio and images. */
	private static final Set<String> LAST_OF_MEDIA = Set.of("transcript.text.done", "speech.audio.done",
			"image_generation.completed", "image_edit.completed");

	private static final Set<String> PART_OF_MEDIA = Set.of("transcript.text.delta", "speech.audio.delta",
			"image_generation.partial_image", "image_edit.partial_image");

	private final Operation operation;

	private final OutcomeClassifier classifier;

	private final BitSet begunChoices = new BitSet();

	private final BitSet finishedChoices = new BitSet();

	private @Nullable StreamEvent last;

	private @Nullable Usage usage;

	/** Reads an event that passes in pieces. */
	private @Nullable EventReducer digest;

	private boolean inside;

	private boolean begun;

	private boolean thinking;

	private boolean done;

	private boolean terminal;

	/** Whether there was a part of media whose last event has not come. */
	private boolean unfinished;

	/** Whether a chunk with the usage and without choices came behind all others. */
	private boolean closed;

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
		this.inside = !event.isEnd();
		if (event.isWhole()) {
			read(event);
			return;
		}
		EventReducer pieces = (this.digest != null) ? this.digest : new EventReducer();
		pieces.add(event.bytes());
		this.digest = this.inside ? pieces : null;
		StreamEvent all = this.inside ? null : pieces.toEvent();
		if (all != null) {
			read(all);
		}
		else if (!this.inside) {
			this.begun = true;
		}
	}

	private void read(StreamEvent event) {
		StreamEvent.Kind kind = event.kind();
		if (kind != StreamEvent.Kind.NO_CONTENT || event.sequenceNumber() >= 0) {
			this.last = event;
		}
		switch (kind) {
			case NO_CONTENT -> this.thinking |= event.mayPrecedePause();
			case CONTENT -> {
				this.begun = true;
				this.thinking = false;
			}
			case DONE -> this.done = true;
			case ERROR -> {
				// behind the end it revokes nothing
				this.failed = !isWhole() && isFailure(event);
				this.refused = !this.failed;
			}
		}
		Usage found = event.usage();
		this.usage = (found != null) ? found : this.usage;
		readEnd(event, found != null);
	}

	private void readEnd(StreamEvent event, boolean withUsage) {
		event.forEachChoice((index, finished) -> {
			int bit = Math.min(index, MAX_CHOICES);
			// more of an answer was to come behind that usage
			this.closed &= this.finishedChoices.get(bit);
			this.begunChoices.set(bit);
			// several share the last one, so that it never counts as finished
			this.finishedChoices.set(bit, bit < MAX_CHOICES && (finished || this.finishedChoices.get(bit)));
		});
		this.closed |= withUsage && event.isWithoutChoices() && !this.begunChoices.isEmpty();
		String type = event.type();
		if (type != null) {
			this.terminal |= LAST_OF_RESPONSES.contains(type);
			this.unfinished = PART_OF_MEDIA.contains(type) || (this.unfinished && !LAST_OF_MEDIA.contains(type));
		}
	}

	/**
	 * Whether an event says that its backend failed.
	 * @param event the event
	 * @return whether it is an error, and not one of the client's own
	 */
	boolean isFailure(StreamEvent event) {
		if (event.kind() != StreamEvent.Kind.ERROR) {
			return false;
		}
		return !this.classifier.classifyEvent(event.error()).type().isAboutRequest();
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
		return this.begun || this.inside || this.failed || this.refused;
	}

	/**
	 * Whether the model, or a tool at the backend, may be silent for as long as it needs.
	 * @return whether nothing has been said yet, or the last that was said is that one of
	 * them is at work
	 */
	boolean isThinking() {
		return !hasBegun() || (this.thinking && !this.inside);
	}

	/**
	 * Whether the stream is whole, whatever becomes of its connection. A connection that
	 * is closed where its end is the end of the answer, or by a proxy in between, may
	 * look the same after a break.
	 * @return whether something says that it is complete
	 */
	boolean isWhole() {
		return isOver() || switch (this.operation) {
			case CHAT_COMPLETIONS, COMPLETIONS -> this.closed || isFinished();
			case RESPONSES -> false;
			default -> isFinished() || (this.begunChoices.isEmpty() && this.begun && !this.unfinished && !this.inside);
		};
	}

	/**
	 * Whether nothing comes behind what the client has.
	 * @return whether the last event of the stream has passed
	 */
	boolean isOver() {
		return this.done || (this.closed && isFinished()) || (this.operation == Operation.RESPONSES && this.terminal);
	}

	private boolean isFinished() {
		return !this.begunChoices.isEmpty() && this.begunChoices.equals(this.finishedChoices);
	}

	/**
	 * Whether the stream may end here.
	 * @return whether it is whole, or ended with an error that the backend has reported
	 */
	boolean mayEnd() {
		return isWhole() || this.failed || this.refused;
	}

	/**
	 * Whether the backend itself has reported that it failed.
	 * @return whether an error event has passed that is not the client's own
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
