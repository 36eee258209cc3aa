package dev.weir.openai.body;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.MalformedRequestException;

/**
 * The fields of a multipart body that Weir needs. Files are skipped.
 *
 * @param boundary the boundary between the parts
 * @param model the model, or {@code null} if it is absent or blank
 * @param hasModel whether there is a field {@code model}, whatever its value
 * @param stream whether {@code stream} is {@code true}; the last one counts
 * @param from the index of the model's first byte; without the field that of the first
 * delimiter
 * @param to the index after the model; without the field equal to {@code from}
 */
record MultipartScan(MultipartBoundary boundary, @Nullable String model, boolean hasModel, boolean stream, int from,
		int to) {

	static MultipartScan of(byte[] body, MultipartBoundary boundary) {
		MultipartReader reader = new MultipartReader(body, boundary);
		String model = null;
		boolean hasModel = false;
		boolean stream = false;
		int from = reader.start();
		int to = from;
		for (MultipartReader.Part part = reader.next(); part != null; part = reader.next()) {
			if (part.file()) {
				continue;
			}
			if (part.name().equals("model")) {
				if (hasModel) {
					throw MalformedRequestException.ofModel("The request body has more than one 'model'");
				}
				hasModel = true;
				model = modelOf(body, part);
				from = part.from();
				to = part.to();
			}
			else if (part.name().equals("stream")) {
				stream = part.to() - part.from() == 4
						&& new String(body, part.from(), 4, StandardCharsets.ISO_8859_1).equals("true");
			}
		}
		return new MultipartScan(boundary, model, hasModel, stream, from, to);
	}

	private static @Nullable String modelOf(byte[] body, MultipartReader.Part part) {
		int length = part.to() - part.from();
		if (length > 4 * ModelName.MAX_LENGTH) {
			throw MalformedRequestException.ofModel("The value of 'model' " + ModelName.TOO_LONG);
		}
		try {
			String name = StandardCharsets.UTF_8.newDecoder()
				.decode(ByteBuffer.wrap(body, part.from(), length))
				.toString();
			return name.isBlank() ? null : ModelName.fromClient(name);
		}
		catch (CharacterCodingException ex) {
			throw MalformedRequestException.ofModel("The value of 'model' is not valid UTF-8");
		}
	}

}
