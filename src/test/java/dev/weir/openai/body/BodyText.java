package dev.weir.openai.body;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Converts bodies to text and back.
 */
final class BodyText {

	private BodyText() {
	}

	static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

	static byte[] joined(List<ByteBuffer> buffers) {
		ByteArrayOutputStream all = new ByteArrayOutputStream();
		for (ByteBuffer buffer : buffers) {
			byte[] bytes = new byte[buffer.remaining()];
			buffer.get(bytes);
			all.writeBytes(bytes);
		}
		return all.toByteArray();
	}

	static String text(List<ByteBuffer> buffers) {
		return new String(joined(buffers), StandardCharsets.UTF_8);
	}

}
