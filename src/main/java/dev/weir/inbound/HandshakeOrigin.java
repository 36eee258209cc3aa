package dev.weir.inbound;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.http.HttpHeaders;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;

/**
 * Checks the {@code Origin} of a WebSocket handshake (RFC 6455, section 10.2). Browsers
 * do not apply CORS to WebSockets, so without this check the script of any website could
 * open one to a Weir in the network of its visitor.
 */
final class HandshakeOrigin {

	private HandshakeOrigin() {
	}

	/**
	 * Checks that the website of the client may open a WebSocket: it has the host of the
	 * handshake, or the CORS settings allow it.
	 * @param exchange the handshake, to which the gateway has applied the CORS settings
	 * @throws ApiErrorException with status 403 if it may not
	 */
	static void check(ServerWebExchange exchange) {
		HttpHeaders headers = exchange.getRequest().getHeaders();
		@Nullable List<String> origins = headers.get(HttpHeaders.ORIGIN);
		if (origins == null
				|| exchange.getResponse().getHeaders().containsHeader(HttpHeaders.ACCESS_CONTROL_ALLOW_ORIGIN)) {
			return;
		}
		if (origins.size() != 1 || !isSameHost(origins.get(0), exchange.getRequest().getURI())) {
			throw new ApiErrorException(ApiError.invalid(403,
					"The CORS settings do not allow this origin to open a WebSocket.", null, "origin_not_allowed"),
					Map.of("vary", "Origin"));
		}
	}

	/** The schemes may differ: a proxy in front may terminate TLS. */
	private static boolean isSameHost(String origin, URI requested) {
		try {
			URI website = new URI(origin);
			return website.getHost() != null && website.getHost().equalsIgnoreCase(requested.getHost())
					&& port(website) == port(requested);
		}
		catch (URISyntaxException ex) {
			return false;
		}
	}

	/** The port if it is not a default port, else -1. */
	private static int port(URI uri) {
		int port = uri.getPort();
		return (port == 80 || port == 443) ? -1 : port;
	}

}
