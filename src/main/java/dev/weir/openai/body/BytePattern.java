package dev.weir.openai.body;

import java.util.Arrays;

/**
 * Finds a sequence of bytes in a larger one by Horspool's algorithm, which looks at a
 * fraction of the bytes only.
 */
final class BytePattern {

	private final byte[] pattern;

	/** How far the search may go on, by the byte under the pattern's last one. */
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
	 * Returns where the pattern is next.
	 * @param bytes where to search
	 * @param from where to begin, 0 or more
	 * @return the index of its first byte, or -1
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
	 * @param bytes where to look
	 * @param at the index in the bytes
	 * @param skip how many of the pattern's first bytes are not asked for
	 * @return whether it is there
	 */
	boolean isAt(byte[] bytes, int at, int skip) {
		if (at + this.pattern.length - skip > bytes.length) {
			return false;
		}
		// from the front: a boundary has no CR, so no byte takes part in two partial
		// matches, and a boundary made for the purpose cannot make the search quadratic
		for (int i = skip; i < this.pattern.length; i++) {
			if (bytes[at + i - skip] != this.pattern[i]) {
				return false;
			}
		}
		return true;
	}

}
