package dev.weir.gateway;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.cloud.gateway.route.RouteDefinition;
import org.springframework.cloud.gateway.support.RouteMetadataUtils;

import dev.weir.config.LiveConfiguration;
import dev.weir.config.PoolProperties;

/**
 * Sets the connect timeout of a pool in the metadata of each route to it, where Spring
 * Cloud Gateway reads it. A connect timeout that the user set on the route is kept. The
 * gateway's response timeout is switched off, since it would end the request; the pool's
 * {@code response-timeout} ends only an attempt.
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
