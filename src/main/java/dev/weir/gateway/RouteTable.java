package dev.weir.gateway;

import java.util.regex.Pattern;
import java.util.Objects;
import java.util.Map;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.event.PredicateArgsEvent;
import org.springframework.cloud.gateway.filter.WeightCalculatorWebFilter;
import org.springframework.cloud.gateway.handler.AsyncPredicate;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.support.Visitor;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.backend.PoolSet;
import dev.weir.request.RequestContext;

/**
 * The routes of one configuration. A request whose route is looked up here gets the pools
 * of the same configuration, and the weights of routes with the predicate {@code Weight}
 * as well.
 */
final class RouteTable {

	private final PoolSet configuration;

	private final WeightCalculatorWebFilter weights;

	private final boolean weighted;

	private final List<Route> routes;

	private final Map<String, List<Object>> definitions;

	/**
	 * Creates the table.
	 * @param configuration the configuration of the routes
	 * @param routes the routes, in their order
	 * @param weights computes the weights of the routes; gets the arguments of their
	 * predicates
	 * @param arguments the arguments of all predicates
	 * @param definitions the configured parts of each route and of the default filters,
	 * by the id of the route
	 */
	RouteTable(PoolSet configuration, List<Route> routes, WeightCalculatorWebFilter weights,
			List<PredicateArgsEvent> arguments, Map<String, List<Object>> definitions) {
		this.definitions = definitions;
		this.configuration = configuration;
		this.weights = weights;
		arguments.forEach(weights::handle);
		this.weighted = arguments.stream()
			.anyMatch((event) -> event.getArgs().keySet().stream().anyMatch(RouteTable::isWeight));
		List<Route> bound = new ArrayList<>();
		routes.forEach((route) -> bound.add(bind(route)));
		this.routes = List.copyOf(bound);
	}

	private static boolean isWeight(String argument) {
		return argument.startsWith("weight.");
	}

	PoolSet configuration() {
		return this.configuration;
	}

	List<Route> routes() {
		return this.routes;
	}

	/**
	 * Finds the route that treats requests as a route of another table does: it has the
	 * same id and the same configured parts.
	 * @param other a route of a {@code RouteTable}
	 * @return the route, or {@code null} if there is none
	 */
	@Nullable Route sameAs(Route other) {
		if (!(other.getPredicate() instanceof Lookup lookup) || !Objects.equals(this.definitions.get(other.getId()),
				lookup.table().definitions.get(other.getId()))) {
			return null;
		}
		return this.routes.stream().filter((route) -> route.getId().equals(other.getId())).findFirst().orElse(null);
	}

	private Route bind(Route route) {
		return Route.async()
			.id(route.getId())
			.uri(route.getUri())
			.order(route.getOrder())
			.metadata(route.getMetadata())
			.asyncPredicate(new Lookup(route.getPredicate()))
			.replaceFilters(route.getFilters())
			.build();
	}

	private void begin(ServerWebExchange exchange) {
		RequestContext context = RequestContext.find(exchange);
		if (context != null && context.startLookup(this.configuration) && this.weighted) {
			// sets an attribute of the exchange and completes at once
			Disposable unused = this.weights.filter(exchange, (next) -> Mono.empty()).subscribe();
		}
	}

	/**
	 * The predicate of a route. {@code /actuator/gateway/routes} shows its text: the
	 * predicates as configured, without the lambda that Spring Cloud Gateway adds before
	 * them.
	 */
	final class Lookup implements AsyncPredicate<ServerWebExchange> {

		private static final Pattern LAMBDA = Pattern.compile("[\\w.]+\\$\\$Lambda\\S* && ");

		private final AsyncPredicate<ServerWebExchange> predicate;

		Lookup(AsyncPredicate<ServerWebExchange> predicate) {
			this.predicate = predicate;
		}

		private RouteTable table() {
			return RouteTable.this;
		}

		@Override
		public Publisher<Boolean> apply(ServerWebExchange exchange) {
			begin(exchange);
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

}
