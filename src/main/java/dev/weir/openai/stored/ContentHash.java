package dev.weir.openai.stored;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A hash of a JSON string of any length, such as encrypted reasoning. Escapes are
 * decoded, because clients write the same string with other escapes than backends. One
 * for each string; not thread-safe.
 */
public final class ContentHash {

	/**
	 * Half of a SHA-256 hash. It is not possible to find two contents with the same hash.
	 */
	private static final int LENGTH = 16;

	private static final int UNICODE_DIGITS = 4;

	private static final char HIGH_SURROGATE = 0;

	private final MessageDigest digest;

	private final byte[] buffer = new byte[512];

	private int buffered;

	private boolean escaped;

	/** The number of missing digits of a Unicode escape. */
	private int digits;

	private int code;

	private char highSurrogate = HIGH_SURROGATE;

	private boolean empty = true;

	public ContentHash() {
		try {
			this.digest = MessageDigest.getInstance("SHA-256");
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException(ex);
		}
	}

	/**
	 * Adds the next bytes of the string, as they stand between its quotes.
	 * @param bytes an array with the bytes
	 * @param from the index of the first byte
	 * @param to the index after the last byte
	 */
	public void add(byte[] bytes, int from, int to) {
		for (int i = from; i < to; i++) {
			add(bytes[i]);
		}
	}

	/**
	 * Adds the next byte of the string.
	 * @param b the byte
	 */
	public void add(byte b) {
		this.empty = false;
		if (this.digits > 0) {
			this.code = this.code << 4 | Math.max(0, Character.digit(b, 16));
			if (--this.digits == 0) {
				addUnit((char) this.code);
			}
		}
		else if (this.escaped) {
			this.escaped = false;
			if (b == 'u') {
				this.digits = UNICODE_DIGITS;
				this.code = 0;
			}
			else {
				put(unescaped(b));
			}
		}
		else if (b == '\\') {
			this.escaped = true;
		}
		else {
			put(b);
		}
	}

	private static byte unescaped(byte b) {
		return switch (b) {
			case 'n' -> '\n';
			case 't' -> '\t';
			case 'r' -> '\r';
			case 'b' -> '\b';
			case 'f' -> '\f';
			default -> b;
		};
	}

	private void addUnit(char unit) {
		if (Character.isHighSurrogate(unit)) {
			this.highSurrogate = unit;
			return;
		}
		String text = (this.highSurrogate != HIGH_SURROGATE) ? "" + this.highSurrogate + unit : String.valueOf(unit);
		this.highSurrogate = HIGH_SURROGATE;
		for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
			put(b);
		}
	}

	private void put(byte b) {
		if (this.buffered == this.buffer.length) {
			this.digest.update(this.buffer);
			this.buffered = 0;
		}
		this.buffer[this.buffered++] = b;
	}

	/**
	 * Whether the string has no bytes so far.
	 * @return whether it is empty
	 */
	public boolean isEmpty() {
		return this.empty;
	}

	/**
	 * Ends the string.
	 * @return its hash in hexadecimal digits
	 */
	public String finish() {
		this.digest.update(this.buffer, 0, this.buffered);
		this.buffered = 0;
		return HexFormat.of().formatHex(this.digest.digest(), 0, LENGTH);
	}

	/**
	 * The hash of a whole string.
	 * @param bytes an array with the bytes between its quotes
	 * @param from the index of the first byte
	 * @param to the index after the last byte
	 * @return the hash in hexadecimal digits
	 */
	public static String of(byte[] bytes, int from, int to) {
		ContentHash hash = new ContentHash();
		hash.add(bytes, from, to);
		return hash.finish();
	}

}
