package dev.weir.response;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * An error that a backend answered with, kept in case no other backend takes the request.
 *
 * @param status the HTTP status
 * @param headers the response headers, less those that end with each hop
 * @param body the body, or what was read of it
 * @param rest where the rest of the body is if it was too long or too slow to be read,
 * else {@code null}: then its connection can serve again
 */
public record ErrorResponse(int status, Map<String, List<String>> headers, byte[] body, @Nullable ResponseBody rest) {

	public boolean isWhole() {
		return this.rest == null;
	}

	@Nullable String header(String name) {
		List<String> values = this.headers.get(name);
		return (values != null && !values.isEmpty()) ? values.get(0) : null;
	}

	ErrorResponse withStatus(int other) {
		return new ErrorResponse(other, this.headers, this.body, this.rest);
	}

	/**
	 * The same for a client that need not come again.
	 * @return the answer without a delay, with {@code x-should-retry: false}
	 */
	public ErrorResponse withoutRetry() {
		Map<String, List<String>> changed = new HashMap<>(this.headers);
		changed.remove("retry-after");
		changed.remove("retry-after-ms");
		changed.put("x-should-retry", List.of("false"));
		return new ErrorResponse(this.status, changed, this.body, this.rest);
	}

	/** Closes the connection of an answer that nobody wants to read on. */
	public void discard() {
		if (this.rest != null) {
			this.rest.dispose();
		}
	}

}
