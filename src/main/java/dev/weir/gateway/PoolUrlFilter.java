package dev.weir.gateway;

import java.net.URI;

import reactor.core.publisher.Mono;

import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.RouteToRequestUrlFilter;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.web.server.ServerWebExchange;

/**
 * Spring Cloud Gateway's filter that merges a route's URI with that of the request, with
 * a shortcut for pools: the route's URI names the pool, and the path is written later,
 * once a backend has been chosen.
 */
final class PoolUrlFilter extends RouteToRequestUrlFilter {

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		Route route = exchange.getAttribute(ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR);
		URI uri = (route != null) ? route.getUri() : null;
		if (uri == null || !"lb".equals(uri.getScheme()) || uri.getHost() == null) {
			return super.filter(exchange, chain);
		}
		exchange.getAttributes().put(ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR, uri);
		return chain.filter(exchange);
	}

	/** Replaces the gateway's filter, but not a subclass that a user has defined. */
	static final class Installer implements BeanPostProcessor {

		@Override
		public Object postProcessAfterInitialization(Object bean, String beanName) {
			return (bean.getClass() == RouteToRequestUrlFilter.class) ? new PoolUrlFilter() : bean;
		}

	}

}
