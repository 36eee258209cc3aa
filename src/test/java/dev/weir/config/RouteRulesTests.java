package dev.weir.config;

import java.util.Set;
import java.util.TreeSet;

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
					+ " (application.yml:9): leads to no pool")
			.contains("The pools are openai.");
	}

	@ParameterizedTest
	@ValueSource(strings = { "LB://openai", "lb:ws://openai", "lb:http://openai", "Lb://other" })
	void refusesOtherWaysToNameAPool(String uri) {
		assertThat(routeTo(uri).report()).contains(uri + " (application.yml:9): is not how a route names a pool");
	}

	@ParameterizedTest
	@ValueSource(strings = { "lb://openai", "lb://openai:80/x", "https://example.com", "forward:/x",
			"${TARGET:lb://openai}" })
	void takesOtherRoutes(String uri) {
		assertThat(routeTo(uri).load()).isNotNull();
	}

	@Test
	void namesAVariableOfAUriThatIsNotSet() {
		assertThat(routeTo("lb://${NO_SUCH_POOL}").report()).contains("refers to NO_SUCH_POOL, which is not set");
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

	@Test
	void reportsAllMistakesOfRoutesAtOnce() {
		RouteParts parts = new RouteParts(new TreeSet<>(Set.of("Path", "Header")),
				new TreeSet<>(Set.of("StripPrefix", "AddRequestHeader")));
		assertThat(Configured.file(POOL + """
				spring.cloud.gateway.routes[0].id: old
				spring.cloud.gateway.server.webflux:
				  default-filters: [StripPrefx=1]
				  routes:
				    - id: a
				      uri: openai
				      predicates: [Paths=/v1/**, v1]
				    - id: b
				      uri: localhost:8080
				      predicates:
				        - Path: /v1/**
				        - Path=v1/**, /x
				        - {name: Path, args: {pattern: v2/**}}
				        - {name: Heeder, args: {header: x}}
				      filters:
				        - AddRequestHeaders=x-key, canary
				        - RequestRateLimiter
				        - StripPrefix: 1
				    - id: c
				      predicate: [Path=/**]
				""").reportWith(parts)).isEqualTo(
				"""
						Weir's configuration has 16 mistakes:

						spring.cloud.gateway.routes (application.yml:4): is not read, since Spring Cloud Gateway has moved it
						    Write spring.cloud.gateway.server.webflux.routes.

						spring.cloud.gateway.server.webflux.default-filters[0] (application.yml:6): names no filter that there is: StripPrefx
						    Did you mean StripPrefix?

						spring.cloud.gateway.server.webflux.routes[0].uri = openai (application.yml:9): has no scheme
						    Write lb://openai for the pool of that name.

						spring.cloud.gateway.server.webflux.routes[0].predicates[0] (application.yml:10): names no predicate that there is: Paths
						    Did you mean Path?

						spring.cloud.gateway.server.webflux.routes[0].predicates[1] (application.yml:10): is no predicate, which has a name, = and a value
						    Write it on one line, such as - Path=/v1/**, /openai/**.

						spring.cloud.gateway.server.webflux.routes[1].uri = localhost:8080 (application.yml:12): has no scheme
						    Write lb:// and the name of a pool, or http:// and a host.

						spring.cloud.gateway.server.webflux.routes[1].predicates[0].path (application.yml:14): is not how a predicate is written
						    Write name and value with = between them, such as - Path=/v1/**, /openai/**.

						spring.cloud.gateway.server.webflux.routes[1].predicates[1] (application.yml:15): has the path v1/**, which begins with no slash
						    Write /v1/**; no request would match it as it is.

						spring.cloud.gateway.server.webflux.routes[1].predicates[2].args.pattern (application.yml:16): has the path v2/**, which begins with no slash
						    Write /v2/**; no request would match it as it is.

						spring.cloud.gateway.server.webflux.routes[1].predicates[3].name (application.yml:17): names no predicate that there is: Heeder
						    Did you mean Header?

						spring.cloud.gateway.server.webflux.routes[1].filters[0] (application.yml:19): names no filter that there is: AddRequestHeaders
						    Did you mean AddRequestHeader?

						spring.cloud.gateway.server.webflux.routes[1].filters[1] (application.yml:20): names the filter RequestRateLimiter, which Weir does not include
						    It needs Redis, which Weir does not bring. weir.pools.*.backends[].max-concurrent limits requests.

						spring.cloud.gateway.server.webflux.routes[1].filters[2].stripprefix (application.yml:21): is not how a filter is written
						    Write name and value with = between them, such as - StripPrefix=1.

						spring.cloud.gateway.server.webflux.routes[2].uri (application.yml:22): is missing
						    Write lb:// and the name of a pool.

						spring.cloud.gateway.server.webflux.routes[2].predicates (application.yml:22): is missing
						    Write below it which requests it takes: - Path=/v1/**, /openai/**.

						spring.cloud.gateway.server.webflux.routes[2].predicate (application.yml:23): there is no such property
						    Did you mean predicates?
						""");
	}

	@Test
	void refusesAListOfRoutesUnderAMisspeltName() {
		assertThat(Configured.pool("")
			.property("spring.cloud.gateway.server.webflux.route[0].uri", "lb://openai")
			.mistakes()).containsExactly("spring.cloud.gateway.server.webflux.route: there is no such property");
	}

	private static Configured routeTo(String uri) {
		return Configured.file(POOL + """
				spring.cloud.gateway.server.webflux.routes:
				  - id: first
				    uri: no://op
				    predicates: [Path=/no]
				  - id: second
				    uri: '%s'
				    predicates: [Path=/**]
				""".formatted(uri));
	}

}
