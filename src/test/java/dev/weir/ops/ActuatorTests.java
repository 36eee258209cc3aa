package dev.weir.ops;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;

import com.jayway.jsonpath.JsonPath;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;

import static dev.weir.testing.Scripts.SERVES;
import static dev.weir.testing.Scripts.THROTTLED;
import static dev.weir.testing.Scripts.responding;
import static dev.weir.testing.Scripts.throttling;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The endpoints of the Actuator over HTTP: their content, and that nothing can be
 * changed.
 */
class ActuatorTests {

	@AutoClose
	private static Stands stands;

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(6);
	}

	@Test
	void onlyHarmlessEndpointsAreExposed() {
		Map<String, Object> links = JsonPath.read(get("/actuator").body(), "$._links");
		assertThat(links.keySet()).extracting((name) -> name.split("-")[0])
			.containsOnly("self", "health", "info", "metrics", "prometheus", "gateway", "backends", "clients",
					"circuitbreakers");
	}

	@ParameterizedTest
	@ValueSource(strings = { "env", "configprops", "beans", "heapdump", "threaddump", "loggers", "refresh", "shutdown",
			"mappings", "conditions", "scheduledtasks", "httpexchanges", "logfile", "caches", "sbom", "restart",
			"features", "circuitbreakerevents", "env/weir.pools.openai" })
	void allOtherEndpointsAreNotFound(String endpoint) {
		assertThat(get("/actuator/" + endpoint).statusCode()).isEqualTo(404);
		assertThat(send("POST", "/actuator/" + endpoint, "{}").statusCode()).isEqualTo(404);
	}

	@Test
	void routesCanBeReadButNotChanged() {
		String before = get("/actuator/gateway/routes").body();
		List<String> uris = JsonPath.read(before, "$[?(@.route_id == 'pool-0')].uri");
		assertThat(uris).containsExactly("lb://pool-0");
		assertThat(get("/actuator/gateway/routes/pool-0").statusCode()).isEqualTo(200);
		String route = "{\"id\":\"x\",\"uri\":\"http://example.org\",\"predicates\":[\"Path=/x\"]}";
		assertRefused(send("POST", "/actuator/gateway/routes/x", route));
		assertRefused(send("POST", "/actuator/gateway/routes", "[" + route + "]"));
		assertRefused(send("DELETE", "/actuator/gateway/routes/pool-0", ""));
		assertRefused(send("POST", "/actuator/gateway/refresh", ""));
		assertThat(get("/actuator/gateway/routes").body()).isEqualTo(before);
	}

	@Test
	void circuitBreakersCanBeReadButNotChanged() {
		Stand stand = stands.next(SERVES, SERVES);
		assertRefused(
				send("POST", "/actuator/circuitbreakers/" + stand.firstName(), "{\"updateState\":\"FORCE_OPEN\"}"));
		assertThat(breaker(stand.firstName())).isEqualTo("CLOSED");
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "/health", "/backends", "/gateway/routes", "/gateway/globalfilters",
			"/gateway/routefilters", "/gateway/routepredicates", "/circuitbreakers", "/metrics",
			"/metrics/weir.attempts", "/prometheus", "/info" })
	void noReplyHasAKey(String path) {
		stands.weir().post("/pool-0/v1/chat/completions", Bodies.CHAT, "api-key", "key-of-the-client");
		HttpResponse<String> response = get("/actuator" + path);
		assertThat(response.statusCode()).isEqualTo(200);
		assertThat(response.body() + response.headers()).doesNotContain("key-of-");
	}

	@Test
	void backendsHaveTheirLanesAndCounts() {
		Stand stand = stands.next(THROTTLED, SERVES);
		stand.chat();
		String one = get("/actuator/backends/" + stand.firstName()).body();
		assertThat(JsonPath.<Map<String, Integer>>read(one, "$.lanes[0].counts"))
			.isEqualTo(Map.of("inFlight", 0, "attempts", 1, "served", 0, "rejected", 0, "throttled", 1, "failed", 0));
		assertThat(JsonPath.<Integer>read(one, "$.lanes[0].cooldownRemainingMillis")).isBetween(1, 30_000);
		String ofSecond = "$.pools[?(@.name == '" + stand.name() + "')].backends[1].lanes[0].counts.served";
		await().untilAsserted(() -> assertThat(JsonPath.<List<Integer>>read(get("/actuator/backends").body(), ofSecond))
			.containsExactly(1));
	}

	@Test
	void aLaneHasItsLatencyAndHeadroomAfterItsFirstResponse() {
		Stand stand = stands.next(responding("200 OK", Bodies.COMPLETION, "x-ratelimit-remaining-tokens: 2500",
				"x-ratelimit-limit-tokens: 10000", "x-ratelimit-reset-tokens: 60"), SERVES);
		stand.chat();
		String one = get("/actuator/backends/" + stand.firstName()).body();
		assertThat(JsonPath.<Double>read(one, "$.lanes[0].headroom")).isEqualTo(0.25);
		assertThat(JsonPath.<Integer>read(one, "$.lanes[0].latencyMillis")).isBetween(0, 20_000);
		assertThat(JsonPath.<Integer>read(one, "$.maxConcurrent")).isEqualTo(100_000);
	}

	@Test
	void aLaneWithoutAResponseHasNoLatencyAndNoHeadroom() {
		Stand stand = stands.next(THROTTLED, SERVES);
		stand.chat();
		assertThat(
				JsonPath.<Map<String, Object>>read(get("/actuator/backends/" + stand.firstName()).body(), "$.lanes[0]"))
			.doesNotContainKeys("headroom", "latencyMillis");
	}

	@Test
	void theLaneOfRequestsWithoutAModelHasNoModel() {
		Stand stand = stands.next(responding("200 OK", "{\"object\":\"list\",\"data\":[],\"has_more\":false}"), SERVES);
		stands.weir().get("/" + stand.name() + "/v1/files");
		String one = get("/actuator/backends/" + stand.firstName()).body();
		assertThat(JsonPath.<Map<String, Object>>read(one, "$.lanes[0]")).doesNotContainKeys("model", "deployment")
			.containsKey("counts");
		assertThat(JsonPath.<Integer>read(one, "$.lanes[0].counts.attempts")).isEqualTo(1);
	}

	@Test
	void theHeadersOfA429SetTheHeadroom() {
		Stand stand = stands.next(throttling("retry-after: 30", "azure-openai-deployment-utilization: 100%"), SERVES);
		stand.chat();
		assertThat(JsonPath.<Double>read(get("/actuator/backends/" + stand.firstName()).body(), "$.lanes[0].headroom"))
			.isZero();
	}

	@Test
	void anUnknownBackendIsNotFoundAndNoneCanBeChanged() {
		assertThat(get("/actuator/backends/unknown").statusCode()).isEqualTo(404);
		assertThat(health("unknown").statusCode()).isEqualTo(404);
		assertRefused(send("POST", "/actuator/backends/pool-0-a", "{}"));
		assertRefused(send("DELETE", "/actuator/backends/pool-0-a", ""));
	}

	private static void assertRefused(HttpResponse<String> response) {
		assertThat(response.statusCode()).isIn(404, 405);
	}

	private static String breaker(String backend) {
		return JsonPath.read(get("/actuator/circuitbreakers").body(), "$.circuitBreakers['" + backend + "'].state");
	}

	private static HttpResponse<String> health(String backend) {
		return get("/actuator/health/backends/" + backend);
	}

	private static HttpResponse<String> get(String path) {
		return stands.weir().get(path);
	}

	private static HttpResponse<String> send(String method, String path, String body) {
		return stands.weir().send(method, path, body);
	}

}
