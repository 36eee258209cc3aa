package dev.weir.gateway;

import dev.weir.request.RequestContext;
import reactor.core.publisher.Flux;
import org.springframework.cloud.gateway.support.ConfigurationService;
import org.springframework.cloud.gateway.route.CompositeRouteLocator;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.context.annotation.Primary;
import org.springframework.context.ApplicationEventPublisher;
import java.util.List;

import reactor.netty.http.client.HttpClient;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.cloud.gateway.config.GatewayLoadBalancerProperties;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.cloud.gateway.filter.NettyRoutingFilter;
import org.springframework.cloud.gateway.config.HttpClientProperties;
import org.springframework.cloud.gateway.filter.headers.HttpHeadersFilter;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.cloud.loadbalancer.support.LoadBalancerClientFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.weir.affinity.ObjectAccess;
import dev.weir.affinity.ObjectAffinity;
import dev.weir.backend.ConfigurationListener;
import dev.weir.backend.PoolSet;
import dev.weir.backend.Pools;
import dev.weir.config.LiveConfiguration;
import dev.weir.failover.Failover;
import dev.weir.list.MergedLists;
import dev.weir.inbound.ModelsFilter;
import dev.weir.inbound.PoolResolver;
import dev.weir.upstream.BackendEndpoints;
import dev.weir.websocket.EphemeralKeys;
import dev.weir.websocket.WebSocketConnector;
import dev.weir.upstream.ModelListCache;

/**
 * Weir's filters for Spring Cloud Gateway, and replacements of some of the gateway's own
 * filters.
 */
@Configuration(proxyBeanMethods = false)
class GatewayConfiguration {

	@Bean
	KeyRemovalFilter keyRemovalFilter() {
		return new KeyRemovalFilter();
	}

	@Bean
	PoolResolver poolResolver() {
		return (exchange) -> RequestContext.of(exchange)
			.configuration()
			.of(exchange.getAttribute(ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR));
	}

	/** Has the name of the gateway's own bean, which it replaces. */
	@Bean("cachedCompositeRouteLocator")
	@Primary
	LiveRoutes liveRoutes(List<RouteLocator> locators, GatewayProperties gateway, Pools pools,
			ObjectProvider<RouteLocator> all, ConfigurationService values, ApplicationEventPublisher events) {
		return new LiveRoutes(new CompositeRouteLocator(Flux.fromIterable(locators)), gateway, pools, all, values,
				events);
	}

	@Bean
	BreakGuardFilter breakGuardFilter() {
		return new BreakGuardFilter();
	}

	@Bean
	ReplyFilter replyFilter() {
		return new ReplyFilter();
	}

	@Bean
	ModelsFilter modelsFilter(PoolResolver pools, ModelListCache models, ObjectAccess access) {
		return new ModelsFilter(pools, models::of,
				(context, names) -> access.visibleModels(context.client(), context.pool(), names));
	}

	@Bean
	BackendCallers backendCallers(BackendEndpoints endpoints, LiveRoutes routes) {
		return new BackendCallers(endpoints, routes);
	}

	@Bean
	FailoverFilter failoverFilter(PoolResolver pools, BackendCallers callers, ObjectAffinity affinity,
			Failover failover, MergedLists lists, WebSocketConnector sockets, EphemeralKeys keys) {
		return new FailoverFilter(pools, callers, affinity, failover, lists, sockets, keys);
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
	static MaskedGatewayEndpoint.Installer maskedGatewayEndpoint() {
		return new MaskedGatewayEndpoint.Installer();
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
	ConfigurationListener routingFilterUpdate(NettyRoutingFilter filter, LiveRoutes routes) {
		return new ConfigurationListener() {

			@Override
			public void onApplied(PoolSet current) {
				if (filter instanceof PoolRoutingFilter pools) {
					pools.onRoutesReplaced(routes.all());
				}
			}

		};
	}

	@Bean
	static PoolRouteMetadata.Installer poolRouteMetadata(ObjectProvider<LiveConfiguration> configuration) {
		return new PoolRouteMetadata.Installer(configuration);
	}

}
