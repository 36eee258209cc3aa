package dev.weir.openai.body;

import java.util.Arrays;

/**
 * Finds a sequence of bytes with Horspool's algorithm, which reads only a fraction of the
 * bytes.
 */
final class BytePattern {

	private final byte[] pattern;

	/** The distance to move on, by the byte under the pattern's last byte. */
	private final int[] shifts = new int[256];

	BytePattern(byte[] pattern) {
		this.pattern = pattern;
		int last = pattern.length - 1;
		Arrays.fill(this.shifts, pattern.length);
		for (int i = 0; i < last; i++) {
			this.shifts[pattern[i] & 0xFF] = last - i;
		}
	}

	/**
	 * Finds the pattern.
	 * @param bytes the bytes to search
	 * @param from the index to start at, 0 or more
	 * @return the index of the first match, or -1
	 */
	int find(byte[] bytes, int from) {
		int last = this.pattern.length - 1;
		for (int at = from; at + last < bytes.length; at += this.shifts[bytes[at + last] & 0xFF]) {
			if (isAt(bytes, at, 0)) {
				return at;
			}
		}
		return -1;
	}

	/**
	 * Whether the pattern, or its end, is at an index.
	 * @param bytes the bytes to compare
	 * @param at the index in the bytes
	 * @param skip the number of the pattern's first bytes to leave out
	 * @return whether it is there
	 */
	boolean isAt(byte[] bytes, int at, int skip) {
		if (at + this.pattern.length - skip > bytes.length) {
			return false;
		}
		// from the front: only the first byte of the pattern is a CR, so no byte takes
		// part in two partial matches, and no boundary makes the search quadratic
		for (int i = skip; i < this.pattern.length; i++) {
			if (bytes[at + i - skip] != this.pattern[i]) {
				return false;
			}
		}
		return true;
	}

}
