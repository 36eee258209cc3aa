package dev.weir.balance;

import java.util.List;
import java.util.random.RandomGenerator;

import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;
import org.springframework.cloud.loadbalancer.core.ServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.support.LoadBalancerClientFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;

import dev.weir.backend.Pool;
import dev.weir.backend.Pools;

/**
 * How a lane of a pool is chosen: the one list of steps. Spring Cloud LoadBalancer makes
 * a child context for each pool from it, which is why it is a top-level class without a
 * stereotype: with one it would also be part of the main context, where no pool is named.
 */
public class WeirLoadBalancerConfiguration {

	private static final List<Narrowing> STEPS = List.of(Narrowing.NOT_TRIED, Narrowing.AVAILABLE, Narrowing.BEST_TIER);

	@Bean
	ServiceInstanceListSupplier laneSupplier(Environment environment, Pools pools) {
		ServiceInstanceListSupplier supplier = new PoolLanesSupplier(pool(environment, pools));
		for (Narrowing step : STEPS) {
			supplier = new NarrowingSupplier(supplier, step);
		}
		return supplier;
	}

	@Bean
	ReactorServiceInstanceLoadBalancer laneLoadBalancer(Environment environment, Pools pools,
			ServiceInstanceListSupplier supplier, RandomGenerator random) {
		Pool pool = pool(environment, pools);
		return new LaneLoadBalancer(supplier, Strategy.of(pool.properties().strategy(), random));
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
