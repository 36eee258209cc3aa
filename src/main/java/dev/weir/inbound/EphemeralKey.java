package dev.weir.inbound;

import org.jspecify.annotations.Nullable;

import org.springframework.http.HttpHeaders;

/**
 * The ephemeral key of a realtime session: a client's only key that a backend gets, since
 * the backend has issued it and knows the configuration of the session by it.
 */
public final class EphemeralKey {

	private static final String PREFIX = "ek_";

	private static final String BEARER = "Bearer ";

	private EphemeralKey() {
	}

	/**
	 * Finds the key of a request.
	 * @param headers its headers
	 * @return the key, or {@code null} if the client has another key or none
	 */
	public static @Nullable String of(HttpHeaders headers) {
		String header = headers.getFirst(HttpHeaders.AUTHORIZATION);
		if (header != null && header.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
			String key = header.substring(BEARER.length()).strip();
			return key.startsWith(PREFIX) ? key : null;
		}
		return null;
	}

}
