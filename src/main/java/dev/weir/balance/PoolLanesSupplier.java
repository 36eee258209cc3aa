package dev.weir.balance;

import java.util.List;

import reactor.core.publisher.Flux;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.Request;
import org.springframework.cloud.loadbalancer.core.ServiceInstanceListSupplier;

import dev.weir.backend.Pool;

/**
 * Supplies the lanes of a pool that serve a request's model, to a load balancer other
 * than Weir's own.
 */
final class PoolLanesSupplier implements ServiceInstanceListSupplier {

	private final Pool pool;

	PoolLanesSupplier(Pool pool) {
		this.pool = pool;
	}

	@Override
	public String getServiceId() {
		return this.pool.name();
	}

	@Override
	public Flux<List<ServiceInstance>> get() {
		return Flux.just(List.copyOf(this.pool.lanes("")));
	}

	@Override
	@SuppressWarnings("rawtypes") // as Spring Cloud LoadBalancer declares it
	public Flux<List<ServiceInstance>> get(Request request) {
		return Flux.just(List.copyOf(RequestAttempts.of(request).lanes()));
	}

}
