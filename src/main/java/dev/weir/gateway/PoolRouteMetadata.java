package dev.weir.gateway;

import java.util.Map;
import java.util.HashMap;
import java.util.List;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.cloud.gateway.route.RouteDefinition;
import org.springframework.cloud.gateway.support.RouteMetadataUtils;

import dev.weir.config.LiveConfiguration;
import dev.weir.config.PoolProperties;
import dev.weir.config.WeirProperties;

/**
 * Sets the connect timeout of a pool in the metadata of each route to it, where Spring
 * Cloud Gateway reads it. A connect timeout that the user set on the route is kept. The
 * gateway's response timeout is switched off, since it would end the request; the pool's
 * {@code response-timeout} ends only an attempt.
 */
public final class PoolRouteMetadata {

	private PoolRouteMetadata() {
	}

	/**
	 * Completes the metadata of routes to pools.
	 * @param routes the routes
	 * @param settings the settings of the pools
	 */
	static void complete(List<RouteDefinition> routes, WeirProperties settings) {
		routes.forEach((route) -> complete(route, settings));
	}

	/**
	 * The configured parts of a route, for comparison with another route.
	 * @param route the route
	 * @return all parts but the timeouts, which {@link #complete} may have added
	 */
	public static List<Object> definition(RouteDefinition route) {
		Map<String, Object> metadata = new HashMap<>(route.getMetadata());
		metadata.remove(RouteMetadataUtils.CONNECT_TIMEOUT_ATTR);
		metadata.remove(RouteMetadataUtils.RESPONSE_TIMEOUT_ATTR);
		return List.of(String.valueOf(route.getUri()), route.getPredicates(), route.getFilters(), route.getOrder(),
				route.isEnabled(), metadata);
	}

	private static void complete(RouteDefinition route, WeirProperties settings) {
		PoolProperties pool = (route.getUri() != null && "lb".equals(route.getUri().getScheme()))
				? settings.pools().get(route.getUri().getHost()) : null;
		if (pool != null) {
			route.getMetadata()
				.putIfAbsent(RouteMetadataUtils.CONNECT_TIMEOUT_ATTR,
						Math.toIntExact(pool.connectTimeout().toMillis()));
			route.getMetadata().put(RouteMetadataUtils.RESPONSE_TIMEOUT_ATTR, -1L);
		}
	}

	/**
	 * Completes the routes with which the application starts.
	 */
	static final class Installer implements BeanPostProcessor {

		private final ObjectProvider<LiveConfiguration> configuration;

		Installer(ObjectProvider<LiveConfiguration> configuration) {
			this.configuration = configuration;
		}

		@Override
		public Object postProcessAfterInitialization(Object bean, String beanName) {
			if (bean instanceof GatewayProperties gateway) {
				complete(gateway.getRoutes(), this.configuration.getObject().current());
			}
			return bean;
		}

	}

}
