package dev.weir.websocket;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.error.ErrorDetails;

/**
 * Writes errors as messages of Responses mode:
 * {@code {"type":"error","status":…,"error":{…},"headers":{…}}} (OpenAI's guide
 * "WebSocket mode", section "Handle errors").
 */
final class ErrorMessage {

	private static final JsonMapper JSON = JsonMapper.shared();

	private ErrorMessage() {
	}

	static byte[] of(ApiErrorException error) {
		return of(error.error(), error.headers());
	}

	static byte[] of(ApiError error, Map<String, String> headers) {
		ObjectNode message = JSON.createObjectNode().put("type", "error").put("status", error.status());
		message.putObject("error")
			.put("type", error.type())
			.put("code", error.code())
			.put("message", error.message())
			.put("param", error.param());
		if (!headers.isEmpty()) {
			ObjectNode delays = message.putObject("headers");
			headers.forEach(delays::put);
		}
		// a message may quote half a surrogate pair, on which Jackson's UTF-8 writer
		// fails
		return JSON.writeValueAsString(message).getBytes(StandardCharsets.UTF_8);
	}

	/**
	 * Returns the error of a backend: as it came if it is a message, else the body of an
	 * HTTP response as a message.
	 * @param status the HTTP status, or that of the message
	 * @param body the body, or the message
	 * @param headers the delays of the next try, which replace those of the backend;
	 * empty if the client gets the error unchanged
	 * @return the message for the client
	 */
	static byte[] of(int status, byte[] body, Map<String, String> headers) {
		ObjectNode message = readMessage(body);
		if (message != null) {
			if (headers.isEmpty()) {
				return body;
			}
			ObjectNode delays = JSON.createObjectNode();
			headers.forEach(delays::put);
			message.set("headers", delays);
			return JSON.writeValueAsString(message).getBytes(StandardCharsets.UTF_8);
		}
		ErrorDetails details = ErrorDetails.read(body);
		return of(new ApiError(status,
				Objects.requireNonNullElse(details.message(), "The backend responded with " + status + "."),
				Objects.requireNonNullElse(details.type(), "invalid_request_error"), details.param(), details.code()),
				headers);
	}

	private static @Nullable ObjectNode readMessage(byte[] body) {
		try {
			JsonNode read = JSON.readTree(body);
			String type = read.path("type").asString("");
			return (read instanceof ObjectNode message && (type.equals("error") || type.startsWith("response.")))
					? message : null;
		}
		catch (JacksonException ex) {
			return null;
		}
	}

}
