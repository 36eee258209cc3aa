package dev.weir.client;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.http.HttpHeaders;

/**
 * The credentials that the head of a request has. A key in the query or in a sub-protocol
 * of a WebSocket has been moved to a header before.
 */
final class SentCredential {

	private static final String API_KEY = "api-key";

	private static final String BEARER = "Bearer ";

	private static final String BASIC = "Basic ";

	private static final int MAX_HEADERS = 4;

	private SentCredential() {
	}

	/**
	 * The keys and tokens of a client. An SDK may send two, of which one is a
	 * placeholder.
	 * @param headers the headers of the request
	 * @return those of {@code Authorization: Bearer} and {@code api-key}, at most four
	 */
	static List<String> keys(HttpHeaders headers) {
		List<String> keys = new ArrayList<>(2);
		addAfter(BEARER, headers, keys);
		List<String> values = headers.get(API_KEY);
		if (values != null) {
			values.stream().limit(MAX_HEADERS - keys.size()).map(String::strip).forEach((value) -> add(value, keys));
		}
		return keys;
	}

	/**
	 * The passwords of HTTP Basic (RFC 7617). The user name has no meaning, as keys are
	 * unique.
	 * @param headers the headers of the request
	 * @return the passwords, at most four
	 */
	static List<String> passwords(HttpHeaders headers) {
		List<String> encoded = new ArrayList<>(1);
		addAfter(BASIC, headers, encoded);
		List<String> passwords = new ArrayList<>(1);
		for (String value : encoded) {
			String password = password(value);
			if (password != null) {
				passwords.add(password);
			}
		}
		return passwords;
	}

	private static @Nullable String password(String encoded) {
		try {
			String pair = new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8);
			int colon = pair.indexOf(':');
			return (colon >= 0) ? pair.substring(colon + 1) : null;
		}
		catch (IllegalArgumentException ex) {
			return null;
		}
	}

	private static void addAfter(String scheme, HttpHeaders headers, List<String> found) {
		List<String> values = headers.get(HttpHeaders.AUTHORIZATION);
		if (values == null) {
			return;
		}
		for (int i = 0; i < Math.min(values.size(), MAX_HEADERS); i++) {
			String value = values.get(i).strip();
			if (value.regionMatches(true, 0, scheme, 0, scheme.length())) {
				add(value.substring(scheme.length()).strip(), found);
			}
		}
	}

	private static void add(String value, List<String> found) {
		if (!value.isEmpty() && !found.contains(value)) {
			found.add(value);
		}
	}

}
