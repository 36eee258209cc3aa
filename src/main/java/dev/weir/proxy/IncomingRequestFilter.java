package dev.weir.proxy;

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
import dev.weir.api.SafePath;

/**
 * Turns away requests that must not go anywhere, before a route is chosen.
 */
final class IncomingRequestFilter implements WebFilter, Ordered {

	private static final List<String> METHODS = List.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

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
		@Nullable String problem = SafePath.problemWith(exchange.getRequest().getURI().getRawPath());
		if (problem != null) {
			return Mono.error(new ApiErrorException(invalid(400, problem + ".", "invalid_path")));
		}
		return chain.filter(exchange);
	}

	private static ApiError invalid(int status, String message, String code) {
		return new ApiError(status, message, "invalid_request_error", null, code);
	}

}
