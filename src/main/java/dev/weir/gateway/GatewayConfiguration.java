package dev.weir.gateway;

import java.util.List;

import reactor.netty.http.client.HttpClient;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.cloud.gateway.config.GatewayLoadBalancerProperties;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.cloud.gateway.config.HttpClientProperties;
import org.springframework.cloud.gateway.filter.headers.HttpHeadersFilter;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.cloud.loadbalancer.support.LoadBalancerClientFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.weir.backend.Pools;
import dev.weir.config.LiveConfiguration;
import dev.weir.failover.Failover;
import dev.weir.inbound.ModelsFilter;
import dev.weir.inbound.PoolResolver;
import dev.weir.upstream.BackendEndpoints;
import dev.weir.upstream.ModelListCache;

/**
 * Weir's filters for Spring Cloud Gateway, and replacements of some of the gateway's own
 * filters.
 */
@Configuration(proxyBeanMethods = false)
class GatewayConfiguration {

	@Bean
	PoolResolver poolResolver(Pools pools) {
		return (exchange) -> pools.of(exchange.getAttribute(ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR));
	}

	@Bean
	BreakGuardFilter breakGuardFilter() {
		return new BreakGuardFilter();
	}

	@Bean
	ReplyFilter replyFilter(Pools pools) {
		return new ReplyFilter(pools);
	}

	@Bean
	ModelsFilter modelsFilter(PoolResolver pools, ModelListCache models) {
		return new ModelsFilter(pools, models::of);
	}

	@Bean
	FailoverFilter failoverFilter(PoolResolver pools, BackendEndpoints endpoints, Failover failover) {
		return new FailoverFilter(pools, endpoints, failover);
	}

	@Bean
	LaneChoiceFilter laneChoiceFilter(LoadBalancerClientFactory factory, GatewayLoadBalancerProperties properties) {
		return new LaneChoiceFilter(factory, properties);
	}

	@Bean
	BackendRequestFilter backendRequestFilter(BackendEndpoints endpoints) {
		return new BackendRequestFilter(endpoints);
	}

	@Bean
	ResponseHeaders responseHeaders() {
		return new ResponseHeaders();
	}

	@Bean
	RouteLog routeLog(GatewayProperties gateway) {
		return new RouteLog(gateway);
	}

	@Bean
	static ReadableRouteLocator.Installer readableRouteLocator() {
		return new ReadableRouteLocator.Installer();
	}

	@Bean
	static PoolUrlFilter.Installer poolUrlFilter() {
		return new PoolUrlFilter.Installer();
	}

	@Bean
	static PoolRoutingFilter.Installer poolRoutingFilter(ObjectProvider<HttpClient> client,
			ObjectProvider<List<HttpHeadersFilter>> headersFilters, ObjectProvider<HttpClientProperties> properties) {
		return new PoolRoutingFilter.Installer(client, headersFilters, properties);
	}

	@Bean
	static PoolRouteMetadataPostProcessor poolRouteMetadata(ObjectProvider<LiveConfiguration> configuration) {
		return new PoolRouteMetadataPostProcessor(configuration);
	}

}
