package dev.weir.balance;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.cloud.gateway.config.GatewayLoadBalancerProperties;
import org.springframework.cloud.loadbalancer.annotation.LoadBalancerClients;
import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;
import org.springframework.cloud.loadbalancer.support.LoadBalancerClientFactory;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.weir.backend.Backend;
import dev.weir.backend.Pools;
import dev.weir.backend.Pool;

/**
 * Makes {@link LaneLoadBalancer} the load balancer of every pool.
 */
@Configuration(proxyBeanMethods = false)
@LoadBalancerClients(defaultConfiguration = WeirLoadBalancerConfiguration.class)
class BalanceConfiguration {

	private static final Logger logger = LoggerFactory.getLogger(BalanceConfiguration.class);

	/**
	 * Creates the load balancer of each pool before Weir is ready; otherwise the first
	 * request to a pool would create it, on an event loop.
	 */
	@Bean
	ApplicationListener<ApplicationReadyEvent> createLoadBalancers(LoadBalancerClientFactory factory, Pools pools) {
		return (event) -> pools.all().forEach((pool) -> {
			factory.getInstance(pool.name(), ReactorServiceInstanceLoadBalancer.class);
			logger.info("Pool {}: {}", pool.name(),
					String.join(", ", pool.backends().stream().map(BalanceConfiguration::describe).toList()));
		});
	}

	private static String describe(Backend backend) {
		return "%s (%s, priority %d)".formatted(backend.name(), backend.url(), backend.properties().priority());
	}

}
