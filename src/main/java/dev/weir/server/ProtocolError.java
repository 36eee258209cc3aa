package dev.weir.server;

import dev.weir.openai.error.ApiError;

/**
 * The reason why the head of a request is refused.
 *
 * @param status the HTTP status of the reply
 * @param message a sentence for the developer of the client
 * @param code the code of the error in the reply
 */
record ProtocolError(int status, String message, String code) {

	static ProtocolError badRequest(String message) {
		return new ProtocolError(400, message, "invalid_http_request");
	}

	ApiError toApiError() {
		return new ApiError(this.status, this.message, "invalid_request_error", null, this.code);
	}

}
