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
		return List.of(slice(0, from), ByteBuffer.wrap(replacement.getBytes(StandardCharsets.UTF_8)).asReadOnlyBuffer(),
				slice(to, this.array.length));
	}

	private ByteBuffer slice(int from, int to) {
		return ByteBuffer.wrap(this.array, from, to - from).slice().asReadOnlyBuffer();
	}

}
