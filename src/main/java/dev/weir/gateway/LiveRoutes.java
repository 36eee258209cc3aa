package dev.weir.gateway;

import java.util.Map;
import java.util.HashMap;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.cloud.gateway.event.PredicateArgsEvent;
import org.springframework.cloud.gateway.event.RefreshRoutesEvent;
import org.springframework.cloud.gateway.event.RefreshRoutesResultEvent;
import org.springframework.cloud.gateway.event.RouteDeletedEvent;
import org.springframework.cloud.gateway.filter.FilterDefinition;
import org.springframework.cloud.gateway.filter.WeightCalculatorWebFilter;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.route.RouteDefinition;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.cloud.gateway.support.ConfigurationService;
import org.springframework.context.ApplicationEvent;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.ApplicationListener;
import org.springframework.context.SmartLifecycle;
import org.springframework.core.annotation.AnnotationAwareOrderComparator;

import dev.weir.backend.PoolSet;
import dev.weir.backend.Pools;
import dev.weir.request.RequestContext;

/**
 * The current routes. They take the place of Spring Cloud Gateway's cached routes, which
 * would be replaced at another moment than the pools: here one reference holds the routes
 * together with the pools of the same configuration.
 */
public final class LiveRoutes implements RouteLocator, ApplicationListener<ApplicationEvent>, SmartLifecycle {

	private static final Logger logger = LoggerFactory.getLogger(LiveRoutes.class);

	// routes are in memory, unless a user's own locator reads them from elsewhere
	private static final Duration BUILD_LIMIT = Duration.ofSeconds(30);

	private final RouteLocator source;

	private final GatewayProperties gateway;

	private final Pools pools;

	private final ObjectProvider<RouteLocator> locators;

	private final ConfigurationService values;

	private final ApplicationEventPublisher events;

	private volatile RouteTable current;

	// the arguments of predicates while routes are built, which happens under a lock
	private @Nullable List<PredicateArgsEvent> arguments;

	// between prepare and apply or discard
	private boolean changing;

	private boolean refreshLater;

	private volatile boolean running;

	/**
	 * Creates the holder without any route.
	 * @param source all locators of routes together
	 * @param gateway the configured routes; replaced by a reload
	 * @param pools the pools
	 * @param locators needed by the gateway's own class for weights
	 * @param values binds the arguments of predicates
	 * @param events publishes the results of refreshes
	 */
	LiveRoutes(RouteLocator source, GatewayProperties gateway, Pools pools, ObjectProvider<RouteLocator> locators,
			ConfigurationService values, ApplicationEventPublisher events) {
		this.source = source;
		this.gateway = gateway;
		this.pools = pools;
		this.locators = locators;
		this.values = values;
		this.events = events;
		this.current = table(pools.current(), List.of(), List.of());
	}

	@Override
	public Flux<Route> getRoutes() {
		return Flux.fromIterable(this.current.routes());
	}

	List<Route> all() {
		return this.current.routes();
	}

	/**
	 * Finds the route that a request has after a reload.
	 * @param route the route that was found for it before the reload
	 * @param next the configuration that the reload has applied
	 * @return the route, or {@code null} if it has changed or was removed, or if another
	 * configuration is in use
	 */
	@Nullable Route after(Route route, PoolSet next) {
		RouteTable table = this.current;
		return (table.configuration() == next) ? table.sameAs(route) : null;
	}

	/**
	 * Gives a request that came on an open connection the current configuration, if the
	 * route of the connection has not changed.
	 * @param route the route that was found for the connection
	 * @param request the request, which gets the configuration of the returned route
	 * @return the current route, or {@code null} if it has changed or was removed
	 */
	@Nullable Route continueOn(Route route, RequestContext request) {
		RouteTable table = this.current;
		Route same = table.sameAs(route);
		if (same != null) {
			request.startLookup(table.configuration());
		}
		return same;
	}

	/** Builds the routes, before the server takes requests. */
	@Override
	public void start() {
		this.current = build(this.pools.current());
		this.running = true;
	}

	@Override
	public void stop() {
		this.running = false;
	}

	@Override
	public boolean isRunning() {
		return this.running;
	}

	/** Starts before the web server, and stops after it. */
	@Override
	public int getPhase() {
		return 0;
	}

	/**
	 * Builds the routes of a new configuration. Requests see no change until
	 * {@link #apply}.
	 * @param configuration the pools of the new configuration
	 * @param next the new settings of the gateway, of which the routes and the default
	 * filters are used
	 * @return what to apply
	 * @throws RuntimeException if a route cannot be built; then nothing has changed
	 */
	public synchronized Change prepare(PoolSet configuration, GatewayProperties next) {
		this.changing = true;
		Change change = new Change(this.gateway.getRoutes(), this.gateway.getDefaultFilters());
		PoolRouteMetadata.complete(next.getRoutes(), configuration.properties());
		this.gateway.setRoutes(next.getRoutes());
		this.gateway.setDefaultFilters(next.getDefaultFilters());
		try {
			change.table = build(configuration);
		}
		finally {
			if (change.table == null) {
				discard(change);
			}
		}
		return change;
	}

