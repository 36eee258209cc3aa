package dev.weir.gateway;

import java.util.regex.Pattern;

import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;

import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.cloud.gateway.handler.AsyncPredicate;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.route.RouteDefinitionRouteLocator;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.cloud.gateway.support.Visitor;
import org.springframework.web.server.ServerWebExchange;

/**
 * Wraps the configured routes so that {@code /actuator/gateway/routes} shows their
 * predicates as configured. Spring Cloud Gateway adds a lambda before them and would show
 * the name of its class.
 */
final class ReadableRouteLocator implements RouteLocator {

	private final RouteLocator routes;

	ReadableRouteLocator(RouteLocator routes) {
		this.routes = routes;
	}

	@Override
	public Flux<Route> getRoutes() {
		return this.routes.getRoutes().map(ReadableRouteLocator::readable);
	}

	private static Route readable(Route route) {
		return Route.async()
			.id(route.getId())
			.uri(route.getUri())
			.order(route.getOrder())
			.metadata(route.getMetadata())
			.asyncPredicate(new ReadablePredicate(route.getPredicate()))
			.replaceFilters(route.getFilters())
			.build();
	}

	/** A predicate whose text does not mention lambdas. */
	record ReadablePredicate(AsyncPredicate<ServerWebExchange> predicate) implements AsyncPredicate<ServerWebExchange> {

		private static final Pattern LAMBDA = Pattern.compile("[\\w.]+\\$\\$Lambda\\S* && ");

		@Override
		public Publisher<Boolean> apply(ServerWebExchange exchange) {
			return this.predicate.apply(exchange);
		}

		@Override
		public void accept(Visitor visitor) {
			this.predicate.accept(visitor);
		}

		@Override
		public String toString() {
			return LAMBDA.matcher(this.predicate.toString()).replaceAll("");
		}

	}

	/** Wraps the gateway's route locator. */
	static final class Installer implements BeanPostProcessor {

		@Override
		public Object postProcessAfterInitialization(Object bean, String beanName) {
			return (bean instanceof RouteDefinitionRouteLocator locator) ? new ReadableRouteLocator(locator) : bean;
		}

	}

}
