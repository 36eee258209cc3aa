package dev.weir.gateway;

import java.net.URI;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.cloud.client.loadbalancer.DefaultResponse;
import org.springframework.cloud.client.loadbalancer.LoadBalancerLifecycle;
import org.springframework.cloud.gateway.config.GatewayLoadBalancerProperties;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.ReactiveLoadBalancerClientFilter;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;
import org.springframework.cloud.loadbalancer.support.LoadBalancerClientFactory;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.backend.Attempt;
import dev.weir.backend.Lane;
import dev.weir.balance.LaneLoadBalancer;
import dev.weir.failover.NoLaneException;
import dev.weir.request.RequestContext;

/**
 * Spring Cloud Gateway's load balancer filter with a shortcut to Weir's load balancer,
 * which avoids a copy of the request and a look-up in the pool's child context for each
 * attempt. A pool with another load balancer or with a {@link LoadBalancerLifecycle},
 * which must be notified of each choice, uses the gateway's own code.
 */
final class LaneChoiceFilter extends ReactiveLoadBalancerClientFilter {

	private final LoadBalancerClientFactory factory;

	// by the name of the pool
	private final Map<String, Optional<LaneLoadBalancer>> balancers = new ConcurrentHashMap<>();

	LaneChoiceFilter(LoadBalancerClientFactory factory, GatewayLoadBalancerProperties properties) {
		super(factory, properties);
		this.factory = factory;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		RequestContext context = RequestContext.find(exchange);
		URI url = exchange.getAttribute(ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR);
		if (context == null || !context.hasFailover() || url == null || !"lb".equals(url.getScheme())) {
			return super.filter(exchange, chain);
		}
		Attempt running = context.failover().attempts().current();
		if (running != null) {
			// the same attempt is sent again with a new credential
			return proceed(exchange, chain, url, running.lane());
		}
		String pool = context.pool().name();
		Optional<LaneLoadBalancer> balancer = this.balancers.get(pool);
		if (balancer == null) {
			balancer = this.balancers.computeIfAbsent(pool, this::balancer);
		}
		if (balancer.isEmpty()) {
			return super.filter(exchange, chain);
		}
		Lane lane = balancer.get().choose(context.failover());
		return (lane != null) ? proceed(exchange, chain, url, lane) : Mono.error(NoLaneException::new);
	}

	private static Mono<Void> proceed(ServerWebExchange exchange, GatewayFilterChain chain, URI pool, Lane lane) {
		ServerWebExchangeUtils.addOriginalRequestUrl(exchange, pool);
		Map<String, Object> attributes = exchange.getAttributes();
		attributes.put(ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR, lane.getUri());
		attributes.put(ServerWebExchangeUtils.GATEWAY_LOADBALANCER_RESPONSE_ATTR, new DefaultResponse(lane));
		return chain.filter(exchange);
	}

	private Optional<LaneLoadBalancer> balancer(String pool) {
		boolean notified = !this.factory.getInstances(pool, LoadBalancerLifecycle.class).isEmpty();
		@Nullable ReactorServiceInstanceLoadBalancer balancer = this.factory.getInstance(pool,
				ReactorServiceInstanceLoadBalancer.class);
		return (!notified && balancer instanceof LaneLoadBalancer lanes) ? Optional.of(lanes) : Optional.empty();
	}

}
