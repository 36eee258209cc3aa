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
 * The model in the body of a request for an ephemeral key:
 * {@code {"session":{"model":…}}} (OpenAI's API specification, schema
 * {@code RealtimeCreateClientSecretRequest}).
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
		// a copy: a factory caches the property names it reads, and these are foreign
		try (JsonParser parser = FACTORY.copy().createParser(ObjectReadContext.empty(), bytes)) {
			if (parser.nextToken() != JsonToken.START_OBJECT) {
				return null;
			}
			for (String name = parser.nextName(); name != null; name = parser.nextName()) {
				boolean object = parser.nextToken() == JsonToken.START_OBJECT;
				if (object && name.equals("session")) {
					return findInside(parser);
				}
				parser.skipChildren();
			}
		}
		catch (JacksonException ex) {
			// the backend reports the fault
		}
		return null;
	}

	private static @Nullable SessionModel findInside(JsonParser parser) {
		for (String name = parser.nextName(); name != null; name = parser.nextName()) {
			boolean string = parser.nextToken() == JsonToken.VALUE_STRING;
			if (string && name.equals("model")) {
				String model = parser.getString();
				return ModelName.isAllowed(model)
						? new SessionModel(model, (int) parser.currentTokenLocation().getByteOffset(),
								(int) parser.currentLocation().getByteOffset())
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
