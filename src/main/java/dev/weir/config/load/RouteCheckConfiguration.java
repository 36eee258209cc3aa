package dev.weir.config.load;

import java.util.List;

import org.springframework.beans.factory.BeanFactory;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.cloud.gateway.filter.factory.GatewayFilterFactory;
import org.springframework.cloud.gateway.handler.predicate.RoutePredicateFactory;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * Configures the check of routes that needs the gateway's beans.
 */
@Configuration(proxyBeanMethods = false)
class RouteCheckConfiguration {

	@Bean
	@SuppressWarnings("rawtypes") // as in the gateway itself
	RouteArgumentCheck routeArgumentCheck(ConfigurableEnvironment environment, GatewayProperties gateway,
			List<RoutePredicateFactory> predicates, List<GatewayFilterFactory> filters, BeanFactory beans) {
		return new RouteArgumentCheck(environment, gateway, predicates, filters, beans);
	}

	@Bean
	ConfigurationReader configurationReader(ConfigurableApplicationContext context, RouteArgumentCheck routeCheck) {
		return new ConfigurationReader(context.getEnvironment(), RouteFactoryNames.of(context), context, routeCheck,
				new StartSettingsCheck(context));
	}

}
