package dev.weir.openai.stream;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import org.jspecify.annotations.Nullable;

/**
 * Finds the usage in a JSON response of any length while it is relayed: the value of
 * {@code usage} at the top level, as in chats, completions, embeddings and responses, or
 * of {@code response.usage}, as in the last event of a streamed response. It follows the
 * structure of the JSON, so a text that looks like a usage is ignored; so are bytes
 * before the first brace. It holds 16 KiB at most. One per response; not thread-safe.
 */
public final class UsageReader {

	private static final int MAX_VALUE = 16 * 1024;

	private static final byte[] RESPONSE = "response".getBytes(StandardCharsets.US_ASCII);

	private static final byte[] USAGE = "usage".getBytes(StandardCharsets.US_ASCII);

	/** The last property name, cut after the length that matters. */
	private final byte[] name = new byte[RESPONSE.length + 1];

	private int nameLength;

	/** The number of open braces and brackets. */
	private int depth;

	/** The depth of the object whose names are read: 1, or 2 inside a response. */
	private int nameDepth = 1;

	private boolean inString;

	private boolean escaped;

	private byte @Nullable [] value;

	private int valueLength;

	private @Nullable Usage usage;

	/**
	 * Adds the next bytes.
	 * @param bytes the next bytes of the response, any number
	 */
	public void add(byte[] bytes) {
		add(bytes, 0, bytes.length);
	}

	void add(byte[] bytes, int from, int to) {
		for (int i = from; i < to; i++) {
			if (this.inString && this.value == null && this.depth != this.nameDepth) {
				i = skipString(bytes, i, to);
				continue;
			}
			byte b = bytes[i];
			if (this.value != null) {
				keep(this.value, b);
			}
			if (this.inString) {
				readString(b);
			}
			else {
				readStructure(b);
			}
		}
	}

	/**
	 * Returns the last usage found so far.
	 * @return the usage, or {@code null}
	 */
	public @Nullable Usage usage() {
		return this.usage;
	}

	/** Skips to the end of a string; returns the index of its last byte. */
	private int skipString(byte[] bytes, int from, int to) {
		int i = from;
		if (this.escaped) {
			this.escaped = false;
			i++;
		}
		for (; i < to; i++) {
			byte b = bytes[i];
			if (b == '"') {
				this.inString = false;
				return i;
			}
			if (b == '\\') {
				i++;
				this.escaped = i == to;
			}
		}
		return i;
	}

	private void readString(byte b) {
		if (this.escaped) {
			this.escaped = false;
		}
		else if (b == '\\') {
			this.escaped = true;
		}
		else if (b == '"') {
			this.inString = false;
			return;
		}
		if (this.depth == this.nameDepth && this.nameLength < this.name.length) {
			this.name[this.nameLength++] = b;
		}
	}

	private void readStructure(byte b) {
		switch (b) {
			case '"' -> {
				this.inString = this.depth > 0;
				if (this.depth == this.nameDepth) {
					this.nameLength = 0;
				}
			}
			case '{', '[' -> {
				if (b == '{' && this.depth == 1 && this.nameDepth == 1 && isName(RESPONSE)) {
					this.nameDepth = 2;
				}
				this.depth++;
				this.nameLength = 0;
			}
			case '}', ']' -> {
				endOfValue();
				this.depth = Math.max(0, this.depth - 1);
				this.nameDepth = Math.max(1, Math.min(this.nameDepth, this.depth));
			}
			case ',' -> endOfValue();
			case ':' -> {
				if (this.depth == this.nameDepth && isName(USAGE)) {
					this.value = new byte[256];
					this.valueLength = 0;
				}
			}
			default -> {
			}
		}
	}

	private void endOfValue() {
		if (this.depth != this.nameDepth) {
			return;
		}
		this.nameLength = 0;
		if (this.value != null) {
			// without the byte that ended it
			Usage found = Usage.of(this.value, 0, this.valueLength - 1);
			this.usage = (found != null) ? found : this.usage;
			this.value = null;
		}
	}

	private void keep(byte[] value, byte b) {
		if (this.valueLength == MAX_VALUE) {
			this.value = null;
			return;
		}
		byte[] kept = (this.valueLength < value.length) ? value : Arrays.copyOf(value, 2 * value.length);
		kept[this.valueLength++] = b;
		this.value = kept;
	}

	private boolean isName(byte[] expected) {
		return Arrays.equals(this.name, 0, this.nameLength, expected, 0, expected.length);
	}

}
