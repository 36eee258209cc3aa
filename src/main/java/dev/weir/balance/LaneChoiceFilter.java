package dev.weir.balance;

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
import org.springframework.cloud.gateway.support.NotFoundException;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;
import org.springframework.cloud.loadbalancer.support.LoadBalancerClientFactory;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.backend.Attempts;
import dev.weir.backend.Lane;

/**
 * Spring Cloud Gateway's load balancer filter with a direct call of
 * {@link LaneLoadBalancer}, which needs neither a copy of the request nor a lookup in a
 * child context for each attempt. A pool with another load balancer, or with a
 * {@link LoadBalancerLifecycle} that is notified of each choice, uses the code of the
 * gateway.
 */
final class LaneChoiceFilter extends ReactiveLoadBalancerClientFilter {

	private final LoadBalancerClientFactory factory;

	private final GatewayLoadBalancerProperties properties;

	// by pool; empty for a pool that uses the code of the gateway
	private final Map<String, Optional<LaneLoadBalancer>> balancers = new ConcurrentHashMap<>();

	LaneChoiceFilter(LoadBalancerClientFactory factory, GatewayLoadBalancerProperties properties) {
		super(factory, properties);
		this.factory = factory;
		this.properties = properties;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		Attempts attempts = exchange.getAttribute(Attempts.ATTRIBUTE);
		@Nullable URI url = exchange.getAttribute(ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR);
		if (attempts == null || url == null || !"lb".equals(url.getScheme())) {
			return super.filter(exchange, chain);
		}
		String pool = attempts.pool().name();
		Optional<LaneLoadBalancer> balancer = this.balancers.get(pool);
		if (balancer == null) {
			balancer = this.balancers.computeIfAbsent(pool, this::balancer);
		}
		if (balancer.isEmpty()) {
			return super.filter(exchange, chain);
		}
		Lane lane = balancer.get().choose(attempts);
		if (lane == null) {
			return Mono.error(
					() -> NotFoundException.create(this.properties.isUse404(), "Unable to find instance for " + pool));
		}
		ServerWebExchangeUtils.addOriginalRequestUrl(exchange, url);
		exchange.getAttributes().put(ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR, lane.getUri());
		exchange.getAttributes()
			.put(ServerWebExchangeUtils.GATEWAY_LOADBALANCER_RESPONSE_ATTR, new DefaultResponse(lane));
		return chain.filter(exchange);
	}

	private Optional<LaneLoadBalancer> balancer(String pool) {
		boolean observed = !this.factory.getInstances(pool, LoadBalancerLifecycle.class).isEmpty();
		return (!observed && this.factory.getInstance(pool,
				ReactorServiceInstanceLoadBalancer.class) instanceof LaneLoadBalancer lanes) ? Optional.of(lanes)
						: Optional.empty();
	}

}
