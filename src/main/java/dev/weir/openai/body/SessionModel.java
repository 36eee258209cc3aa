package dev.weir.openai.body;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.io.JsonStringEncoder;
import tools.jackson.core.json.JsonFactory;

/**
 * The model in the configuration of a realtime session: {@code {"session":{"model":…}}},
 * or the field {@code session} of a form (OpenAI's API specification, schemas
 * {@code RealtimeCreateClientSecretRequest} and {@code RealtimeCallCreateRequest}).
 *
 * @param name the model
 * @param from the index of the first byte of its value
 * @param to the index after its value
 */
public record SessionModel(String name, int from, int to) {

	private static final JsonFactory FACTORY = new JsonFactory();

	/**
	 * Finds the model.
	 * @param body the body
	 * @return the model, or {@code null} if there is none, or the body cannot be read
	 */
	public static @Nullable SessionModel find(RequestBody body) {
		byte[] bytes = bytes(body);
		int from = 0;
		int to = bytes.length;
		boolean form = body instanceof MultipartBody;
		if (body instanceof MultipartBody parts) {
			MultipartReader.Part session = parts.field("session");
			if (session == null) {
				return null;
			}
			from = session.from();
			to = session.to();
		}
		// a copy: a factory caches the property names it reads, and these are foreign
		try (JsonParser parser = FACTORY.copy().createParser(ObjectReadContext.empty(), bytes, from, to - from)) {
			if (parser.nextToken() != JsonToken.START_OBJECT) {
				return null;
			}
			if (form) {
				return findInside(parser, from);
			}
			for (String name = parser.nextName(); name != null; name = parser.nextName()) {
				boolean object = parser.nextToken() == JsonToken.START_OBJECT;
				if (object && name.equals("session")) {
					return findInside(parser, from);
				}
				parser.skipChildren();
			}
		}
		catch (JacksonException ex) {
			// the backend reports the fault
		}
		return null;
	}

	private static @Nullable SessionModel findInside(JsonParser parser, int start) {
		for (String name = parser.nextName(); name != null; name = parser.nextName()) {
			boolean string = parser.nextToken() == JsonToken.VALUE_STRING;
			if (string && name.equals("model")) {
				String model = parser.getString();
				return ModelName.isAllowed(model)
						? new SessionModel(model, start + (int) parser.currentTokenLocation().getByteOffset(),
								start + (int) parser.currentLocation().getByteOffset())
						: null;
			}
			parser.skipChildren();
		}
		return null;
	}

	private static byte[] bytes(RequestBody body) {
		ByteBuffer all = ByteBuffer.allocate(body.length());
		body.bytes().forEach((part) -> all.put(part.duplicate()));
		return all.array();
	}

	/**
	 * Replaces the model.
	 * @param body the body that it was found in
	 * @param model the name to send
	 * @return the body with the other name
	 */
	public List<ByteBuffer> replace(RequestBody body, String model) {
		StringBuilder value = new StringBuilder("\"");
		JsonStringEncoder.getInstance().quoteAsString(ModelName.toBackend(model), value);
		byte[] bytes = bytes(body);
		return List.of(ByteBuffer.wrap(bytes, 0, this.from).slice().asReadOnlyBuffer(),
				ByteBuffer.wrap(value.append('"').toString().getBytes(StandardCharsets.UTF_8)).asReadOnlyBuffer(),
				ByteBuffer.wrap(bytes, this.to, bytes.length - this.to).slice().asReadOnlyBuffer());
	}

}
