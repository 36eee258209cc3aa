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

/**
 * Makes Weir's way of choosing the one for every pool.
 */
@Configuration(proxyBeanMethods = false)
@LoadBalancerClients(defaultConfiguration = WeirLoadBalancerConfiguration.class)
class BalanceConfiguration {

	private static final Logger logger = LoggerFactory.getLogger(BalanceConfiguration.class);

	/**
	 * Makes each pool's load balancer before readiness is reported; otherwise the first
	 * request to a pool would make it, on an event loop.
	 */
	@Bean
	ApplicationListener<ApplicationReadyEvent> poolsReady(LoadBalancerClientFactory factory, Pools pools) {
		return (event) -> pools.all().forEach((pool) -> {
			factory.getInstance(pool.name(), ReactorServiceInstanceLoadBalancer.class);
			logger.info("Pool {}: {}", pool.name(),
					String.join(", ", pool.backends().stream().map(BalanceConfiguration::words).toList()));
		});
	}

	@Bean
	LaneChoiceFilter laneChoiceFilter(LoadBalancerClientFactory factory, GatewayLoadBalancerProperties properties) {
		return new LaneChoiceFilter(factory, properties);
	}

	private static String words(Backend backend) {
		return "%s (%s, priority %d)".formatted(backend.name(), backend.url(), backend.properties().priority());
	}

}
