package dev.weir.server;

import dev.weir.openai.error.ApiError;

/**
 * Why a request is not read any further.
 *
 * @param status the HTTP status of the reply
 * @param message a sentence for the API client
 * @param code the error's code
 */
record Refusal(int status, String message, String code) {

	static Refusal badRequest(String message) {
		return new Refusal(400, message, "invalid_http_request");
	}

	ApiError toError() {
		return new ApiError(this.status, this.message, "invalid_request_error", null, this.code);
	}

}
