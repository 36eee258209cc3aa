package dev.weir.balance;

import com.github.benmanes.caffeine.cache.Ticker;

import org.springframework.cloud.loadbalancer.annotation.LoadBalancerClientSpecification;
import org.springframework.cloud.client.loadbalancer.LoadBalancerClientsProperties;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.cloud.gateway.config.GatewayLoadBalancerProperties;
import org.springframework.cloud.loadbalancer.annotation.LoadBalancerClients;
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

	/** Replaces the factory of Spring Cloud's auto-configuration. */
	@Bean
	LoadBalancerContexts loadBalancerClientFactory(LoadBalancerClientsProperties properties,
			ObjectProvider<LoadBalancerClientSpecification> specifications) {
		LoadBalancerContexts contexts = new LoadBalancerContexts(properties);
		contexts.setConfigurations(specifications.orderedStream().toList());
		return contexts;
	}

	@Bean
	LoadBalancers loadBalancers(LoadBalancerContexts contexts, Pools pools, Ticker ticker) {
		return new LoadBalancers(contexts, pools, ticker);
	}

}
