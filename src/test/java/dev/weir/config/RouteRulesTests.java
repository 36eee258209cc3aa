package dev.weir.config;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class RouteRulesTests {

	private static final String POOL = """
			weir.pools.openai.backends:
			  - name: openai1
			    url: https://one.example
			""";

	@ParameterizedTest
	@ValueSource(strings = { "lb://opnai", "lb://OpenAI", "lb://open_ai", "lb://open.ai", "lb://" })
	void refusesARouteToNoPool(String uri) {
		assertThat(routeTo(uri).report())
			.contains("spring.cloud.gateway.server.webflux.routes[1].uri = " + uri
					+ " (application.yml:8): leads to no pool")
			.contains("The pools are openai.");
	}

	@ParameterizedTest
	@ValueSource(strings = { "LB://openai", "lb:ws://openai", "lb:http://openai", "Lb://other" })
	void refusesOtherWaysToNameAPool(String uri) {
		assertThat(routeTo(uri).report()).contains(uri + " (application.yml:8): is not how a route names a pool");
	}

	@ParameterizedTest
	@ValueSource(strings = { "lb://openai", "lb://openai:80/x", "https://example.com", "forward:/x",
			"${TARGET:lb://openai}" })
	void takesOtherRoutes(String uri) {
		assertThat(routeTo(uri).load()).isNotNull();
	}

	@Test
	void refusesToStartWithoutARoute() {
		assertThat(Configured.file(POOL).report())
			.contains("spring.cloud.gateway.server.webflux.routes: there is no route")
			.contains("uri: lb://openai");
	}

	@Test
	void takesTheRoutesOfTheSourceThatComesFirst() {
		assertThat(routeTo("lb://nowhere").property("spring.cloud.gateway.server.webflux.routes[0].uri", "lb://openai")
			.load()).isNotNull();
	}

	private static Configured routeTo(String uri) {
		return Configured.file(POOL + """
				spring.cloud.gateway.server.webflux.routes:
				  - id: first
				    uri: no://op
				  - id: second
				    uri: '%s'
				""".formatted(uri));
	}

}
