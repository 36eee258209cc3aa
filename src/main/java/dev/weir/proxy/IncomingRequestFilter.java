package dev.weir.proxy;

import java.net.URI;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;

import dev.weir.api.ApiError;
import dev.weir.api.ApiErrorException;
import dev.weir.api.Query;
import dev.weir.api.SafePath;

/**
 * Turns away requests that must not go anywhere, before a route is chosen, and takes a
 * credential out of the query, so that no log and no backend sees it.
 */
final class IncomingRequestFilter implements WebFilter, Ordered {

	private static final List<String> METHODS = List.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

	private static final String KEY_PARAMETER = "api-key";

	@Override
	public int getOrder() {
		return Ordered.HIGHEST_PRECEDENCE;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
		String method = exchange.getRequest().getMethod().name();
		if (!METHODS.contains(method)) {
			ApiError error = invalid(405, "The method " + method + " is not supported.", "method_not_allowed");
			return Mono.error(new ApiErrorException(error, Map.of("allow", String.join(", ", METHODS))));
		}
		URI uri = exchange.getRequest().getURI();
		@Nullable String problem = SafePath.problemWith(uri.getRawPath());
		if (problem != null) {
			return Mono.error(new ApiErrorException(invalid(400, problem + ".", "invalid_path")));
		}
		Query query = Query.of(uri.getRawQuery());
		if (query.has(KEY_PARAMETER)) {
			URI cleaned = withQuery(uri, query.without(KEY_PARAMETER));
			return chain.filter(exchange.mutate().request((request) -> request.uri(cleaned)).build());
		}
		return chain.filter(exchange);
	}

	// not by Spring's builder, which refuses the brackets in include[]=, as SDKs send it
	private static URI withQuery(URI uri, Query query) {
		String whole = uri.toString();
		String path = whole.substring(0, whole.indexOf('?'));
		return URI.create(query.parameters().isEmpty() ? path : path + "?" + query);
	}

	private static ApiError invalid(int status, String message, String code) {
		return new ApiError(status, message, "invalid_request_error", null, code);
	}

}
