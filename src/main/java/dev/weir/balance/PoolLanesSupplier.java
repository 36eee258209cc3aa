package dev.weir.balance;

import java.util.List;

import reactor.core.publisher.Flux;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.Request;
import org.springframework.cloud.loadbalancer.core.ServiceInstanceListSupplier;

import dev.weir.backend.Lane;
import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import dev.weir.backend.Tier;
import dev.weir.request.RequestContext;

/**
 * Supplies the candidates for a request to a load balancer other than
 * {@link LaneLoadBalancer}: the lanes of the best tier that has any which serve the
 * model, are available and not tried yet in this request. Lanes whose backends have just
 * broken off a response are left out if there are others. Such a load balancer must begin
 * the attempt itself ({@link FailoverState#tryBegin}), which refuses all other lanes.
 */
final class PoolLanesSupplier implements ServiceInstanceListSupplier {

	private final String name;

	private final Pools pools;

	PoolLanesSupplier(String name, Pools pools) {
		this.name = name;
		this.pools = pools;
	}

	@Override
	public String getServiceId() {
		return this.name;
	}

	@Override
	public Flux<List<ServiceInstance>> get() {
		Pool pool = this.pools.get(this.name);
		return Flux.just((pool != null) ? List.copyOf(pool.lanes("")) : List.of());
	}

	@Override
	@SuppressWarnings("rawtypes") // as Spring Cloud LoadBalancer declares it
	public Flux<List<ServiceInstance>> get(Request request) {
		RequestContext context = LaneLoadBalancer.contextOf(request);
		return Flux.just(context.failover()
			.candidates()
			.lanes()
			.tiers()
			.stream()
			.map((tier) -> candidates(tier, context))
			.filter((lanes) -> !lanes.isEmpty())
			.findFirst()
			.orElse(List.of()));
	}

	private static List<ServiceInstance> candidates(Tier tier, RequestContext context) {
		List<ServiceInstance> candidates = tier.stream()
			.filter(context.failover().candidates()::contains)
			.map(ServiceInstance.class::cast)
			.toList();
		List<ServiceInstance> better = candidates.stream()
			.filter((lane) -> !((Lane) lane).backend().brokeRecently())
			.toList();
		return better.isEmpty() ? candidates : better;
	}

}
