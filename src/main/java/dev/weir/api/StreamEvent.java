package dev.weir.api;

import java.util.Arrays;

import org.jspecify.annotations.Nullable;

/**
 * One server-sent event, or a piece of one that is too long to be held. What it means is
 * worked out when it is asked for; no input makes that fail. Not thread-safe.
 */
public final class StreamEvent {

	private static final BytePattern USAGE = new BytePattern(new byte[] { '"', 'u', 's', 'a', 'g', 'e', '"' });

	private final byte[] bytes;

	private final boolean whole;

	private final boolean ends;

	private @Nullable EventFields fields;

	private @Nullable Kind kind;

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
	 * without data.
	 * @return whether it is no piece
	 */
	public boolean whole() {
		return this.whole;
	}

	/**
	 * Whether the event ends here.
	 * @return {@code true} for a whole event and the last piece of an overlong one
	 */
	public boolean ends() {
		return this.ends;
	}

	/**
	 * Returns what the event means for the stream.
	 * @return the kind
	 */
	public Kind kind() {
		if (this.kind == null) {
			this.kind = this.whole ? classify(fields()) : Kind.CONTENT;
		}
		return this.kind;
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
	 * {@link ApiErrorCode#NONE} if it gives none, and for other events
	 */
	public ApiErrorCode error() {
		if (kind() != Kind.ERROR) {
			return ApiErrorCode.NONE;
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
		return ApiError.read(Arrays.copyOfRange(fields.bytes(), from, to));
	}

	/**
	 * Returns the tokens that the event says were used. An event that is too long to be
	 * held has none; a {@link UsageReader} finds them in its pieces.
	 * @return the usage, or {@code null}
	 */
	public @Nullable Usage usage() {
		if (!this.whole || USAGE.find(this.bytes, 0) < 0) {
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

	EventFields fields() {
		if (this.fields == null) {
			this.fields = this.whole ? EventFields.of(this.bytes) : new EventFields(null, this.bytes, 0, 0);
		}
		return this.fields;
	}

	private static Kind classify(EventFields fields) {
		String type = fields.event();
		if ("error".equals(type)) {
			return Kind.ERROR;
		}
		if (!fields.hasData()) {
			return Kind.LIFE;
		}
		if (fields.isDone()) {
			return Kind.DONE;
		}
		boolean error = false;
		boolean noChoices = false;
		JsonProperties top = fields.json();
		while (top.next()) {
			if (top.is("error")) {
				error = !top.isNull();
			}
			else if (top.is("choices")) {
				noChoices = top.isEmptyArray();
			}
			else if (top.is("type")) {
				String text = top.text();
				type = (text != null) ? text : type;
			}
		}
		if (!top.complete()) {
			return Kind.CONTENT;
		}
		if (error || "error".equals(type) || "response.failed".equals(type)) {
			return Kind.ERROR;
		}
		return (noChoices || isLifeCycle(type)) ? Kind.LIFE : Kind.CONTENT;
	}

	private static boolean isLifeCycle(@Nullable String type) {
		return "response.created".equals(type) || "response.in_progress".equals(type) || "response.queued".equals(type);
	}

	/** What an event means for its stream. */
	public enum Kind {

		/**
		 * A sign of life without content: a comment, an event without data, a chunk
		 * without choices, the beginning of a response.
		 */
		LIFE,

		/** The backend failed. */
		ERROR,

		/** {@code [DONE]}: the stream is complete. */
		DONE,

		/** Everything else, also what is not understood. */
		CONTENT

	}

}
