package dev.weir.balance;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.DefaultResponse;
import org.springframework.cloud.client.loadbalancer.EmptyResponse;
import org.springframework.cloud.client.loadbalancer.Request;
import org.springframework.cloud.client.loadbalancer.Response;
import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;

import dev.weir.backend.Attempts;
import dev.weir.backend.Lane;
import dev.weir.backend.Tier;

/**
 * Chooses a lane for a request and begins the attempt on it: from the best tier that has
 * one which has not had its turn in this request and is available, by the strategy of the
 * pool. One whose backend has just broken off a reply is chosen only if no other of its
 * tier is there: the client whose reply broke comes again soon. Where the one picked
 * refuses after all, because others were faster to take its last place or its half-open
 * circuit breaker has its probes, it chooses again.
 */
final class LaneLoadBalancer implements ReactorServiceInstanceLoadBalancer {

	private final Strategy strategy;

	LaneLoadBalancer(Strategy strategy) {
		this.strategy = strategy;
	}

	/**
	 * Chooses a lane.
	 * @param attempts the request's attempts, to which the one on the lane is added
	 * @return the lane, or {@code null} if none may be called now
	 */
	@Nullable Lane choose(Attempts attempts) {
		Lane lane = pick(attempts);
		while (lane != null && !attempts.tryBegin(lane)) {
			lane = pick(attempts);
		}
		return lane;
	}

	private @Nullable Lane pick(Attempts attempts) {
		for (Tier tier : attempts.lanes().tiers()) {
			Lane lane = this.strategy.pick(tier, (it) -> attempts.isCandidate(it) && !it.backend().brokeLately());
			if (lane == null) {
				lane = this.strategy.pick(tier, attempts::isCandidate);
			}
			if (lane != null) {
				return lane;
			}
		}
		return null;
	}

	@Override
	@SuppressWarnings({ "rawtypes", "unchecked" }) // Spring declares it so
	public Mono<Response<ServiceInstance>> choose(Request request) {
		return Mono.fromSupplier(() -> {
			Lane lane = choose(RequestAttempts.of(request));
			return (lane != null) ? new DefaultResponse(lane) : new EmptyResponse();
		});
	}

}
