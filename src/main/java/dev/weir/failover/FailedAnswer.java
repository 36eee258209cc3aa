package dev.weir.failover;

import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * An error that a backend answered with, read to its end so that its connection can serve
 * again, and kept in case no other backend takes the request.
 *
 * @param status the HTTP status
 * @param headers the response headers, less those that end with each hop
 * @param body the body, or {@code null} if it was too long or too slow to be read
 */
record FailedAnswer(int status, Map<String, List<String>> headers, byte @Nullable [] body) {

	boolean isWhole() {
		return this.body != null;
	}

	byte[] bodyOrEmpty() {
		return (this.body != null) ? this.body : new byte[0];
	}

	@Nullable String header(String name) {
		List<String> values = this.headers.get(name);
		return (values != null && !values.isEmpty()) ? values.get(0) : null;
	}

}
