package dev.weir.gateway;

import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.BeanDefinitionRegistryPostProcessor;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.boot.actuate.autoconfigure.endpoint.web.WebEndpointProperties;
import org.springframework.cloud.gateway.actuate.GatewayControllerEndpoint;
import org.springframework.cloud.gateway.filter.FilterDefinition;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.filter.factory.GatewayFilterFactory;
import org.springframework.cloud.gateway.handler.predicate.PredicateDefinition;
import org.springframework.cloud.gateway.handler.predicate.RoutePredicateFactory;
import org.springframework.cloud.gateway.route.RouteDefinition;
import org.springframework.cloud.gateway.route.RouteDefinitionLocator;
import org.springframework.cloud.gateway.route.RouteDefinitionWriter;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.http.ResponseEntity;

/**
 * The gateway's endpoint {@code /actuator/gateway}, with secrets hidden in the arguments
 * of filters and predicates.
 */
@SuppressWarnings("rawtypes") // the gateway's constructor takes raw factories
class MaskedGatewayEndpoint extends GatewayControllerEndpoint {

	MaskedGatewayEndpoint(List<GlobalFilter> globalFilters, List<GatewayFilterFactory> filters,
			List<RoutePredicateFactory> predicates, RouteDefinitionWriter writer, RouteLocator routes,
			RouteDefinitionLocator definitions, WebEndpointProperties properties) {
		super(globalFilters, filters, predicates, writer, routes, definitions, properties);
	}

	@Override
	public Flux<RouteDefinition> routesdef() {
		return super.routesdef().map(MaskedGatewayEndpoint::masked);
	}

	@Override
	public Flux<Map<String, Object>> routes() {
		return super.routes().map(MaskedGatewayEndpoint::masked);
	}

	@Override
	public Mono<ResponseEntity<Map<String, Object>>> route(String id) {
		return super.route(id).map((response) -> {
			Map<String, Object> body = response.getBody();
			return (body != null) ? ResponseEntity.ok(masked(body)) : response;
		});
	}

	@Override
	public Mono<HashMap<String, Object>> combinedfilters(String id) {
		return super.combinedfilters(id).map((filters) -> {
			HashMap<String, Object> masked = new HashMap<>();
			filters.forEach((filter, order) -> masked.put(SecretMask.inText(filter), order));
			return masked;
		});
	}

	private static Map<String, Object> masked(Map<String, Object> route) {
		Map<String, Object> masked = new HashMap<>();
		route.forEach((name, value) -> {
			if (value instanceof Map<?, ?> metadata) {
				masked.put(name, SecretMask.inMetadata(metadata));
			}
			else if (value instanceof List<?> filters) {
				masked.put(name, filters.stream().map((filter) -> SecretMask.inText(filter.toString())).toList());
			}
			else {
				masked.put(name, (value instanceof String text) ? SecretMask.inText(text) : value);
			}
		});
		return masked;
	}

	private static RouteDefinition masked(RouteDefinition route) {
		RouteDefinition masked = new RouteDefinition();
		masked.setId(Objects.requireNonNull(route.getId()));
		masked.setUri(URI.create(SecretMask.inText(String.valueOf(route.getUri()))));
		masked.setOrder(route.getOrder());
		masked.setEnabled(route.isEnabled());
		masked.setMetadata(SecretMask.inMetadata(route.getMetadata()));
		masked.setFilters(route.getFilters().stream().map((filter) -> {
			FilterDefinition copy = new FilterDefinition();
			copy.setName(Objects.requireNonNull(filter.getName()));
			copy.setArgs(SecretMask.inArguments(filter.getArgs()));
			return copy;
		}).toList());
		masked.setPredicates(route.getPredicates().stream().map((predicate) -> {
			PredicateDefinition copy = new PredicateDefinition();
			copy.setName(Objects.requireNonNull(predicate.getName()));
			copy.setArgs(SecretMask.inArguments(predicate.getArgs()));
			return copy;
		}).toList());
		return masked;
	}

	/** Takes the place of the gateway's own endpoint, if that one is enabled. */
	static final class Installer implements BeanDefinitionRegistryPostProcessor {

		private static final String NAME = "gatewayControllerEndpoint";

		@Override
		public void postProcessBeanDefinitionRegistry(BeanDefinitionRegistry registry) {
			if (registry.containsBeanDefinition(NAME)) {
				registry.removeBeanDefinition(NAME);
				registry.registerBeanDefinition(NAME, new RootBeanDefinition(MaskedGatewayEndpoint.class));
			}
		}

	}

}
