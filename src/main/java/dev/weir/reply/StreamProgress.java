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
 * The progress of a stream, from the events that the client has. Whether a stream is
 * complete depends on the end that its protocol defines, not on a usage that it reports
 * on the way.
 */
final class StreamProgress {

	/** More than a request may ask for. */
	private static final int MAX_CHOICES = 1024;

	private static final Set<String> LAST_OF_RESPONSES = Set.of("response.completed", "response.incomplete",
			"response.failed", "response.cancelled");

	/** The last events of audio and images in OpenAI's API specification. */
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

	/** Reads an event that is relayed in pieces. */
	private @Nullable EventReducer reducer;

	private boolean inside;

	private boolean begun;

	private boolean thinking;

	private boolean done;

	private boolean terminal;

	/** Whether there was a part of audio or an image without its last event. */
	private boolean unfinished;

	/** Whether a chunk with usage and without choices came after all others. */
	private boolean closed;

	private boolean failed;

	private boolean refused;

	StreamProgress(Operation operation, OutcomeClassifier classifier) {
		this.operation = operation;
		this.classifier = classifier;
	}

	/**
	 * Records an event that the client gets.
	 * @param event the event
	 */
	void record(StreamEvent event) {
		this.inside = !event.isEnd();
		if (event.isWhole()) {
			read(event);
			return;
		}
		EventReducer pieces = (this.reducer != null) ? this.reducer : new EventReducer();
		pieces.add(event.bytes());
		this.reducer = this.inside ? pieces : null;
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
				// an error after the end of the stream is ignored
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
			// a choice continues after that usage
			this.closed &= this.finishedChoices.get(bit);
			this.begunChoices.set(bit);
			// several choices share the last bit, so it never counts as finished
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
	 * Whether an event reports a failure of the backend.
	 * @param event the event
	 * @return whether it is an error, and not one of the client
	 */
	boolean isFailure(StreamEvent event) {
		if (event.kind() != StreamEvent.Kind.ERROR) {
			return false;
		}
		return !this.classifier.classifyEvent(event.error()).type().isAboutRequest();
	}

	/**
	 * Records the remaining bytes at the end of a stream: some servers omit the last
	 * blank line.
	 * @param remainder the bytes
	 */
	void recordRemainder(byte[] remainder) {
		if (new String(remainder, StandardCharsets.UTF_8).strip().equals("data: [DONE]")) {
			this.done = true;
		}
	}

	/**
	 * Whether it has begun, and not only sent signs of life.
	 * @return whether there was an event with content, or an error
	 */
	boolean hasBegun() {
		return this.begun || this.inside || this.failed || this.refused;
	}

	/**
	 * Whether the model or a tool of the backend is working, and may be silent for long.
	 * @return whether there is no content yet, or the last event reports that one of them
	 * works
	 */
	boolean isThinking() {
		return !hasBegun() || (this.thinking && !this.inside);
	}

	/**
	 * Whether the stream is complete by its events. The end of the connection does not
	 * prove it: a proxy may close a connection the same way after a break.
	 * @return whether its events prove that it is complete
	 */
	boolean isWhole() {
		return isOver() || switch (this.operation) {
			case CHAT_COMPLETIONS, COMPLETIONS -> this.closed || isFinished();
			case RESPONSES -> false;
			default -> isFinished() || (this.begunChoices.isEmpty() && this.begun && !this.unfinished && !this.inside);
		};
	}

	/**
	 * Whether the client has the last event of the stream.
	 * @return whether no more events follow
	 */
	boolean isOver() {
		return this.done || (this.closed && isFinished()) || (this.operation == Operation.RESPONSES && this.terminal);
	}

	private boolean isFinished() {
		return !this.begunChoices.isEmpty() && this.begunChoices.equals(this.finishedChoices);
	}

	/**
	 * Whether the stream may end here.
	 * @return whether it is complete, or ended with an error that the backend has
	 * reported
	 */
	boolean mayEnd() {
		return isWhole() || this.failed || this.refused;
	}

	/**
	 * Whether the backend has reported that it failed.
	 * @return whether the client has an error event that is not about its request
	 */
	boolean isFailed() {
		return this.failed;
	}

	/**
	 * Whether the client has only a part of the last event. Then no other event can
	 * follow it.
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
	 * The usage that the stream has reported since the last call: each attempt of a
	 * stream that is resumed reports a separate one.
	 * @return the usage, or {@code null} if there is none
	 */
	@Nullable Usage takeUsage() {
		Usage taken = this.usage;
		this.usage = null;
		return taken;
	}

}
