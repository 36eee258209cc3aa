package dev.weir.balance;

import java.util.random.RandomGenerator;

import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;
import org.springframework.cloud.loadbalancer.core.ServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.support.LoadBalancerClientFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;

import dev.weir.backend.Pools;

/**
 * Configures the child context that Spring Cloud LoadBalancer creates for each pool. It
 * has no {@code @Configuration}: component scanning would add it to the main context,
 * which belongs to no pool.
 */
public class WeirLoadBalancerConfiguration {

	@Bean
	ServiceInstanceListSupplier laneSupplier(Environment environment, Pools pools) {
		return new PoolLanesSupplier(environment.getRequiredProperty(LoadBalancerClientFactory.PROPERTY_NAME), pools);
	}

	@Bean
	ReactorServiceInstanceLoadBalancer laneLoadBalancer(RandomGenerator random) {
		return new LaneLoadBalancer(random);
	}

}
