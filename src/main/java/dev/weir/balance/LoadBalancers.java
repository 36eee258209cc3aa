package dev.weir.balance;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;
import org.springframework.cloud.loadbalancer.support.LoadBalancerClientFactory;
import org.springframework.context.ApplicationListener;

import dev.weir.backend.ConfigurationListener;
import dev.weir.backend.Backend;
import dev.weir.backend.Pool;
import dev.weir.backend.PoolSet;
import dev.weir.backend.Pools;

/**
 * Creates the load balancer of each pool before requests need it; otherwise the first
 * request to a pool would create it, on an event loop.
 */
final class LoadBalancers implements ApplicationListener<ApplicationReadyEvent>, ConfigurationListener {

	private static final Logger logger = LoggerFactory.getLogger(LoadBalancers.class);

	private final LoadBalancerClientFactory factory;

	private final Pools pools;

	LoadBalancers(LoadBalancerClientFactory factory, Pools pools) {
		this.factory = factory;
		this.pools = pools;
	}

	@Override
	public void onApplicationEvent(ApplicationReadyEvent event) {
		prepare(this.pools.current());
		this.pools.all().forEach((pool) -> logger.info("Pool {}", describe(pool)));
	}

	/**
	 * Creates the load balancers of the pools that have none.
	 * @param configuration the next configuration
	 */
	@Override
	public void prepare(PoolSet configuration) {
		configuration.all()
			.forEach((pool) -> this.factory.getInstance(pool.name(), ReactorServiceInstanceLoadBalancer.class));
	}

	private static String describe(Pool pool) {
		return pool.name() + ": " + String.join(", ", pool.backends().stream().map(LoadBalancers::describe).toList());
	}

	private static String describe(Backend backend) {
		return "%s (%s, priority %d)".formatted(backend.name(), backend.url(), backend.properties().priority());
	}

}
