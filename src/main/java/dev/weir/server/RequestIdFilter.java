package dev.weir.server;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.core.Ordered;
import org.springframework.http.HttpHeaders;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;

import dev.weir.backend.Attempts;
import dev.weir.request.RequestId;

/**
 * Gives each request an id, which its reply names in {@code x-weir-request-id}. Where no
 * backend has named the request in {@code x-request-id}, where SDKs look for what to
 * quote, the same id stands there, too; but replies of routes that lead to no pool are
 * their server's own.
 */
final class RequestIdFilter implements WebFilter, Ordered {

	/** Before every filter that could end a request. */
	static final int ORDER = Ordered.HIGHEST_PRECEDENCE;

	private static final String WEIR_REQUEST_ID = "x-weir-request-id";

	private static final String REQUEST_ID = "x-request-id";

	private final RequestIds ids = new RequestIds();

	@Override
	public int getOrder() {
		return ORDER;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
		String id = this.ids.next();
		exchange.getAttributes().put(RequestId.ATTRIBUTE, id);
		exchange.getResponse().beforeCommit(() -> {
			HttpHeaders headers = exchange.getResponse().getHeaders();
			headers.set(WEIR_REQUEST_ID, id);
			if (isNamedByWeir(exchange) && !headers.containsHeader(REQUEST_ID)) {
				headers.set(REQUEST_ID, id);
			}
			return Mono.empty();
		});
		return chain.filter(exchange);
	}

	private static boolean isNamedByWeir(ServerWebExchange exchange) {
		@Nullable Object otherServer = exchange.getAttribute(ServerWebExchangeUtils.CLIENT_RESPONSE_ATTR);
		return otherServer == null || exchange.getAttribute(Attempts.ATTRIBUTE) != null;
	}

}
