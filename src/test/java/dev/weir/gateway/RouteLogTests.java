package dev.weir.gateway;

import java.net.URI;

import org.junit.jupiter.api.Test;

import org.springframework.cloud.gateway.filter.FilterDefinition;
import org.springframework.cloud.gateway.handler.predicate.PredicateDefinition;
import org.springframework.cloud.gateway.route.RouteDefinition;

import static org.assertj.core.api.Assertions.assertThat;

class RouteLogTests {

	@Test
	void namesPredicatesAndTargetOfARouteButNoSecret() {
		RouteDefinition route = new RouteDefinition();
		route.setId("chat");
		route.setUri(URI.create("http://me:canary@one.example/x?key=canary"));
		route.getPredicates().add(new PredicateDefinition("Path=/v1/**, /openai/**"));
		route.getPredicates().add(new PredicateDefinition("Header=x-team, canary"));
		route.getFilters().add(new FilterDefinition("AddRequestHeader=x-key, canary"));
		assertThat(RouteLog.describe(route)).isEqualTo(
				"chat: Path=/v1/**, /openai/** and Header=x-team, … leads to http://one.example/x with AddRequestHeader");
	}

}
