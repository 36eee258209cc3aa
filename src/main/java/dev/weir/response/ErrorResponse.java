package dev.weir.response;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * A backend's error response, kept in case no other backend serves the request.
 *
 * @param status the HTTP status
 * @param headers the response headers without hop-by-hop headers
 * @param body the body, or the part that was read
 * @param rest the body with its unread part if it was too long or too slow, or
 * {@code null} if it was read completely
 */
public record ErrorResponse(int status, Map<String, List<String>> headers, byte[] body, @Nullable ResponseBody rest) {

	public boolean isWhole() {
		return this.rest == null;
	}

	/**
	 * The first value of a header.
	 * @param name its name in lower case
	 * @return the value, or {@code null} if there is none
	 */
	public @Nullable String header(String name) {
		List<String> values = this.headers.get(name);
		return (values != null && !values.isEmpty()) ? values.get(0) : null;
	}

	ErrorResponse withStatus(int other) {
		return new ErrorResponse(other, this.headers, this.body, this.rest);
	}

	/**
	 * Returns the same error for a client that should not repeat the request.
	 * @return the response without a delay, with {@code x-should-retry: false}
	 */
	public ErrorResponse withoutRetry() {
		Map<String, List<String>> changed = new HashMap<>(this.headers);
		changed.remove("retry-after");
		changed.remove("retry-after-ms");
		changed.put("x-should-retry", List.of("false"));
		return new ErrorResponse(this.status, changed, this.body, this.rest);
	}

	/** Closes the connection if the body was not read completely. */
	public void discard() {
		if (this.rest != null) {
			this.rest.dispose();
		}
	}

}
