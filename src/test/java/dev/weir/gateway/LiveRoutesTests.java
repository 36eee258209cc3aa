package dev.weir.gateway;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;

import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

import org.springframework.beans.factory.support.StaticListableBeanFactory;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.cloud.gateway.event.RefreshRoutesEvent;
import org.springframework.cloud.gateway.filter.FilterDefinition;
import org.springframework.cloud.gateway.handler.AsyncPredicate;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.route.RouteDefinition;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.cloud.gateway.support.ConfigurationService;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.backend.Pools;
import dev.weir.testing.TestPools;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Routes and refreshes of routes while a reload replaces them.
 */
class LiveRoutesTests {

	private final AtomicReference<Flux<Route>> source = new AtomicReference<>(Flux.just(route("old")));

	private final Pools pools = TestPools.pools(new VirtualTime(), Map.of(), TestPools.backend("one"));

	private final GatewayProperties gateway = new GatewayProperties();

	private final LiveRoutes routes = routes();

	private LiveRoutes routes() {
		StaticListableBeanFactory beans = new StaticListableBeanFactory();
		LiveRoutes created = new LiveRoutes(() -> Flux.defer(this.source::get), this.gateway, this.pools,
				beans.getBeanProvider(RouteLocator.class), new ConfigurationService(beans, () -> null, () -> null),
				(event) -> {
				});
		created.start();
		return created;
	}

	private static Route route(String id) {
		return Route.async()
			.id(id)
			.uri("lb://openai")
			.asyncPredicate(AsyncPredicate.<ServerWebExchange>from((exchange) -> true)
				.and(AsyncPredicate.from(new PathPredicate())))
			.build();
	}

	private List<String> current() {
		return this.routes.all().stream().map(Route::getId).toList();
	}

	private Pools.Change reload(GatewayProperties next) {
		Pools.Change change = this.pools.prepare(this.pools.current().properties(), null);
		LiveRoutes.Change routeChange = this.routes.prepare(change.pools(), next);
		this.pools.apply(change);
		this.routes.apply(routeChange);
		return change;
	}

	private static GatewayProperties routeWith(String filter) {
		RouteDefinition definition = new RouteDefinition();
		definition.setId("a");
		definition.getFilters().add(new FilterDefinition(filter));
		GatewayProperties gateway = new GatewayProperties();
		gateway.setRoutes(List.of(definition));
		return gateway;
	}

	@Test
	void aRefreshThatBeganBeforeAReloadDoesNotBringTheOldRoutesBack() {
		Sinks.One<Route> late = Sinks.one();
		this.source.set(late.asMono().flux());
		this.routes.onApplicationEvent(new RefreshRoutesEvent(this));
		this.source.set(Flux.just(route("new")));
		reload(new GatewayProperties());
		late.tryEmitValue(route("old"));
		assertThat(current()).containsExactly("new");
	}

	@Test
	void aRefreshThatEndsDuringAReloadIsRepeatedAfterIt() {
		Sinks.One<Route> late = Sinks.one();
		this.source.set(late.asMono().flux());
		this.routes.onApplicationEvent(new RefreshRoutesEvent(this));
		this.source.set(Flux.just(route("new")));
		Pools.Change change = this.pools.prepare(this.pools.current().properties(), null);
		LiveRoutes.Change routeChange = this.routes.prepare(change.pools(), new GatewayProperties());
		late.tryEmitValue(route("old"));
		assertThat(current()).containsExactly("old");
		this.source.set(Flux.just(route("newer")));
		this.pools.apply(change);
		this.routes.apply(routeChange);
		assertThat(current()).containsExactly("newer");
	}

	@Test
	void aRefreshAfterARefusedReloadReadsTheRoutesOfTheUsedConfiguration() {
		LiveRoutes.Change refused = this.routes
			.prepare(this.pools.prepare(this.pools.current().properties(), null).pools(), new GatewayProperties());
		this.source.set(Flux.just(route("added")));
		this.routes.onApplicationEvent(new RefreshRoutesEvent(this));
		assertThat(current()).containsExactly("old");
		this.routes.discard(refused);
		assertThat(current()).containsExactly("added");
	}

	@Test
	void aRouteIsTheSameAfterAReloadUnlessItsUserHasChangedIt() {
		this.source.set(Flux.just(route("a")));
		reload(routeWith("PreserveHostHeader"));
		Route before = this.routes.all().get(0);
		Pools.Change unchanged = reload(routeWith("PreserveHostHeader"));
		Route after = this.routes.all().get(0);
		assertThat(after).isNotSameAs(before);
		assertThat(this.routes.after(before, unchanged.pools())).isSameAs(after);
		Pools.Change changed = reload(routeWith("AddRequestHeader=x-team, a"));
		assertThat(this.routes.after(after, changed.pools())).isNull();
		assertThat(this.routes.after(after, unchanged.pools())).isNull();
		GatewayProperties filtered = routeWith("AddRequestHeader=x-team, a");
		filtered.setDefaultFilters(List.of(new FilterDefinition("PreserveHostHeader")));
		Route last = this.routes.all().get(0);
		assertThat(this.routes.after(last, reload(filtered).pools())).isNull();
	}

	@Test
	void theTextOfAPredicateShowsNoLambda() {
		assertThat(route("a").getPredicate().toString()).contains("$$Lambda");
		assertThat(this.routes.all().get(0).getPredicate()).hasToString("(PathPredicate)");
	}

	private record PathPredicate() implements Predicate<ServerWebExchange> {

		@Override
		public boolean test(ServerWebExchange exchange) {
			return true;
		}

		@Override
		public String toString() {
			return "PathPredicate";
		}

	}

}
