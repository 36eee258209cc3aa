package dev.weir.openai.stream;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Reduces a JSON object of any length to a short one, byte by byte. The structure is kept
 * down to {@value #MAX_DEPTH} levels. Strings are cut. Deeper values, and the elements of
 * arrays after the first ones, are dropped; only whether they are empty is kept. Anything
 * but a JSON object becomes a short text. Faults in the structure stay faults. The result
 * has 64 KB at most. One per object; not thread-safe.
 */
final class JsonReducer {

	private static final int MAX_BYTES = 64 * 1024;

	private static final int MAX_STRING = 256;

	/** Reaches {@code choices[0].delta.content} and {@code response.error.code}. */
	private static final int MAX_DEPTH = 4;

	/** The most that the API allows (schema {@code CreateChatCompletionRequest}, "n"). */
	private static final int MAX_CHOICES = 128;

	private static final int UNICODE_DIGITS = 4;

	private final ByteArrayOutputStream kept = new ByteArrayOutputStream();

	/** By depth: the number of elements so far, or -1 in an object. */
	private final int[] elements = new int[MAX_DEPTH + 1];

	private int depth;

	/** The depth of the container that is being dropped; 0 for none. */
	private int droppedAt;

	/** The opening byte of a dropped container that may still be empty; 0 for none. */
	private byte opened;

	private boolean text;

	private boolean inString;

	private boolean cut;

	private int stringLength;

	private boolean afterBackslash;

	/** The number of missing digits of a {@code \\u} escape. */
	private int digits;

	/**
	 * Adds the next byte.
	 * @param b the next byte
	 */
	void add(byte b) {
		if (this.text) {
			keepText(b);
		}
		else if (this.inString) {
			readString(b);
		}
		else if (b == ' ' || b == '\t' || b == '\n' || b == '\r') {
			keep((byte) ' ');
		}
		else if (b != '{' && this.depth == 0 && isBlank()) {
			this.text = true;
			keepText(b);
		}
		else {
			readStructure(b);
		}
	}

	/**
	 * Whether the result is incomplete, because it would be too long.
	 * @return whether {@link #toByteArray()} is cut off
	 */
	boolean isIncomplete() {
		return this.kept.size() >= MAX_BYTES;
	}

	byte[] toByteArray() {
		return this.kept.toByteArray();
	}

	private boolean isBlank() {
		// leading white space is never kept
		return this.kept.size() == 0;
	}

	private void keepText(byte b) {
		if (this.kept.size() < MAX_STRING) {
			this.kept.write(b);
		}
	}

	private void readString(byte b) {
		boolean escaped = this.afterBackslash || this.digits > 0;
		if (!escaped && b == '"') {
			this.inString = false;
			keep(b);
			return;
		}
		// never inside an escape or a character
		this.cut |= this.stringLength >= MAX_STRING && !escaped && (b & 0xC0) != 0x80;
		if (!this.cut) {
			keep(b);
			this.stringLength++;
		}
		if (this.digits > 0) {
			this.digits--;
		}
		else {
			this.digits = (this.afterBackslash && b == 'u') ? UNICODE_DIGITS : 0;
			this.afterBackslash = !this.afterBackslash && b == '\\';
		}
	}

	private void readStructure(byte b) {
		boolean closes = b == '}' || b == ']';
		boolean endsDropped = closes && this.depth == this.droppedAt;
		if (this.opened != 0) {
			if (!endsDropped) {
				this.kept.writeBytes(((this.opened == '[') ? "0" : "\"\":0").getBytes(StandardCharsets.US_ASCII));
			}
			this.opened = 0;
		}
		if (endsDropped) {
			this.droppedAt = 0;
		}
		if (b == ',' && isFull()) {
			this.droppedAt = this.depth;
		}
		keep(b);
		if (b == '"') {
			this.inString = true;
			this.cut = false;
			this.stringLength = 0;
		}
		else if (b == '{' || b == '[') {
			open(b);
		}
		else if (closes) {
			this.depth = Math.max(0, this.depth - 1);
		}
	}

	private void open(byte b) {
		this.depth++;
		if (this.depth <= MAX_DEPTH) {
			this.elements[this.depth] = (b == '[') ? 0 : -1;
		}
		else if (this.droppedAt == 0) {
			this.droppedAt = this.depth;
			this.opened = b;
		}
	}

	/** Whether a comma ends the last element of an array to keep. */
	private boolean isFull() {
		if (this.droppedAt > 0 || this.depth == 0 || this.depth > MAX_DEPTH || this.elements[this.depth] < 0) {
			return false;
		}
		return ++this.elements[this.depth] >= ((this.depth == 2) ? MAX_CHOICES : 1);
	}

	private void keep(byte b) {
		if (this.droppedAt == 0 && this.kept.size() < MAX_BYTES && !(b == ' ' && isBlank())) {
			this.kept.write(b);
		}
	}

}
