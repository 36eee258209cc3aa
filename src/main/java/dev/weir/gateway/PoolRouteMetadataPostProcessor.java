package dev.weir.gateway;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.cloud.gateway.route.RouteDefinition;
import org.springframework.cloud.gateway.support.RouteMetadataUtils;

import dev.weir.config.LiveConfiguration;
import dev.weir.config.PoolProperties;

/**
 * Gives each route to a pool that pool's connect timeout, by the route metadata that
 * Spring Cloud Gateway reads; what a user set on the route stays. The response timeout is
 * the pool's, since it ends an attempt and not the request; the gateway's own is off.
 */
final class PoolRouteMetadataPostProcessor implements BeanPostProcessor {

	private final ObjectProvider<LiveConfiguration> configuration;

	PoolRouteMetadataPostProcessor(ObjectProvider<LiveConfiguration> configuration) {
		this.configuration = configuration;
	}

	@Override
	public Object postProcessAfterInitialization(Object bean, String beanName) {
		if (bean instanceof GatewayProperties gateway) {
			gateway.getRoutes().forEach(this::complete);
		}
		return bean;
	}

	private void complete(RouteDefinition route) {
		PoolProperties pool = (route.getUri() != null && "lb".equals(route.getUri().getScheme()))
				? this.configuration.getObject().current().pools().get(route.getUri().getHost()) : null;
		if (pool != null) {
			route.getMetadata()
				.putIfAbsent(RouteMetadataUtils.CONNECT_TIMEOUT_ATTR,
						Math.toIntExact(pool.connectTimeout().toMillis()));
			route.getMetadata().put(RouteMetadataUtils.RESPONSE_TIMEOUT_ATTR, -1L);
		}
	}

}
