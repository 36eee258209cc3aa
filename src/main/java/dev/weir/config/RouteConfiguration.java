package dev.weir.config;

import java.util.List;

import org.springframework.beans.factory.BeanFactory;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.cloud.gateway.filter.factory.GatewayFilterFactory;
import org.springframework.cloud.gateway.handler.predicate.RoutePredicateFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * What is checked of routes when the gateway's beans are there.
 */
@Configuration(proxyBeanMethods = false)
class RouteConfiguration {

	@Bean
	@SuppressWarnings("rawtypes") // as the gateway itself takes them
	RouteArguments routeArguments(ConfigurableEnvironment environment, GatewayProperties gateway,
			List<RoutePredicateFactory> predicates, List<GatewayFilterFactory> filters, BeanFactory beans) {
		return new RouteArguments(environment, gateway, predicates, filters, beans);
	}

}
