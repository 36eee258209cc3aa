package dev.weir.inbound;

import java.net.URI;
import java.util.List;
import java.util.Map;

import reactor.core.publisher.Mono;

import org.springframework.core.Ordered;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;

import dev.weir.openai.call.SafePath;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;

/**
 * Rejects requests with an unsupported method or an unsafe path before a route is chosen,
 * and normalizes the paths of all others.
 */
final class IncomingRequestFilter implements WebFilter, Ordered {

	private static final List<String> METHODS = List.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

	/**
	 * After the filters that observe every reply and reject requests that could not be
	 * decoded.
	 */
	@Override
	public int getOrder() {
		return Ordered.HIGHEST_PRECEDENCE + 1;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
		String method = exchange.getRequest().getMethod().name();
		if (!METHODS.contains(method)) {
			ApiError error = ApiError.invalid(405, "The method " + method + " is not supported.", null,
					"method_not_allowed");
			return Mono.error(new ApiErrorException(error, Map.of("allow", String.join(", ", METHODS))));
		}
		ServerHttpRequest request = exchange.getRequest();
		URI uri = request.getURI();
		String raw = uri.getRawPath();
		String path;
		try {
			path = SafePath.of(raw);
		}
		catch (ApiErrorException ex) {
			return Mono.error(ex);
		}
		// router, filters and backend must see the same path
		return chain.filter(path.equals(raw) ? exchange
				: exchange.mutate().request(request.mutate().uri(withPath(uri, path)).build()).build());
	}

	// Spring's builder rejects the brackets in include[]=, which SDKs send
	private static URI withPath(URI uri, String path) {
		String query = (uri.getRawQuery() != null) ? "?" + uri.getRawQuery() : "";
		return URI.create(uri.getScheme() + "://" + uri.getRawAuthority() + path + query);
	}

}
