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
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;

import dev.weir.openai.error.MalformedRequestException;

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

	private static final JsonFactory FACTORY = JsonFactory.builder()
		.disable(TokenStreamFactory.Feature.CHARSET_DETECTION)
		.build();

	private static final String SESSION = "session";

	private static final String MODEL = "model";

	/**
	 * Finds the model.
	 * @param body the body
	 * @return the model, or {@code null} if there is none, or the body is opaque
	 * @throws MalformedRequestException if there is more than one session or model, or
	 * the session or the model is not valid
	 */
	public static @Nullable SessionModel find(RequestBody body) {
		if (body instanceof OpaqueBody) {
			return null;
		}
		byte[] bytes = bytes(body);
		int from = Math.max(0, JsonScan.startOfObject(bytes));
		int to = bytes.length;
		boolean form = body instanceof MultipartBody;
		if (body instanceof MultipartBody parts) {
			MultipartReader.Part session = parts.field(SESSION);
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
				SessionModel model = findInside(parser, from);
				if (parser.nextToken() != null) {
					throw new MalformedRequestException("The field 'session' has data after its JSON object");
				}
				return model;
			}
			return findSession(parser, from);
		}
		catch (JacksonException ex) {
			throw new MalformedRequestException("The session in the request body is not valid JSON");
		}
	}

	private static @Nullable SessionModel findSession(JsonParser parser, int start) {
		SessionModel model = null;
		boolean found = false;
		for (String name = parser.nextName(); name != null; name = parser.nextName()) {
			boolean object = parser.nextToken() == JsonToken.START_OBJECT;
			if (isNamed(name, SESSION, found)) {
				found = true;
				model = object ? findInside(parser, start) : null;
			}
			parser.skipChildren();
		}
		return model;
	}

	/** Leaves the parser at the end of the object. */
	private static @Nullable SessionModel findInside(JsonParser parser, int start) {
		SessionModel model = null;
		boolean found = false;
		for (String name = parser.nextName(); name != null; name = parser.nextName()) {
			boolean string = parser.nextToken() == JsonToken.VALUE_STRING;
			if (isNamed(name, MODEL, found)) {
				found = true;
				String text = string ? parser.getString() : "";
				if (!text.isBlank()) {
					int from = start + (int) parser.currentTokenLocation().getByteOffset();
					int to = start + (int) parser.currentLocation().getByteOffset();
					model = new SessionModel(ModelName.fromClient(text), from, to);
				}
			}
			parser.skipChildren();
		}
		return model;
	}

	/** Some servers ignore the case of names, so they would read the last of several. */
	private static boolean isNamed(String name, String wanted, boolean found) {
		if (!name.equalsIgnoreCase(wanted)) {
			return false;
		}
		if (found || !name.equals(wanted)) {
			throw MalformedRequestException.ofModel("The session in the request body has more than one '" + wanted
					+ "', or one that differs from it only in case");
		}
		return true;
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
