package dev.weir.openai.stream;

import java.nio.charset.StandardCharsets;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

import dev.weir.openai.error.ErrorDetails;

/**
 * One server-sent event, or a piece of one that is too long to be held. The meaning is
 * read on first use; no input makes that fail. Not thread-safe.
 */
public final class StreamEvent {

	private final byte[] bytes;

	private final boolean whole;

	private final boolean end;

	private @Nullable ParsedEvent fields;

	private @Nullable EventMeaning meaning;

	private StreamEvent(byte[] bytes, boolean whole, boolean end) {
		this.bytes = bytes;
		this.whole = whole;
		this.end = end;
	}

	/**
	 * Creates a whole event.
	 * @param bytes the bytes with the blank line that ends the event; not copied
	 * @return the event
	 */
	public static StreamEvent of(byte[] bytes) {
		return new StreamEvent(bytes, true, true);
	}

	static StreamEvent piece(byte[] bytes, boolean end) {
		return new StreamEvent(bytes, false, end);
	}

	/**
	 * Returns the bytes as they arrived.
	 * @return the bytes, not copied; for a whole event with the blank line that ends it
	 */
	public byte[] bytes() {
		return this.bytes;
	}

	/**
	 * Whether this is a whole event and not a piece. A piece counts as content without
	 * data; an {@link EventReducer} finds the meaning of all pieces.
	 * @return whether the event is whole
	 */
	public boolean isWhole() {
		return this.whole;
	}

	/**
	 * Whether the event ends here.
	 * @return {@code true} for a whole event and the last piece of an event
	 */
	public boolean isEnd() {
		return this.end;
	}

	/**
	 * Returns the meaning of the event for its stream.
	 * @return the kind
	 */
	public Kind kind() {
		return this.whole ? meaning().kind() : Kind.CONTENT;
	}

	/**
	 * Returns the type that the event gives.
	 * @return the property {@code type} of the data, else the field {@code event}, or
	 * {@code null} if it has neither
	 */
	public @Nullable String type() {
		return this.whole ? meaning().type() : null;
	}

	/**
	 * Whether a long pause may follow, because the model or a tool at the backend works.
	 * @return whether the event adds a reasoning or tool item, or reports a tool's
	 * progress
	 */
	public boolean mayPrecedePause() {
		return this.whole && meaning().mayPrecedePause();
	}

	/**
	 * Whether this is a chunk that belongs to no choice, such as the one with the usage
	 * at the end.
	 * @return whether the chunk's {@code choices} are empty
	 */
	public boolean isWithoutChoices() {
		return this.whole && meaning().isWithoutChoices();
	}

	/**
	 * Whether a choice of a chunk ends here.
	 * @return whether the event gives the finish reason of a choice
	 */
	public boolean isFinish() {
		boolean[] found = new boolean[1];
		forEachChoice((index, finished) -> found[0] |= finished);
		return found[0];
	}

	/**
	 * Visits the choices of a chunk of a chat or a completion.
	 * @param visitor called for each choice
	 */
	public void forEachChoice(ChoiceVisitor visitor) {
		if (this.whole) {
			meaning().forEachChoice(visitor);
		}
	}

	/**
	 * Returns the reason of an error event.
	 * @return the reason that an {@link Kind#ERROR} event gives;
	 * {@link ErrorDetails#NONE} if it gives none, and for other events
	 */
	public ErrorDetails error() {
		if (kind() != Kind.ERROR) {
			return ErrorDetails.NONE;
		}
		ObjectNode json = toJson();
		String error = (json != null && json.path("response").isObject() && !json.hasNonNull("error"))
				? json.path("response").toString() : data();
		return ErrorDetails.read(error.getBytes(StandardCharsets.UTF_8));
	}

	/**
	 * Returns the token usage that the event reports. A piece reports none; a
	 * {@link UsageReader} finds the usage in all pieces.
	 * @return the usage, or {@code null}
	 */
	public @Nullable Usage usage() {
		return this.whole ? meaning().usage() : null;
	}

	/**
	 * Returns the number that events of the responses API have.
	 * @return the {@code sequence_number}, 0 or more; -1 if there is none
	 */
	public long sequenceNumber() {
		return this.whole ? meaning().sequenceNumber() : -1;
	}

	/**
	 * Returns the data.
	 * @return the {@code data} lines, joined with LF; empty if there are none, and for a
	 * piece
	 */
	public String data() {
		return fields().data();
	}

	/**
	 * Whether the event has data. A piece has none.
	 * @return whether a {@code data} line is not empty
	 */
	public boolean hasData() {
		return fields().hasData();
	}

	/**
	 * Returns the data as a JSON tree.
	 * @return a new tree, or {@code null} if the data is not a JSON object
	 */
	public @Nullable ObjectNode toJson() {
		return EventJson.read(fields());
	}

	/**
	 * Returns an event with the same {@code event} field and other data.
	 * @param data the data of the new event
	 * @return a whole event
	 */
	public StreamEvent withJson(ObjectNode data) {
		return EventJson.write(data, fields().event());
	}

	private ParsedEvent fields() {
		if (this.fields == null) {
			this.fields = this.whole ? ParsedEvent.of(this.bytes) : new ParsedEvent(null, this.bytes, 0, 0);
		}
		return this.fields;
	}

	private EventMeaning meaning() {
		if (this.meaning == null) {
			this.meaning = EventMeaning.of(fields());
		}
		return this.meaning;
	}

	/** Receives the choices of an event. */
	@FunctionalInterface
	public interface ChoiceVisitor {

		/**
		 * Visits a choice.
		 * @param index the choice's index, 0 or more
		 * @param finished whether the event gives the choice's finish reason
		 */
		void visit(int index, boolean finished);

	}

	/** The meaning of an event for its stream. */
	public enum Kind {

		/**
		 * Shows that the backend is alive: a comment, a ping, an event without data, a
		 * chunk without choices or with empty deltas only, the start of a response or of
		 * an item without content.
		 */
		NO_CONTENT,

		/** The backend failed. */
		ERROR,

		/** {@code [DONE]}: the stream is complete. */
		DONE,

		/** Everything else, including unknown events. */
		CONTENT

	}

}
