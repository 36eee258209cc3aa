package dev.weir.balance;

import java.util.random.RandomGenerator;

import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;

/**
 * Creates the load balancer of a pool as the application does, but without the child
 * context of Spring Cloud, which is too expensive for a test of thousands of pools.
 */
public final class LaneLoadBalancerFactory {

	private LaneLoadBalancerFactory() {
	}

	/**
	 * Creates a load balancer.
	 * @param random the source of randomness
	 * @return the load balancer
	 */
	public static ReactorServiceInstanceLoadBalancer of(RandomGenerator random) {
		return new WeirLoadBalancerConfiguration().laneLoadBalancer(random);
	}

}
