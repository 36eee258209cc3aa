package dev.weir.openai.error;

import java.nio.charset.StandardCharsets;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * An error in the shape of OpenAI's API, which its SDKs read:
 * {@code {"error":{"message":…,"type":…,"param":…,"code":…}}} (OpenAI's API
 * specification, schema {@code ErrorResponse}).
 *
 * @param status the HTTP status of the reply, 400 to 599
 * @param message the problem and its cure, for a developer
 * @param type the kind of error, such as {@code invalid_request_error}
 * @param param the request's parameter that is wrong, or {@code null}
 * @param code the reason, for a program, or {@code null}
 */
public record ApiError(int status, String message, String type, @Nullable String param, @Nullable String code) {

	private static final JsonMapper JSON = JsonMapper.shared();

	/**
	 * An error of the client.
	 * @param status the HTTP status, 400 to 499
	 * @param message the problem and its cure
	 * @param param the request's parameter that is wrong, or {@code null}
	 * @param code the reason, for a program
	 * @return the error, of type {@code invalid_request_error}
	 */
	public static ApiError invalid(int status, String message, @Nullable String param, String code) {
		return new ApiError(status, message, "invalid_request_error", param, code);
	}

	/**
	 * An unexpected error of Weir, which the caller logs.
	 * @return the error, with status 500
	 */
	public static ApiError internal() {
		return new ApiError(500, "Weir failed to handle the request. See Weir's log.", "server_error", null,
				"internal_error");
	}

	/**
	 * Returns the error as a response body.
	 * @return JSON in UTF-8
	 */
	public byte[] toJson() {
		ObjectNode body = JSON.createObjectNode();
		body.putObject("error")
			.put("message", this.message)
			.put("type", this.type)
			.put("param", this.param)
			.put("code", this.code);
		// a message may quote half a surrogate pair, on which Jackson's UTF-8 writer
		// fails
		return JSON.writeValueAsString(body).getBytes(StandardCharsets.UTF_8);
	}

}
