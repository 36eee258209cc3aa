package dev.weir.balance;

import org.springframework.cloud.gateway.config.GatewayLoadBalancerProperties;
import org.springframework.cloud.loadbalancer.annotation.LoadBalancerClients;
import org.springframework.cloud.loadbalancer.support.LoadBalancerClientFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.weir.backend.Pools;
import dev.weir.backend.Pool;

/**
 * Makes {@link LaneLoadBalancer} the load balancer of every pool.
 */
@Configuration(proxyBeanMethods = false)
@LoadBalancerClients(defaultConfiguration = WeirLoadBalancerConfiguration.class)
class BalanceConfiguration {

	@Bean
	LoadBalancers loadBalancers(LoadBalancerClientFactory factory, Pools pools) {
		return new LoadBalancers(factory, pools);
	}

}