	/**
	 * Restores the settings of the gateway that a change has replaced.
	 * @param change the result of the last {@link #prepare}
	 */
	public synchronized void discard(Change change) {
		this.gateway.setRoutes(change.routes);
		this.gateway.setDefaultFilters(change.defaultFilters);
		endChange();
	}

	private synchronized void endChange() {
		this.changing = false;
		if (this.refreshLater) {
			this.refreshLater = false;
			refresh();
		}
	}

	/**
	 * Makes prepared routes the current ones. A request whose route is looked up from now
	 * on has the new configuration.
	 * @param change the result of the last {@link #prepare}
	 */
	public void apply(Change change) {
		if (change.table == null) {
			throw new IllegalArgumentException("The change has no routes");
		}
		Set<String> removed = ids(this.current);
		removed.removeAll(ids(change.table));
		synchronized (this) {
			this.current = change.table;
			endChange();
		}
		// the gateway's own filter would remember their weights
		removed.forEach((id) -> publish(new RouteDeletedEvent(this, id)));
		// other beans of the gateway, or of users, have caches of routes
		publish(new AppliedEvent(this));
	}

	private void publish(ApplicationEvent event) {
		try {
			this.events.publishEvent(event);
		}
		catch (RuntimeException ex) {
			// the routes are in use, whatever a listener does
			logger.error("A listener failed after the routes were replaced", ex);
		}
	}

	private static Set<String> ids(RouteTable table) {
		return table.routes().stream().map(Route::getId).collect(Collectors.toSet());
	}

	@Override
	public void onApplicationEvent(ApplicationEvent event) {
		if (event instanceof PredicateArgsEvent args) {
			List<PredicateArgsEvent> collected = this.arguments;
			if (collected != null) {
				collected.add(args);
			}
		}
		else if (event instanceof RefreshRoutesEvent && !(event instanceof AppliedEvent)) {
			refresh();
		}
	}

	/** Builds the routes again, because routes outside the configuration have changed. */
	private synchronized void refresh() {
		if (this.changing) {
			this.refreshLater = true;
			return;
		}
		Disposable unused = read(this.pools.current()).subscribe((table) -> {
			replace(table);
			publish(new RefreshRoutesResultEvent(this));
		}, (error) -> {
			logger.error("The routes could not be refreshed; the previous ones stay", error);
			publish(new RefreshRoutesResultEvent(this, error));
		});
	}

	private synchronized void replace(RouteTable table) {
		if (!this.changing && table.configuration() == this.pools.current()) {
			this.current = table;
		}
		else {
			// a reload has come first
			this.refreshLater = this.changing;
			if (!this.changing) {
				refresh();
			}
		}
	}

	private synchronized RouteTable build(PoolSet configuration) {
		RouteTable built = read(configuration).block(BUILD_LIMIT);
		if (built == null) {
			throw new IllegalStateException("No routes");
		}
		return built;
	}

	private Mono<RouteTable> read(PoolSet configuration) {
		return Mono.defer(() -> {
			List<PredicateArgsEvent> collected = new ArrayList<>();
			this.arguments = collected;
			return this.source.getRoutes()
				.collectSortedList(AnnotationAwareOrderComparator.INSTANCE)
				.map((routes) -> table(configuration, routes, collected));
		}).doFinally((signal) -> this.arguments = null);
	}

	private RouteTable table(PoolSet configuration, List<Route> routes, List<PredicateArgsEvent> args) {
		return new RouteTable(configuration, routes, new WeightCalculatorWebFilter(this.locators, this.values), args,
				definitions());
	}

	private Map<String, List<Object>> definitions() {
		Map<String, List<Object>> definitions = new HashMap<>();
		for (RouteDefinition route : this.gateway.getRoutes()) {
			definitions.put(String.valueOf(route.getId()),
					List.of(PoolRouteMetadata.definition(route), List.copyOf(this.gateway.getDefaultFilters())));
		}
		return definitions;
	}

	/**
	 * Prepared routes.
	 */
	public static final class Change {

		private final List<RouteDefinition> routes;

		private final List<FilterDefinition> defaultFilters;

		private @Nullable RouteTable table;

		Change(List<RouteDefinition> routes, List<FilterDefinition> defaultFilters) {
			this.routes = routes;
			this.defaultFilters = defaultFilters;
		}

	}

	/**
	 * Reports that routes have been replaced by a reload, so that they need not be built
	 * again.
	 */
	private static final class AppliedEvent extends RefreshRoutesEvent {

		AppliedEvent(LiveRoutes source) {
			super(source);
		}

	}

}
