package dev.weir.openai.error;

import java.util.Map;

/**
 * Ends a request with an error reply of Weir.
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
	 * Ends a request with an error and additional headers of the reply.
	 * @param error the error the client gets
	 * @param headers the additional headers
	 */
	public ApiErrorException(ApiError error, Map<String, String> headers) {
		// no stack trace: under load there are many of them, and they are no faults
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
