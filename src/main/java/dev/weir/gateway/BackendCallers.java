package dev.weir.gateway;

import org.jspecify.annotations.Nullable;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.request.RequestContext;
import dev.weir.upstream.BackendEndpoints;

/**
 * Creates the callers of requests.
 *
 * @param endpoints the URLs and credentials of the backends
 * @param routes the current routes
 */
record BackendCallers(BackendEndpoints endpoints, LiveRoutes routes) {

	/**
	 * Creates the caller of one request.
	 * @param exchange the client's exchange
	 * @param chain the rest of the filter chain
	 * @param pool the name of the pool
	 * @return the caller
	 */
	GatewayBackendCaller of(ServerWebExchange exchange, GatewayFilterChain chain, String pool) {
		return new GatewayBackendCaller(exchange, chain, this, pool);
	}

	/**
	 * Creates the caller of a request that came on the WebSocket of a client, and gives
	 * the request the current configuration.
	 * @param handshake the exchange of the handshake
	 * @param message the request
	 * @param chain the rest of the filter chain
	 * @param pool the name of the pool
	 * @return the caller, or {@code null} if the handshake would pass another route or
	 * other filters now
	 */
	@Nullable GatewayBackendCaller ofMessage(ServerWebExchange handshake, RequestContext message, GatewayFilterChain chain,
			String pool) {
		Route route = handshake.getAttribute(ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR);
		Route same = (route != null) ? this.routes.continueOn(route, message) : null;
		if (same == null) {
			return null;
		}
		PartExchange exchange = new PartExchange(handshake, message);
		exchange.getAttributes().put(ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR, same);
		return of(exchange, chain, pool);
	}

}
