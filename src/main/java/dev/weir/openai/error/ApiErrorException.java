package dev.weir.openai.error;

import java.util.Map;

/**
 * Ends a request with an answer of Weir's own.
 */
public final class ApiErrorException extends RuntimeException {

	private final transient ApiError error;

	private final transient Map<String, String> headers;

	/**
	 * Ends a request with an error.
	 * @param error the error the client gets
	 */
	public ApiErrorException(ApiError error) {
		this(error, Map.of());
	}

	/**
	 * Ends a request with an error and further response headers.
	 * @param error the error the client gets
	 * @param headers further headers of the answer
	 */
	public ApiErrorException(ApiError error, Map<String, String> headers) {
		// no stack trace: it is an answer, and under load there are many of them
		super(error.message(), null, false, false);
		this.error = error;
		this.headers = Map.copyOf(headers);
	}

	public ApiError error() {
		return this.error;
	}

	public Map<String, String> headers() {
		return this.headers;
	}

}
