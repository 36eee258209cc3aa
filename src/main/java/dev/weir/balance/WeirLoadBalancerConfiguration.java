package dev.weir.balance;

import java.util.random.RandomGenerator;

import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;
import org.springframework.cloud.loadbalancer.core.ServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.support.LoadBalancerClientFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;

import dev.weir.backend.Pool;
import dev.weir.backend.Pools;

/**
 * Configures the child context that Spring Cloud LoadBalancer creates for each pool. It
 * has no {@code @Configuration}: component scanning would add it to the main context,
 * which belongs to no pool.
 */
public class WeirLoadBalancerConfiguration {

	@Bean
	ServiceInstanceListSupplier laneSupplier(Environment environment, Pools pools) {
		return new PoolLanesSupplier(pool(environment, pools));
	}

	@Bean
	ReactorServiceInstanceLoadBalancer laneLoadBalancer(Environment environment, Pools pools, RandomGenerator random) {
		Pool pool = pool(environment, pools);
		return new LaneLoadBalancer(Strategy.of(pool.properties().strategy(), random));
	}

	private static Pool pool(Environment environment, Pools pools) {
		String name = environment.getRequiredProperty(LoadBalancerClientFactory.PROPERTY_NAME);
		Pool pool = pools.get(name);
		if (pool == null) {
			throw new IllegalStateException("There is no pool " + name);
		}
		return pool;
	}

}
