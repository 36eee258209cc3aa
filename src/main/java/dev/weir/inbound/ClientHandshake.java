package dev.weir.inbound;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.reactive.ServerHttpRequest;

import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;

/**
 * The handshake with which a client opens a WebSocket (RFC 6455, section 4.1).
 *
 * @param key the client's key, from which the accept key is computed
 * @param protocols the sub-protocols that a backend may see, in the client's order
 */
public record ClientHandshake(String key, List<String> protocols) {

	/** The header with sub-protocols. */
	public static final String PROTOCOL = "Sec-WebSocket-Protocol";

	private static final String VERSION = "13";

	private static final String KEY = "Sec-WebSocket-Key";

	private static final int KEY_LENGTH = 16;

	/** RFC 6455, section 1.3. */
	private static final String ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

	/** Sub-protocols with which browsers name a key or an account. */
	private static final List<String> HIDDEN = List.of(ProtocolKeyRemover.KEY_PREFIX, "openai-organization.",
			"openai-project.");

	/**
	 * Whether a request asks for a WebSocket.
	 * @param request the request
	 * @return whether it is a GET with {@code Upgrade: websocket}
	 */
	public static boolean isIn(ServerHttpRequest request) {
		return request.getMethod() == HttpMethod.GET
				&& hasToken(request.getHeaders(), HttpHeaders.UPGRADE, "websocket");
	}

	/**
	 * Reads the handshake of a request.
	 * @param headers the headers of the request
	 * @return the handshake
	 * @throws ApiErrorException if it is not valid
	 */
	public static ClientHandshake of(HttpHeaders headers) {
		if (!hasToken(headers, HttpHeaders.CONNECTION, "upgrade")) {
			throw invalid("The header Connection of a WebSocket handshake must be Upgrade.");
		}
		String version = headers.getFirst("Sec-WebSocket-Version");
		if (!VERSION.equals(version)) {
			throw new ApiErrorException(
					ApiError.invalid(426, "The version of the WebSocket protocol must be 13 (RFC 6455).", null,
							"unsupported_websocket_version"),
					Map.of("sec-websocket-version", VERSION, "upgrade", "websocket", "connection", "Upgrade"));
		}
		@Nullable List<String> keys = headers.get(KEY);
		if (keys == null || keys.size() != 1 || !isKey(keys.get(0).strip())) {
			throw invalid("The header Sec-WebSocket-Key must have 16 bytes in base64.");
		}
		if (headers.getContentLength() > 0 || headers.containsHeader(HttpHeaders.TRANSFER_ENCODING)) {
			throw invalid("A WebSocket handshake has no body.");
		}
		return new ClientHandshake(keys.get(0).strip(), protocols(headers));
	}

	private static List<String> protocols(HttpHeaders headers) {
		Set<String> names = new LinkedHashSet<>();
		for (String name : tokens(headers, PROTOCOL)) {
			if (!isToken(name)) {
				throw invalid("The header Sec-WebSocket-Protocol is malformed.");
			}
			if (HIDDEN.stream().noneMatch(name.toLowerCase(Locale.ROOT)::startsWith)) {
				names.add(name);
			}
		}
		return List.copyOf(names);
	}

	/**
	 * The tokens of a header that is a list.
	 * @param headers the headers
	 * @param name the name of the header
	 * @return its tokens
	 */
	static List<String> tokens(HttpHeaders headers, String name) {
		List<String> tokens = new ArrayList<>();
		@Nullable List<String> values = headers.get(name);
		if (values != null) {
			for (String value : values) {
				for (String token : value.split(",")) {
					if (!token.isBlank()) {
						tokens.add(token.strip());
					}
				}
			}
		}
		return tokens;
	}

	private static boolean hasToken(HttpHeaders headers, String name, String token) {
		return tokens(headers, name).stream().anyMatch(token::equalsIgnoreCase);
	}

	private static boolean isToken(String text) {
		for (int i = 0; i < text.length(); i++) {
			char c = text.charAt(i);
			if (c <= ' ' || c >= 0x7F || "\"(),/:;<=>?@[\\]{}".indexOf(c) >= 0) {
				return false;
			}
		}
		return !text.isEmpty();
	}

	private static boolean isKey(String key) {
		try {
			return Base64.getDecoder().decode(key).length == KEY_LENGTH;
		}
		catch (IllegalArgumentException ex) {
			return false;
		}
	}

	/**
	 * The key that proves that a server understands the handshake.
	 * @return the value of {@code Sec-WebSocket-Accept}
	 */
	public String accept() {
		return accept(this.key);
	}

	/**
	 * Computes the key that proves that a server understands a handshake.
	 * @param key the value of {@code Sec-WebSocket-Key}
	 * @return the value of {@code Sec-WebSocket-Accept}
	 */
	public static String accept(String key) {
		try {
			byte[] hash = MessageDigest.getInstance("SHA-1")
				.digest((key + ACCEPT_SUFFIX).getBytes(StandardCharsets.US_ASCII));
			return Base64.getEncoder().encodeToString(hash);
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static ApiErrorException invalid(String message) {
		return new ApiErrorException(ApiError.invalid(400, message, null, "invalid_websocket_handshake"));
	}

	@Override
	public String toString() {
		return "handshake with the protocols " + this.protocols;
	}

}
