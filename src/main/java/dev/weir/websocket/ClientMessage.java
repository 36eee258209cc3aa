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
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;

/**
 * A message of a client in Responses mode.
 *
 * @param type the type of the event, empty if it has none or several
 * @param responseId the response that it is about, or {@code null}
 * @param previousId the response that it continues, or {@code null}
 * @param problem why it is no event, or {@code null} if it is one
 * @param bytes the whole message
 */
record ClientMessage(String type, @Nullable String responseId, @Nullable String previousId, @Nullable Problem problem,
		byte[] bytes) {

	private static final JsonFactory FACTORY = new JsonFactory();

	private static final String CREATE = "response.create";

	private static final String INVALID = "invalid_request_body";

	private static final Problem NOT_JSON = new Problem("The message is not valid JSON", null, INVALID);

	/**
	 * Reads a message.
	 * @param bytes the message
	 * @param text whether it came as text
	 * @return the message
	 */
	static ClientMessage read(byte[] bytes, boolean text) {
		if (!text) {
			return new ClientMessage("", null, null,
					new Problem("Messages must be text; this one is binary", null, INVALID), bytes);
		}
		String type = "";
		boolean known = false;
		Problem problem = null;
		String response = null;
		String previous = null;
		// a copy: a factory caches the property names it reads, and these are foreign
		try (JsonParser parser = FACTORY.copy().createParser(ObjectReadContext.empty(), bytes)) {
			if (parser.nextToken() == JsonToken.START_OBJECT) {
				for (String name = parser.nextName(); name != null; name = parser.nextName()) {
					boolean string = parser.nextToken() == JsonToken.VALUE_STRING;
					switch (name) {
						case "type" -> {
							problem = known ? new Problem("The message has more than one type", "type", INVALID)
									: string ? problem
											: new Problem("The type of the message must be a string", "type", INVALID);
							// a backend may read another one of them than Weir does
							type = (string && !known) ? parser.getString() : "";
							known = true;
						}
						case "response_id" -> response = string ? parser.getString() : response;
						case "previous_response_id" -> previous = string ? parser.getString() : previous;
						default -> {
						}
					}
					parser.skipChildren();
				}
				if (parser.nextToken() != null) {
					problem = NOT_JSON;
				}
			}
			else {
				problem = new Problem("The message must be a JSON object", null, INVALID);
			}
		}
		catch (JacksonException ex) {
			// what came before counts: a request with a fault gets the error of a request
			problem = NOT_JSON;
		}
		if (problem == null && type.equalsIgnoreCase(CREATE) && !type.equals(CREATE)) {
			// a backend may read it as a request that Weir has not checked
			problem = new Problem("The type of the message differs from " + CREATE + " in case only", "type", INVALID);
		}
		if (problem == null && type.isEmpty()) {
			problem = new Problem("The message has no type", "type", "missing_required_parameter");
		}
		return new ClientMessage(type, response, previous, problem, bytes);
	}

	boolean isCreate() {
		return this.type.equals(CREATE);
	}

	RequestBody body() {
		return RequestBody.of(this.bytes, "application/json");
	}

	/**
	 * Why a message is no event.
	 *
	 * @param message a sentence without the period
	 * @param param the property that is wrong, or {@code null}
	 * @param code the code of the error
	 */
	record Problem(String message, @Nullable String param, String code) {

		ApiErrorException toError() {
			return new ApiErrorException(ApiError.invalid(400, this.message + ".", this.param, this.code));
		}

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
