package dev.weir.balance;

import java.util.random.RandomGenerator;

import org.springframework.cloud.gateway.config.GatewayLoadBalancerProperties;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;
import org.springframework.cloud.loadbalancer.support.LoadBalancerClientFactory;
import org.springframework.mock.env.MockEnvironment;

import dev.weir.backend.Pools;

/**
 * Makes the load balancer of a pool as the application does, but without the child
 * context that Spring Cloud would make for it, which costs more than a test of thousands
 * of pools can spend.
 */
public final class LaneBalancers {

	private LaneBalancers() {
	}

	/**
	 * Makes the filter that asks them.
	 * @param factory has the load balancers
	 * @return the filter
	 */
	public static GlobalFilter filter(LoadBalancerClientFactory factory) {
		return new LaneChoiceFilter(factory, new GatewayLoadBalancerProperties());
	}

	/**
	 * Makes one.
	 * @param pools the pools
	 * @param pool the name of the pool to choose from
	 * @param random what chance comes from
	 * @return the load balancer
	 */
	public static ReactorServiceInstanceLoadBalancer of(Pools pools, String pool, RandomGenerator random) {
		MockEnvironment environment = new MockEnvironment().withProperty(LoadBalancerClientFactory.PROPERTY_NAME, pool);
		WeirLoadBalancerConfiguration configuration = new WeirLoadBalancerConfiguration();
		return configuration.laneLoadBalancer(environment, pools, random);
	}

}
