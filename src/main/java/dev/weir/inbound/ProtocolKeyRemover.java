package dev.weir.inbound;

import java.util.List;
import java.util.Locale;

import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.HttpHandler;
import org.springframework.http.server.reactive.HttpHandlerDecoratorFactory;
import org.springframework.http.server.reactive.ServerHttpRequest;

/**
 * Moves the key that a browser sends as a sub-protocol of a WebSocket to the header
 * {@code Authorization}, which is neither logged nor forwarded. A browser cannot set
 * headers of a handshake.
 */
final class ProtocolKeyRemover implements HttpHandlerDecoratorFactory {

	/** The beginning of the sub-protocol. */
	static final String KEY_PREFIX = "openai-insecure-api-key.";

	@Override
	public HttpHandler apply(HttpHandler handler) {
		return (request, response) -> handler.handle(withoutKey(request), response);
	}

	private static ServerHttpRequest withoutKey(ServerHttpRequest request) {
		if (!request.getHeaders().containsHeader(ClientHandshake.PROTOCOL)) {
			return request;
		}
		List<String> all = ClientHandshake.tokens(request.getHeaders(), ClientHandshake.PROTOCOL);
		List<String> keys = all.stream().filter(ProtocolKeyRemover::isKey).toList();
		if (keys.isEmpty()) {
			return request;
		}
		return request.mutate().headers((headers) -> {
			List<String> others = all.stream().filter((protocol) -> !isKey(protocol)).toList();
			headers.remove(ClientHandshake.PROTOCOL);
			if (!others.isEmpty()) {
				headers.set(ClientHandshake.PROTOCOL, String.join(", ", others));
			}
			if (!headers.containsHeader(HttpHeaders.AUTHORIZATION)) {
				headers.setBearerAuth(keys.get(0).substring(KEY_PREFIX.length()));
			}
		}).build();
	}

	private static boolean isKey(String protocol) {
		return protocol.toLowerCase(Locale.ROOT).startsWith(KEY_PREFIX);
	}

}
