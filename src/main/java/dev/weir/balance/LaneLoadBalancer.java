package dev.weir.balance;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.random.RandomGenerator;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.DefaultResponse;
import org.springframework.cloud.client.loadbalancer.EmptyResponse;
import org.springframework.cloud.client.loadbalancer.Request;
import org.springframework.cloud.client.loadbalancer.RequestDataContext;
import org.springframework.cloud.client.loadbalancer.Response;
import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;

import dev.weir.backend.Lane;
import dev.weir.backend.Tier;
import dev.weir.config.BalancingStrategy;
import dev.weir.request.FailoverState;
import dev.weir.request.RequestContext;

/**
 * Chooses a lane for a request and begins the attempt on it. Candidates are the lanes
 * that are available and not tried yet in this request. The strategy of the pool picks
 * one in the best tier that has a candidate. A lane whose backend has just broken off a
 * response is picked only if its tier has no other candidate, because the client of that
 * response will probably retry soon. If the attempt cannot begin, since another request
 * took the last place of the lane or the half-open circuit breaker has enough probes, the
 * choice is repeated.
 */
public final class LaneLoadBalancer implements ReactorServiceInstanceLoadBalancer {

	private final Map<BalancingStrategy, Strategy> strategies = new EnumMap<>(BalancingStrategy.class);

	LaneLoadBalancer(RandomGenerator random) {
		for (BalancingStrategy setting : BalancingStrategy.values()) {
			this.strategies.put(setting, Strategy.of(setting, random));
		}
	}

	/**
	 * Chooses a lane.
	 * @param failover the state of the request; the attempt is added to it
	 * @return the lane, or {@code null} if there is no candidate
	 */
	public @Nullable Lane choose(FailoverState failover) {
		Lane lane = pick(failover);
		while (lane != null && !failover.tryBegin(lane)) {
			lane = pick(failover);
		}
		return lane;
	}

	private @Nullable Lane pick(FailoverState failover) {
		// read for each choice, because a reload may change it
		Strategy strategy = strategy(failover.pool().properties().strategy(), failover.traits().promptKey());
		for (Tier tier : failover.candidates().lanes().tiers()) {
			Lane lane = strategy.pick(tier,
					(it) -> failover.candidates().contains(it) && !it.backend().brokeRecently());
			if (lane == null) {
				lane = strategy.pick(tier, failover.candidates()::contains);
			}
			if (lane != null) {
				return lane;
			}
		}
		return null;
	}

	private Strategy strategy(BalancingStrategy setting, long promptKey) {
		return (setting == BalancingStrategy.CACHE_AFFINE && promptKey != 0)
				? (tier, candidates) -> CacheAffinity.pick(tier, candidates, promptKey)
				: Objects.requireNonNull(this.strategies.get(setting));
	}

	/**
	 * Finds the context of a request that Spring Cloud Gateway passes to a load balancer:
	 * it hands over the attributes of the exchange.
	 * @param request the request of Spring Cloud LoadBalancer
	 * @return the context
	 */
	static RequestContext contextOf(Request<?> request) {
		RequestContext found = (request.getContext() instanceof RequestDataContext context
				&& context.getClientRequest() != null) ? RequestContext.find(context.getClientRequest().getAttributes())
						: null;
		if (found == null) {
			throw new IllegalStateException("A request to a pool must pass the failover filter");
		}
		return found;
	}

	@Override
	@SuppressWarnings({ "rawtypes", "unchecked" }) // as Spring Cloud LoadBalancer
													// declares it
	public Mono<Response<ServiceInstance>> choose(Request request) {
		return Mono.fromSupplier(() -> {
			Lane lane = choose(contextOf(request).failover());
			return (lane != null) ? new DefaultResponse(lane) : new EmptyResponse();
		});
	}

}
