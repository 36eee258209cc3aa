package dev.weir.openai.body;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The bytes of a body, returned as slices without copying.
 */
final class BodyBytes {

	private final byte[] array;

	BodyBytes(byte[] array) {
		this.array = array;
	}

	byte[] array() {
		return this.array;
	}

	int length() {
		return this.array.length;
	}

	List<ByteBuffer> all() {
		return List.of(slice(0, this.array.length));
	}

	/**
	 * Returns all bytes with one span replaced.
	 * @param from the index of the first byte to replace
	 * @param to the index after the last byte to replace
	 * @param replacement the replacement, sent as UTF-8
	 * @return three buffers
	 */
	List<ByteBuffer> replace(int from, int to, String replacement) {
		return List.of(slice(0, from), utf8(replacement), slice(to, this.array.length));
	}

	/**
	 * Returns all bytes with two spans replaced.
	 * @param first the first change
	 * @param second the second change, after the first
	 * @return five buffers
	 */
	List<ByteBuffer> replace(BodyEdit first, BodyEdit second) {
		return List.of(slice(0, first.from()), utf8(first.text()), slice(first.to(), second.from()),
				utf8(second.text()), slice(second.to(), this.array.length));
	}

	private static ByteBuffer utf8(String text) {
		return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)).asReadOnlyBuffer();
	}

	private ByteBuffer slice(int from, int to) {
		return ByteBuffer.wrap(this.array, from, to - from).slice().asReadOnlyBuffer();
	}

}
