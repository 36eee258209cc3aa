package dev.weir.gateway;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.web.server.ServerWebExchange;

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

}
