package dev.weir.gateway;

import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.core.Ordered;
import org.springframework.http.HttpHeaders;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.request.Client;
import dev.weir.request.ClientAccess;
import dev.weir.request.RequestContext;

/**
 * Removes the key of a client from a request to a server that belongs to no pool, which
 * could call Weir with it. The filters of the route may set a credential for that server.
 * Backends of pools get no header of the client that is not allowed.
 */
final class KeyRemovalFilter implements GlobalFilter, Ordered {

	/** Before the filters of users and those that write the reply. */
	static final int ORDER = -4;

	private static final String POOL = "lb";

	private static final String API_KEY = "api-key";

	@Override
	public int getOrder() {
		return ORDER;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		Client client = RequestContext.of(exchange).client();
		Route route = exchange.getAttribute(ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR);
		if (client == null || route == null || POOL.equals(route.getUri().getScheme())) {
			return chain.filter(exchange);
		}
		if (client.isForSessionsOnly()) {
			return Mono.error(ClientAccess.sessionsOnly());
		}
		return chain.filter(exchange.mutate().request((request) -> request.headers((headers) -> {
			headers.remove(HttpHeaders.AUTHORIZATION);
			headers.remove(API_KEY);
		})).build());
	}

}
