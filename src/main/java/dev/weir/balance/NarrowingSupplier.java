package dev.weir.balance;

import java.util.List;

import reactor.core.publisher.Flux;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.Request;
import org.springframework.cloud.loadbalancer.core.DelegatingServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.core.ServiceInstanceListSupplier;

import dev.weir.backend.Attempts;
import dev.weir.backend.Lane;

/**
 * Supplies what another supplier does, less what one {@link Narrowing} leaves out.
 */
final class NarrowingSupplier extends DelegatingServiceInstanceListSupplier {

	private final Narrowing narrowing;

	NarrowingSupplier(ServiceInstanceListSupplier delegate, Narrowing narrowing) {
		super(delegate);
		this.narrowing = narrowing;
	}

	@Override
	public Flux<List<ServiceInstance>> get() {
		return getDelegate().get();
	}

	@Override
	@SuppressWarnings("rawtypes") // as Spring Cloud LoadBalancer declares it
	public Flux<List<ServiceInstance>> get(Request request) {
		Attempts attempts = RequestAttempts.of(request);
		return getDelegate().get(request)
			.map((instances) -> List
				.copyOf(this.narrowing.narrow(instances.stream().map(Lane.class::cast).toList(), attempts)));
	}

}
