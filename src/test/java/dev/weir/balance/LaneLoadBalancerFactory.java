package dev.weir.balance;

import java.util.random.RandomGenerator;

import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;
import org.springframework.cloud.loadbalancer.support.LoadBalancerClientFactory;
import org.springframework.mock.env.MockEnvironment;

import dev.weir.backend.Pools;

/**
 * Creates the load balancer of a pool as the application does, but without the child
 * context of Spring Cloud, which is too expensive for a test of thousands of pools.
 */
public final class LaneLoadBalancerFactory {

	private LaneLoadBalancerFactory() {
	}

	/**
	 * Creates a load balancer.
	 * @param pools the pools
	 * @param pool the name of its pool
	 * @param random the source of randomness
	 * @return the load balancer
	 */
	public static ReactorServiceInstanceLoadBalancer of(Pools pools, String pool, RandomGenerator random) {
		MockEnvironment environment = new MockEnvironment().withProperty(LoadBalancerClientFactory.PROPERTY_NAME, pool);
		WeirLoadBalancerConfiguration configuration = new WeirLoadBalancerConfiguration();
		return configuration.laneLoadBalancer(environment, pools, random);
	}

}
