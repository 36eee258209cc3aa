package dev.weir.websocket;

import java.nio.ByteBuffer;
import java.util.List;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

import dev.weir.openai.body.RequestBody;

/**
 * A message of a client in Responses mode.
 *
 * @param type the type of the event, empty if it has none
 * @param responseId the response that it is about, or {@code null}
 * @param previousId the response that it continues, or {@code null}
 * @param bytes the whole message
 */
record ClientMessage(String type, @Nullable String responseId, @Nullable String previousId, byte[] bytes) {

	private static final JsonFactory FACTORY = new JsonFactory();

	private static final String CREATE = "response.create";

	/**
	 * Reads a message. One that is not JSON has no type.
	 * @param bytes the message
	 * @return the message
	 */
	static ClientMessage read(byte[] bytes) {
		String type = "";
		String response = null;
		String previous = null;
		// a copy: a factory caches the property names it reads, and these are foreign
		try (JsonParser parser = FACTORY.copy().createParser(ObjectReadContext.empty(), bytes)) {
			if (parser.nextToken() == JsonToken.START_OBJECT) {
				for (String name = parser.nextName(); name != null; name = parser.nextName()) {
					boolean string = parser.nextToken() == JsonToken.VALUE_STRING;
					switch (name) {
						case "type" -> type = string ? parser.getString() : type;
						case "response_id" -> response = string ? parser.getString() : response;
						case "previous_response_id" -> previous = string ? parser.getString() : previous;
						default -> {
						}
					}
					parser.skipChildren();
				}
			}
		}
		catch (JacksonException ex) {
			// what came before counts; RequestBody reports the fault to the client
		}
		return new ClientMessage(type, response, previous, bytes);
	}

	boolean isCreate() {
		return this.type.equals(CREATE);
	}

	RequestBody body() {
		return RequestBody.of(this.bytes, "application/json");
	}

	/**
	 * Joins the parts of a body.
	 * @param parts the parts
	 * @return a new array
	 */
	static byte[] joined(List<ByteBuffer> parts) {
		int length = 0;
		for (ByteBuffer part : parts) {
			length += part.remaining();
		}
		ByteBuffer all = ByteBuffer.allocate(length);
		for (ByteBuffer part : parts) {
			all.put(part.duplicate());
		}
		return all.array();
	}

}
