package dev.weir.balance;

import java.util.List;

import reactor.core.publisher.Mono;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.DefaultResponse;
import org.springframework.cloud.client.loadbalancer.EmptyResponse;
import org.springframework.cloud.client.loadbalancer.Request;
import org.springframework.cloud.client.loadbalancer.Response;
import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;
import org.springframework.cloud.loadbalancer.core.ServiceInstanceListSupplier;

import dev.weir.backend.Attempts;
import dev.weir.backend.Lane;

/**
 * Chooses a lane for a request and begins the attempt on it. Where the one picked refuses
 * after all, because others were faster to take its last place or its half-open circuit
 * breaker has its probes, it chooses again.
 */
final class LaneLoadBalancer implements ReactorServiceInstanceLoadBalancer {

	private final ServiceInstanceListSupplier supplier;

	private final Strategy strategy;

	LaneLoadBalancer(ServiceInstanceListSupplier supplier, Strategy strategy) {
		this.supplier = supplier;
		this.strategy = strategy;
	}

	@Override
	@SuppressWarnings({ "rawtypes", "unchecked" }) // Spring declares it so
	public Mono<Response<ServiceInstance>> choose(Request request) {
		Attempts attempts = RequestAttempts.of(request);
		return this.supplier.get(request).next().flatMap((instances) -> {
			if (instances.isEmpty()) {
				return Mono.just(new EmptyResponse());
			}
			Lane lane = this.strategy.pick(lanes(instances));
			return attempts.tryBegin(lane) ? Mono.just(new DefaultResponse(lane)) : choose(request);
		});
	}

	private static List<Lane> lanes(List<ServiceInstance> instances) {
		return instances.stream().map(Lane.class::cast).toList();
	}

}
