package dev.weir.openai.stream;

import java.nio.charset.StandardCharsets;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import dev.weir.openai.call.Operation;
import dev.weir.openai.error.ApiError;

/**
 * Writes an error as the last event of a stream that has begun, in the form that the
 * operation's SDKs raise. No {@code [DONE]} follows it.
 */
public final class ErrorEvent {

	private static final JsonMapper JSON = JsonMapper.shared();

	private ErrorEvent() {
	}

	/**
	 * Writes an error event: for the responses API its own type (OpenAI's API
	 * specification, schema {@code ResponseErrorEvent}), else {@code {"error":{…}}}.
	 * @param error the error
	 * @param operation the operation of the stream
	 * @param last the last event with data that the client got, whose sequence number is
	 * continued; {@code null} if there was none
	 * @return the event with the blank line that ends it, in UTF-8
	 */
	public static byte[] of(ApiError error, Operation operation, @Nullable StreamEvent last) {
		String event = (operation == Operation.RESPONSES) ? "event: error\ndata: " + toResponsesEvent(error, last)
				: "data: " + new String(error.toJson(), StandardCharsets.UTF_8);
		// half a surrogate pair becomes a question mark
		return (event + "\n\n").getBytes(StandardCharsets.UTF_8);
	}

	private static String toResponsesEvent(ApiError error, @Nullable StreamEvent last) {
		ObjectNode event = JSON.createObjectNode()
			.put("type", "error")
			// this event has no field for the error's type
			.put("code", (error.code() != null) ? error.code() : error.type())
			.put("message", error.message())
			.put("param", error.param())
			.put("sequence_number", (last != null) ? last.sequenceNumber() + 1 : 0);
		return JSON.writeValueAsString(event);
	}

}
