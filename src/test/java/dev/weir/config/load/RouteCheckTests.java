package dev.weir.config.load;

import java.util.Set;
import java.util.TreeSet;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class RouteCheckTests {

	private static final String POOL = """
			weir.pools.openai.backends:
			  - name: openai1
			    url: https://one.example
			""";

	@ParameterizedTest
	@ValueSource(strings = { "lb://opnai", "lb://OpenAI", "lb://open_ai", "lb://open.ai", "lb://" })
	void reportsARouteToAPoolThatDoesNotExist(String uri) {
		assertThat(routeTo(uri).report())
			.contains("spring.cloud.gateway.server.webflux.routes[1].uri = " + uri
					+ " (application.yml:9): refers to a pool that does not exist")
			.contains("The pools are openai.");
	}

	@ParameterizedTest
	@ValueSource(strings = { "LB://openai", "lb:ws://openai", "lb:http://openai", "Lb://other" })
	void reportsInvalidReferencesToAPool(String uri) {
		assertThat(routeTo(uri).report()).contains(uri + " (application.yml:9): is not a valid reference to a pool");
	}

	@ParameterizedTest
	@ValueSource(strings = { "lb://openai", "lb://openai:80/x", "https://example.com", "forward:/x",
			"${TARGET:lb://openai}" })
	void acceptsOtherRoutes(String uri) {
		assertThat(routeTo(uri).load()).isNotNull();
	}

	@Test
	void reportsAVariableOfAUriThatIsNotSet() {
		assertThat(routeTo("lb://${NO_SUCH_POOL}").report()).contains("refers to NO_SUCH_POOL, which is not set");
	}

	@Test
	void reportsThatThereIsNoRoute() {
		assertThat(SettingsFixture.file(POOL).report())
			.contains("spring.cloud.gateway.server.webflux.routes: there is no route")
			.contains("uri: lb://openai");
	}

	@ParameterizedTest
	@ValueSource(strings = { "[]", "", "''" })
	void reportsAnEmptyListOfRoutes(String empty) {
		assertThat(SettingsFixture.file("spring.cloud.gateway.server.webflux.routes: " + empty + "\n" + POOL).report())
			.contains("has one mistake",
					"spring.cloud.gateway.server.webflux.routes (application.yml:1): is present, but empty")
			.contains("Remove it to use the default route");
	}

	@Test
	void routesComeFromTheFirstSource() {
		assertThat(routeTo("lb://nowhere").property("spring.cloud.gateway.server.webflux.routes[0].uri", "lb://openai")
			.load()).isNotNull();
	}

	@Test
	void reportsAllMistakesOfRoutesAtOnce() {
		RouteFactoryNames parts = new RouteFactoryNames(new TreeSet<>(Set.of("Path", "Header")),
				new TreeSet<>(Set.of("StripPrefix", "AddRequestHeader")));
		assertThat(SettingsFixture.file(POOL + """
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

						spring.cloud.gateway.routes (application.yml:4): is not read, because Spring Cloud Gateway 5 has moved it
						    Write spring.cloud.gateway.server.webflux.routes.

						spring.cloud.gateway.server.webflux.default-filters[0] (application.yml:6): is not a known filter: StripPrefx
						    Did you mean StripPrefix?

						spring.cloud.gateway.server.webflux.routes[0].uri = openai (application.yml:9): has no scheme
						    Write lb://openai for the pool of that name.

						spring.cloud.gateway.server.webflux.routes[0].predicates[0] (application.yml:10): is not a known predicate: Paths
						    Did you mean Path?

						spring.cloud.gateway.server.webflux.routes[0].predicates[1] (application.yml:10): is not a predicate with a name, = and a value
						    Write it on one line, such as - Path=/v1/**, /openai/**.

						spring.cloud.gateway.server.webflux.routes[1].uri = localhost:8080 (application.yml:12): has no scheme
						    Write lb:// and the name of a pool, or http:// and a host.

						spring.cloud.gateway.server.webflux.routes[1].predicates[0].path (application.yml:14): is not a valid way to write a predicate
						    Write the name, = and the value, such as - Path=/v1/**, /openai/**.

						spring.cloud.gateway.server.webflux.routes[1].predicates[1] (application.yml:15): has the path v1/**, which does not begin with a slash
						    Write /v1/**. Without the slash no request matches.

						spring.cloud.gateway.server.webflux.routes[1].predicates[2].args.pattern (application.yml:16): has the path v2/**, which does not begin with a slash
						    Write /v2/**. Without the slash no request matches.

						spring.cloud.gateway.server.webflux.routes[1].predicates[3].name (application.yml:17): is not a known predicate: Heeder
						    Did you mean Header?

						spring.cloud.gateway.server.webflux.routes[1].filters[0] (application.yml:19): is not a known filter: AddRequestHeaders
						    Did you mean AddRequestHeader?

						spring.cloud.gateway.server.webflux.routes[1].filters[1] (application.yml:20): is the filter RequestRateLimiter, which Weir does not include
						    It needs Redis, which Weir does not include. weir.pools.*.backends[].max-concurrent limits requests.

						spring.cloud.gateway.server.webflux.routes[1].filters[2].stripprefix (application.yml:21): is not a valid way to write a filter
						    Write the name, = and the value, such as - StripPrefix=1.

						spring.cloud.gateway.server.webflux.routes[2].uri (application.yml:22): is missing
						    Write lb:// and the name of a pool.

						spring.cloud.gateway.server.webflux.routes[2].predicates (application.yml:22): is missing
						    Add the requests that the route takes, such as - Path=/v1/**, /openai/**.

						spring.cloud.gateway.server.webflux.routes[2].predicate (application.yml:23): there is no such property
						    Did you mean predicates?
						""");
	}

	@Test
	void reportsAMisspeltListOfRoutes() {
		assertThat(SettingsFixture.pool("")
			.property("spring.cloud.gateway.server.webflux.route[0].uri", "lb://openai")
			.mistakes()).containsExactly("spring.cloud.gateway.server.webflux.route: there is no such property");
	}

	private static SettingsFixture routeTo(String uri) {
		return SettingsFixture.file(POOL + """
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
