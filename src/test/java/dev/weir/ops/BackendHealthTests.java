package dev.weir.ops;

import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.Map;
import java.util.stream.IntStream;

import com.jayway.jsonpath.JsonPath;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import dev.weir.testing.Bodies;
import dev.weir.testing.RawBackend;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.Scripts.SERVES;
import static dev.weir.testing.Scripts.THROTTLED;
import static dev.weir.testing.Scripts.responding;
import static dev.weir.testing.Scripts.servingExcept;
import static dev.weir.testing.Scripts.throttling;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Health of backends and pools over HTTP.
 */
class BackendHealthTests {

	private static final int POOLS = 9;

	private static final RawBackend.Script DENIES = responding("401 Unauthorized",
			"{\"error\":{\"code\":\"invalid_api_key\"}}");

	private static final RawBackend.Script FAILS = responding("503 Service Unavailable", "{}");

	private static final RawBackend.Script QUOTA_USED_UP = responding("429 Too Many Requests", Bodies.QUOTA_SPENT);

	@AutoClose
	private static Stands stands;

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(POOLS);
	}

	@Test
	void healthHasAComponentForEachBackendAndEachPool() {
		String health = get("/actuator/health").body();
		Map<String, Object> backends = JsonPath.read(health, "$.components.backends.components");
		Map<String, Object> pools = JsonPath.read(health, "$.components.pools.components");
		assertThat(backends.keySet()).hasSize(2 * POOLS).contains("pool-0-a", "pool-0-b");
		assertThat(pools.keySet()).hasSize(POOLS).contains("pool-0");
	}

	@Test
	void anAvailableBackendIsUp() {
		Stand stand = stands.next(SERVES, SERVES);
		assertThat(stand.chat().statusCode()).isEqualTo(200);
		HttpResponse<String> health = health(stand.firstName());
		assertHealth(health, 200, "UP", "AVAILABLE", "it takes requests");
		assertThat(JsonPath.<Map<String, Object>>read(health.body(), "$.details")).containsEntry("pool", stand.name())
			.containsEntry("url", stand.first().url().toString())
			.containsEntry("breaker", "CLOSED")
			.doesNotContainKeys("remaining", "until");
	}

	@Test
	void aBackendInCooldownHasItsEndAndIsNotOutOfService() {
		Stand stand = stands.next(THROTTLED, SERVES);
		stand.chat();
		HttpResponse<String> health = health(stand.firstName());
		assertHealth(health, 200, "COOLDOWN", "COOLDOWN", "gpt-4o is in cooldown for another");
		assertUntil(health, 30);
		assertPoolIsUp(stand);
		assertThat(get("/actuator/backends/" + stand.firstName()).body()).contains("\"state\":\"COOLDOWN\"",
				"\"cooldownReason\":\"throttled\"", "\"available\":false");
	}

	@Test
	void aBackendWithOneLaneInCooldownIsUp() {
		Stand stand = stands.next((call) -> (call.request().contains("gpt-4o") ? THROTTLED : SERVES).run(call), SERVES);
		stand.chat();
		stand.post("/v1/chat/completions", "{\"model\":\"o9\",\"messages\":[]}");
		assertHealth(health(stand.firstName()), 200, "UP", "PARTIAL_COOLDOWN", "gpt-4o is in cooldown for another");
	}

	@Test
	void aBackendWithALaneAfterItsCooldownIsRampingAndUp() {
		Stand stand = stands.next(throttling("retry-after-ms: 1"), SERVES);
		stand.chat();
		await().untilAsserted(() -> assertHealth(health(stand.firstName()), 200, "UP", "RAMPING",
				"after a cooldown it takes a few requests at first for gpt-4o"));
		assertThat(get("/actuator/backends/" + stand.firstName()).body()).contains("\"ramping\":true",
				"\"available\":true");
		assertPoolIsUp(stand);
	}

	@Test
	void aBackendWithAnOpenCircuitBreakerIsOutOfService() {
		Stand stand = stands.next(FAILS, SERVES);
		IntStream.range(0, 5).forEach((i) -> stand.chat());
		HttpResponse<String> health = health(stand.firstName());
		assertHealth(health, 503, "BREAKER_OPEN", "BREAKER_OPEN", "it failed too often");
		assertUntil(health, 10);
		assertThat(breaker(stand.firstName())).isEqualTo("OPEN");
		assertPoolIsUp(stand);
	}

	@Test
	void aBackendThatRefusesTheCredentialIsOutOfService() {
		Stand stand = stands.next(DENIES, SERVES);
		stand.chat();
		HttpResponse<String> health = health(stand.firstName());
		assertHealth(health, 503, "DENIED", "DENIED", "it refuses the credential that Weir has for it; no reason given;"
				+ " check its api-key, or the role of Weir's identity on it");
		assertUntil(health, 300);
		assertPoolIsUp(stand);
	}

	@Test
	void aBackendWithoutRemainingQuotaIsOutOfService() {
		Stand stand = stands.next(QUOTA_USED_UP, SERVES);
		stand.chat();
		HttpResponse<String> health = health(stand.firstName());
		assertHealth(health, 503, "OUT_OF_QUOTA", "OUT_OF_QUOTA",
				"its quota is used up; message: \"You exceeded your current quota.\"; add credit to its account or raise"
						+ " the account's limit");
		assertUntil(health, 300);
		assertPoolIsUp(stand);
	}

	@Test
	void aBackendThatServesNoneOfItsModelsIsOutOfService() {
		RawBackend.Script missing = servingExcept("gpt-4o", responding("404 Not Found", Bodies.NO_DEPLOYMENT));
		try (RawBackend only = RawBackend.start(missing);
				RawBackend other = RawBackend.start(missing);
				WeirServer weir = WeirServer.withBackends(
						WeirServer.backend("only", only.url(), "models: {gpt-4o: gpt-4o}"),
						WeirServer.backend("other", other.url(), "models: {gpt-4o: gpt-4o, o3: o3}"))) {
			assertThat(weir.chat().statusCode()).isEqualTo(404);
			HttpResponse<String> health = weir.get("/actuator/health/backends/only");
			assertThat(health.statusCode()).isEqualTo(503);
			assertThat(health.body()).contains("\"status\":\"NO_MODEL\"", "it serves none of its models: gpt-4o",
					"The API deployment for this resource does not exist.", "deploy the model there");
			assertThat(weir.get("/actuator/health/backends/other").body()).contains("\"status\":\"UP\"",
					"PARTIAL_COOLDOWN", "gpt-4o");
			assertThat(weir.get("/actuator/health").statusCode()).isEqualTo(200);
		}
	}

	@Test
	void anUnknownModelDoesNotCountForABackendThatServesOthers() {
		Stand stand = stands.next(servingExcept("made-up", responding("404 Not Found", Bodies.NO_DEPLOYMENT)), SERVES);
		stand.chat();
		stand.post("/v1/chat/completions", "{\"model\":\"made-up\",\"messages\":[]}");
		assertThat(health(stand.firstName()).body()).contains("\"state\":\"AVAILABLE\"");
	}

	@Test
	void aPoolWithAllBackendsInCooldownIsUp() {
		Stand stand = stands.next(THROTTLED, THROTTLED);
		assertThat(stand.chat().statusCode()).isEqualTo(429);
		assertPoolIsUp(stand);
	}

	@Test
	void aPoolWithoutAServingBackendIsOutOfServiceAndReadinessIsUp() {
		// a separate Weir, because this test needs the health of all pools
		try (RawBackend denied = RawBackend.start(DENIES);
				RawBackend broken = RawBackend.start(FAILS);
				WeirServer weir = WeirServer.withBackends(WeirServer.backend("denied", denied.url()),
						WeirServer.backend("broken", broken.url(), "priority: 2"))) {
			weir.chat();
			assertThat(weir.get("/actuator/health/pools").statusCode()).isEqualTo(200);
			assertThat(weir.get("/actuator/health").statusCode()).isEqualTo(200);
			IntStream.range(0, 5).forEach((i) -> weir.chat());
			HttpResponse<String> pools = weir.get("/actuator/health/pools");
			assertThat(pools.statusCode()).isEqualTo(503);
			assertThat(JsonPath.<String>read(pools.body(), "$.components.openai.status")).isEqualTo("OUT_OF_SERVICE");
			assertThat(JsonPath.<Map<String, Integer>>read(pools.body(), "$.components.openai.details.backends"))
				.isEqualTo(Map.of("DENIED", 1, "BREAKER_OPEN", 1));
			assertThat(weir.get("/actuator/health").statusCode()).isEqualTo(503);
			assertThat(weir.get("/actuator/health/liveness").body()).isEqualTo("{\"status\":\"UP\"}");
			assertThat(weir.get("/actuator/health/readiness").body()).isEqualTo("{\"status\":\"UP\"}");
		}
	}

	private static void assertHealth(HttpResponse<String> health, int code, String status, String state, String why) {
		assertThat(health.statusCode()).isEqualTo(code);
		assertThat(JsonPath.<String>read(health.body(), "$.status")).isEqualTo(status);
		assertThat(JsonPath.<String>read(health.body(), "$.details.state")).isEqualTo(state);
		assertThat(JsonPath.<String>read(health.body(), "$.details.why")).contains(why);
	}

	private static void assertUntil(HttpResponse<String> health, int seconds) {
		Instant until = Instant.parse(JsonPath.read(health.body(), "$.details.until"));
		assertThat(until).isBetween(Instant.now(), Instant.now().plusSeconds(seconds));
		assertThat(JsonPath.<String>read(health.body(), "$.details.remaining")).matches("[0-9.]+ (s|min)");
	}

	private static void assertPoolIsUp(Stand stand) {
		HttpResponse<String> pool = get("/actuator/health/pools/" + stand.name());
		assertThat(pool.statusCode()).isEqualTo(200);
		assertThat(JsonPath.<String>read(pool.body(), "$.status")).isEqualTo("UP");
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

}
