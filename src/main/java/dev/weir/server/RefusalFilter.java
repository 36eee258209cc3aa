package dev.weir.server;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerRequest;

import org.springframework.core.Ordered;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;

import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.RequestId;

/**
 * Ends a request that {@link RequestGuard} has refused.
 */
final class RefusalFilter implements WebFilter, Ordered {

	private static final Logger logger = LoggerFactory.getLogger(RefusalFilter.class);

	@Override
	public int getOrder() {
		return RequestIdFilter.ORDER + 1;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
		ServerHttpRequest request = exchange.getRequest();
		if (ServerHttpRequestDecorator.getNativeRequest(request) instanceof HttpServerRequest server
				&& server.requestHeaders() instanceof RefusedHeaders headers) {
			Refusal refusal = headers.refusal();
			logger.info("Refused a request of {} with {}: {} [{}]", request.getRemoteAddress(), refusal.status(),
					refusal.message(), RequestId.of(exchange.getAttributes()));
			return Mono.error(new ApiErrorException(refusal.toError()));
		}
		return chain.filter(exchange);
	}

}
