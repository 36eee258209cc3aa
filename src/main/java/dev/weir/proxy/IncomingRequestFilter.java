package dev.weir.proxy;

import java.util.Set;

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

	private static final Set<String> METHODS = Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

	@Override
	public int getOrder() {
		return Ordered.HIGHEST_PRECEDENCE;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
		String method = exchange.getRequest().getMethod().name();
		if (!METHODS.contains(method)) {
			return refuse(405, "The method " + method + " is not supported.", "method_not_allowed");
		}
		@Nullable String problem = SafePath.problemWith(exchange.getRequest().getURI().getRawPath());
		if (problem != null) {
			return refuse(400, problem + ".", "invalid_path");
		}
		return chain.filter(exchange);
	}

	private static Mono<Void> refuse(int status, String message, String code) {
		return Mono.error(new ApiErrorException(new ApiError(status, message, "invalid_request_error", null, code)));
	}

}
