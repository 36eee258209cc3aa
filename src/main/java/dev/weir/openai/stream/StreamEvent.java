package dev.weir.openai.stream;

import java.util.Arrays;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

import dev.weir.openai.error.ErrorDetails;

/**
 * One server-sent event, or a piece of one that is too long to be held. What it means is
 * worked out when it is asked for; no input makes that fail. Not thread-safe.
 */
public final class StreamEvent {

	private static final byte[] USAGE = { '"', 'u', 's', 'a', 'g', 'e', '"' };

	private final byte[] bytes;

	private final boolean whole;

	private final boolean ends;

	private @Nullable EventFields fields;

	private @Nullable EventMeaning meaning;

	private StreamEvent(byte[] bytes, boolean whole, boolean ends) {
		this.bytes = bytes;
		this.whole = whole;
		this.ends = ends;
	}

	/**
	 * Makes a whole event.
	 * @param bytes its bytes with the blank line that ends it; not copied
	 * @return the event
	 */
	public static StreamEvent of(byte[] bytes) {
		return new StreamEvent(bytes, true, true);
	}

	static StreamEvent piece(byte[] bytes, boolean ends) {
		return new StreamEvent(bytes, false, ends);
	}

	/**
	 * Returns the bytes as they came.
	 * @return the bytes, not copied; of a whole event with the blank line that ends it
	 */
	public byte[] bytes() {
		return this.bytes;
	}

	/**
	 * Whether this is all of an event. If not, nothing is known about it: it is content,
	 * without data; an {@link EventReducer} of all pieces tells.
	 * @return whether it is no piece
	 */
	public boolean isWhole() {
		return this.whole;
	}

	/**
	 * Whether the event ends here.
	 * @return {@code true} for a whole event and the last piece of an overlong one
	 */
	public boolean isEnd() {
		return this.ends;
	}

	/**
	 * Returns what the event means for the stream.
	 * @return the kind
	 */
	public Kind kind() {
		return this.whole ? meaning().kind() : Kind.CONTENT;
	}

	/**
	 * Returns what the event calls itself.
	 * @return the property {@code type} of the data, else the field {@code event}, or
	 * {@code null} if it has neither
	 */
	public @Nullable String type() {
		return this.whole ? meaning().type() : null;
	}

	/**
	 * Whether the model, or a tool at the backend, may work in silence behind this event.
	 * @return whether it opens a reasoning item or a tool's, or tells of a tool's
	 * progress
	 */
	public boolean mayPrecedePause() {
		return this.whole && meaning().thinking();
	}

	/**
	 * Whether it is a chunk that belongs to no choice, such as the one with the usage at
	 * the end.
	 * @return whether its {@code choices} are empty
	 */
	public boolean isWithoutChoices() {
		return this.whole && meaning().withoutChoices();
	}

	/**
	 * Visits the choices that a chunk of a chat or a completion has a part of.
	 * @param visitor what is called for each
	 */
	public void forEachChoice(ChoiceVisitor visitor) {
		if (this.whole) {
			for (int choice : meaning().choices()) {
				visitor.visit(choice / 2, choice % 2 == 1);
			}
		}
	}

	/**
	 * Returns the data.
	 * @return the {@code data} lines, joined with LF; empty if there are none
	 */
	public String data() {
		return fields().data();
	}

	/**
	 * Returns why the stream failed.
	 * @return the reason that an {@link Kind#ERROR} event gives;
	 * {@link ErrorDetails#NONE} if it gives none, and for other events
	 */
	public ErrorDetails error() {
		if (kind() != Kind.ERROR) {
			return ErrorDetails.NONE;
		}
		EventFields fields = fields();
		JsonProperties top = fields.json();
		int from = fields.from();
		int to = fields.to();
		boolean failed = false;
		boolean error = false;
		while (top.next()) {
			if (top.is("response")) {
				failed = true;
				from = top.from();
				to = top.to();
			}
			else if (top.is("error")) {
				error = error || !top.isNull();
			}
		}
		if (!failed || error) {
			from = fields.from();
			to = fields.to();
		}
		return ErrorDetails.read(Arrays.copyOfRange(fields.bytes(), from, to));
	}

	/**
	 * Returns the tokens that the event says were used. An event that is too long to be
	 * held has none; a {@link UsageReader} finds them in its pieces.
	 * @return the usage, or {@code null}
	 */
	public @Nullable Usage usage() {
		if (!this.whole || !mayHaveUsage()) {
			return null;
		}
		EventFields fields = fields();
		UsageReader reader = new UsageReader();
		reader.add(fields.bytes(), fields.from(), fields.to());
		return reader.usage();
	}

	/**
	 * Returns the number that events of the responses API have.
	 * @return the {@code sequence_number}, 0 or more; -1 if there is none
	 */
	public long sequenceNumber() {
		long number = -1;
		JsonProperties top = fields().json();
		while (top.next()) {
			if (top.is("sequence_number")) {
				number = top.number();
			}
		}
		return number;
	}

	/**
	 * Whether the event has data. A piece of a long event has none.
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

	private boolean mayHaveUsage() {
		for (int i = 0; i <= this.bytes.length - USAGE.length; i++) {
			if (this.bytes[i] == '"' && Arrays.equals(this.bytes, i, i + USAGE.length, USAGE, 0, USAGE.length)) {
				return true;
			}
		}
		return false;
	}

	EventFields fields() {
		if (this.fields == null) {
			this.fields = this.whole ? EventFields.of(this.bytes) : new EventFields(null, this.bytes, 0, 0);
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
		 * One choice.
		 * @param index which one, 0 or more
		 * @param finished whether the event gives the reason why it is finished
		 */
		void visit(int index, boolean finished);

	}

	/** What an event means for its stream. */
	public enum Kind {

		/**
		 * A sign of life without content: a comment, a ping, an event without data, a
		 * chunk without choices or with empty deltas only, the beginning of a response or
		 * of an item that has nothing to say yet.
		 */
		NO_CONTENT,

		/** The backend failed. */
		ERROR,

		/** {@code [DONE]}: the stream is complete. */
		DONE,

		/** Everything else, also what is not understood. */
		CONTENT

	}

}
