package dev.weir.proxy;

import java.util.List;

import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.handler.RoutePredicateHandlerMapping;
import org.springframework.core.Ordered;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.reactive.HandlerMapping;
import org.springframework.web.server.ServerWebExchange;

/**
 * Asks the gateway's routes first about the calls that make up nearly all traffic.
 * Otherwise everything else that could answer a request, Actuator's endpoints and the
 * mappings of Spring WebFlux, looks at each of them before.
 */
final class CallMapping implements HandlerMapping, Ordered {

	private static final List<String> CALLS = List.of("/chat/completions", "/responses", "/embeddings", "/completions");

	private final RoutePredicateHandlerMapping routes;

	CallMapping(RoutePredicateHandlerMapping routes) {
		this.routes = routes;
	}

	@Override
	public int getOrder() {
		return Ordered.HIGHEST_PRECEDENCE;
	}

	@Override
	public Mono<Object> getHandler(ServerWebExchange exchange) {
		return isCall(exchange.getRequest()) ? this.routes.getHandler(exchange) : Mono.empty();
	}

	private static boolean isCall(ServerHttpRequest request) {
		if (request.getMethod() != HttpMethod.POST) {
			return false;
		}
		String path = request.getURI().getRawPath();
		for (String call : CALLS) {
			if (path.endsWith(call)) {
				return true;
			}
		}
		return false;
	}

}
