package dev.weir.ops;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;

import com.jayway.jsonpath.JsonPath;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.RawBackend.answering;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What operators see and, as important, what they cannot do, over HTTP.
 */
class ActuatorTests {

	private static final int POOLS = 31;

	private static final RawBackend.Script SERVES = answering("200 OK", Bodies.COMPLETION);

	private static final RawBackend.Script THROTTLED = answering("429 Too Many Requests", Bodies.AZURE_THROTTLED,
			"retry-after: 30");

	private static final RawBackend.Script DENIES = answering("401 Unauthorized",
			"{\"error\":{\"code\":\"invalid_api_key\"}}");

	private static final RawBackend.Script FAILS = answering("503 Service Unavailable", "{}");

	private static final RawBackend.Script SPENT = answering("429 Too Many Requests", Bodies.QUOTA_SPENT);

	private static Stands stands;

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(POOLS);
	}

	@AfterAll
	static void stopWeir() {
		stands.close();
	}

	@Test
	void exposesNothingButWhatIsHarmless() {
		Map<String, Object> links = JsonPath.read(get("/actuator").body(), "$._links");
		assertThat(links.keySet()).extracting((name) -> name.split("-")[0])
			.containsOnly("self", "health", "info", "metrics", "prometheus", "gateway", "backends", "circuitbreakers");
	}

	@ParameterizedTest
	@ValueSource(strings = { "env", "configprops", "beans", "heapdump", "threaddump", "loggers", "refresh", "shutdown",
			"mappings", "conditions", "scheduledtasks", "httpexchanges", "logfile", "caches", "sbom", "restart",
			"features", "circuitbreakerevents", "env/weir.pools.openai" })
	void anythingElseIsNotFound(String endpoint) {
		assertThat(get("/actuator/" + endpoint).statusCode()).isEqualTo(404);
		assertThat(send("POST", "/actuator/" + endpoint, "{}").statusCode()).isEqualTo(404);
	}

	@Test
	void routesAreShownButCannotBeChanged() {
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
	void circuitBreakersAreShownButCannotBeChanged() {
		Stand stand = stands.next(SERVES, SERVES);
		assertRefused(
				send("POST", "/actuator/circuitbreakers/" + stand.firstName(), "{\"updateState\":\"FORCE_OPEN\"}"));
		assertThat(breaker(stand.firstName())).isEqualTo("CLOSED");
	}

	@Test
	void healthHasEveryBackendAndEveryPool() {
		String health = get("/actuator/health").body();
		Map<String, Object> backends = JsonPath.read(health, "$.components.backends.components");
		Map<String, Object> pools = JsonPath.read(health, "$.components.pools.components");
		assertThat(backends.keySet()).hasSize(2 * POOLS).contains("pool-0-a", "pool-0-b");
		assertThat(pools.keySet()).hasSize(POOLS).contains("pool-0");
	}

	@Test
	void aBackendThatTakesRequestsIsUp() {
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
	void aBackendThatRestsSaysUntilWhenAndIsNoFault() {
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
	void aBackendOfWhichOneLaneRestsIsUp() {
		Stand stand = stands.next((call) -> (call.request().contains("gpt-4o") ? THROTTLED : SERVES).run(call), SERVES);
		stand.chat();
		stand.post("/v1/chat/completions", "{\"model\":\"o9\",\"messages\":[]}");
		assertHealth(health(stand.firstName()), 200, "UP", "PARTIAL_COOLDOWN", "gpt-4o is in cooldown for another");
	}

	@Test
	void aBackendWhoseBreakerIsOpenIsOutOfService() {
		Stand stand = stands.next(FAILS, SERVES);
		IntStream.range(0, 5).forEach((i) -> stand.chat());
		HttpResponse<String> health = health(stand.firstName());
		assertHealth(health, 503, "BREAKER_OPEN", "BREAKER_OPEN", "it failed too often");
		assertUntil(health, 10);
		assertThat(breaker(stand.firstName())).isEqualTo("OPEN");
		assertPoolIsUp(stand);
	}

	@Test
	void aBackendThatDeniesAccessIsOutOfService() {
		Stand stand = stands.next(DENIES, SERVES);
		stand.chat();
		HttpResponse<String> health = health(stand.firstName());
		assertHealth(health, 503, "DENIED", "DENIED", "it refuses the credential that Weir has for it: it does not say"
				+ " why; check its api-key, or the role of Weir's identity on it");
		assertUntil(health, 300);
		assertPoolIsUp(stand);
	}

	@Test
	void aBackendWhoseQuotaIsSpentIsOutOfService() {
		Stand stand = stands.next(SPENT, SERVES);
		stand.chat();
		HttpResponse<String> health = health(stand.firstName());
		assertHealth(health, 503, "OUT_OF_QUOTA", "OUT_OF_QUOTA",
				"its quota is spent: it says \"You exceeded your current quota.\"; add credit to its account or raise"
						+ " the account's limit");
		assertUntil(health, 300);
		assertPoolIsUp(stand);
	}

	@Test
	void aBackendThatServesNoneOfItsModelsIsOutOfServiceAndSaysWhatHelps() {
		RawBackend.Script missing = (call) -> {
			if (call.request().contains("gpt-4o")) {
				call.answer("404 Not Found", Bodies.NO_DEPLOYMENT);
			}
			else {
				call.answer("200 OK", Bodies.COMPLETION);
			}
		};
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
	void aModelThatAClientMadeUpSaysNothingAboutABackendThatServesOthers() {
		Stand stand = stands.next((call) -> {
			if (call.request().contains("made-up")) {
				call.answer("404 Not Found", Bodies.NO_DEPLOYMENT);
			}
			else {
				call.answer("200 OK", Bodies.COMPLETION);
			}
		}, SERVES);
		stand.chat();
		stand.post("/v1/chat/completions", "{\"model\":\"made-up\",\"messages\":[]}");
		assertThat(health(stand.firstName()).body()).contains("\"state\":\"AVAILABLE\"");
	}

	@Test
	void aPoolInWhichAllRestIsInService() {
		Stand stand = stands.next(THROTTLED, THROTTLED);
		assertThat(stand.chat().statusCode()).isEqualTo(429);
		assertPoolIsUp(stand);
	}

	@Test
	void aPoolInWhichNoneCanServeIsOutOfServiceWhileWeirItselfIsWell() {
		// a Weir of its own, since the health of the whole is asked for
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

	@Test
	void backendsAreShownWithTheirLanesAndCounts() {
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
	void aLaneSaysHowFastItIsAndWhatIsLeftOfItsQuotaOnceItHasAnswered() {
		Stand stand = stands.next(answering("200 OK", Bodies.COMPLETION, "x-ratelimit-remaining-tokens: 2500",
				"x-ratelimit-limit-tokens: 10000", "x-ratelimit-reset-tokens: 60"), SERVES);
		stand.chat();
		String one = get("/actuator/backends/" + stand.firstName()).body();
		assertThat(JsonPath.<Double>read(one, "$.lanes[0].headroom")).isEqualTo(0.25);
		assertThat(JsonPath.<Integer>read(one, "$.lanes[0].latencyMillis")).isBetween(0, 20_000);
		assertThat(JsonPath.<Integer>read(one, "$.maxConcurrent")).isEqualTo(100_000);
	}

	@Test
	void aLaneThatSaysNothingOfItsQuotaIsNotMadeToSaySomething() {
		Stand stand = stands.next(THROTTLED, SERVES);
		stand.chat();
		assertThat(
				JsonPath.<Map<String, Object>>read(get("/actuator/backends/" + stand.firstName()).body(), "$.lanes[0]"))
			.doesNotContainKeys("headroom", "latencyMillis");
	}

	@Test
	void a429TellsOfTheQuotaToo() {
		Stand stand = stands.next(answering("429 Too Many Requests", Bodies.AZURE_THROTTLED, "retry-after: 30",
				"azure-openai-deployment-utilization: 100%"), SERVES);
		stand.chat();
		assertThat(JsonPath.<Double>read(get("/actuator/backends/" + stand.firstName()).body(), "$.lanes[0].headroom"))
			.isZero();
	}

	@Test
	void aLaneThatHasRestedIsRampingAndUp() {
		Stand stand = stands.next(answering("429 Too Many Requests", Bodies.AZURE_THROTTLED, "retry-after-ms: 1"),
				SERVES);
		stand.chat();
		await().untilAsserted(() -> assertHealth(health(stand.firstName()), 200, "UP", "RAMPING",
				"after a cooldown it takes a few requests at first for gpt-4o"));
		assertThat(get("/actuator/backends/" + stand.firstName()).body()).contains("\"ramping\":true",
				"\"available\":true");
		assertPoolIsUp(stand);
	}

	@Test
	void anUnknownBackendIsNotFoundAndNoneCanBeChanged() {
		assertThat(get("/actuator/backends/unknown").statusCode()).isEqualTo(404);
		assertThat(health("unknown").statusCode()).isEqualTo(404);
		assertRefused(send("POST", "/actuator/backends/pool-0-a", "{}"));
		assertRefused(send("DELETE", "/actuator/backends/pool-0-a", ""));
	}

	@Test
	void metricsCountAttemptsByOutcomeAndWhatRuns() {
		Stand stand = stands.next(THROTTLED, SERVES);
		stand.chat();
		stand.chat();
		await().untilAsserted(() -> {
			assertMetric(stand.firstName(), "weir_attempts_seconds_count", "outcome=\"throttled\"", "1");
			assertMetric(stand.secondName(), "weir_attempts_seconds_count", "outcome=\"served\"", "2");
			assertMetric(stand.secondName(), "weir_backend_available", "pool=\"" + stand.name() + "\"", "1.0");
			assertMetric(stand.firstName(), "weir_backend_in_flight", "", "0.0");
			assertMetric(stand.secondName(), "weir_backend_in_flight", "", "0.0");
		});
	}

	@Test
	void metricsCountRequestsByWhatTheClientGot() {
		Stand stand = stands.next(THROTTLED, SERVES);
		stand.chat();
		stand.chat();
		Stand spent = stands.next(THROTTLED, THROTTLED);
		spent.chat();
		Stand refused = stands.next(SERVES, SERVES);
		refused.post("/v1/chat/completions", "{\"model\":7}");
		await().untilAsserted(() -> {
			assertRequests(stand.name(), 200, 2);
			assertRequests(spent.name(), 429, 1);
			assertRequests(refused.name(), 400, 1);
		});
	}

	@Test
	void aClientThatLeavesBeforeItsAnswerIsCountedAsSuch() throws Exception {
		CountDownLatch called = new CountDownLatch(1);
		Stand stand = stands.next((call) -> {
			called.countDown();
			call.awaitClose();
		}, SERVES);
		try (RawClient client = RawClient.of(stand.weir())) {
			client.post("/" + stand.name() + "/v1/chat/completions", Bodies.CHAT);
			called.await();
		}
		await().untilAsserted(() -> assertRequests(stand.name(), 499, 1));
	}

	private static void assertRequests(String pool, int status, int count) {
		assertThat(get("/actuator/prometheus").body().lines())
			.contains("weir_requests_seconds_count{pool=\"" + pool + "\",status=\"" + status + "\"} " + count);
	}

	@Test
	void metricsCountTheRequestsThatWait() {
		CountDownLatch called = new CountDownLatch(1);
		CountDownLatch goOn = new CountDownLatch(1);
		try (RawBackend busy = RawBackend.start((call) -> {
			called.countDown();
			goOn.await();
			SERVES.run(call);
		});
				WeirServer weir = WeirServer.start(
						WeirServer.pool("max-wait: 30s", WeirServer.backend("a", busy.url(), "max-concurrent: 1")))) {
			CompletableFuture<Integer> first = CompletableFuture.supplyAsync(() -> weir.chat().statusCode());
			await().until(() -> called.getCount() == 0);
			CompletableFuture<Integer> second = CompletableFuture.supplyAsync(() -> weir.chat().statusCode());
			await().untilAsserted(() -> assertWaiting(weir, 1));
			goOn.countDown();
			assertThat(first.join()).isEqualTo(200);
			assertThat(second.join()).isEqualTo(200);
			assertWaiting(weir, 0);
		}
	}

	private static void assertWaiting(WeirServer weir, int count) {
		assertThat(weir.get("/actuator/prometheus").body())
			.contains("weir_pool_waiting{pool=\"openai\"} " + count + ".0");
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "/health", "/backends", "/gateway/routes", "/gateway/globalfilters",
			"/gateway/routefilters", "/gateway/routepredicates", "/circuitbreakers", "/metrics",
			"/metrics/weir.attempts", "/prometheus", "/info" })
	void noAnswerHasAKey(String path) {
		stands.weir().post("/pool-0/v1/chat/completions", Bodies.CHAT, "api-key", "key-of-the-client");
		HttpResponse<String> response = get("/actuator" + path);
		assertThat(response.statusCode()).isEqualTo(200);
		assertThat(response.body() + response.headers()).doesNotContain("key-of-");
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

	private static void assertRefused(HttpResponse<String> response) {
		assertThat(response.statusCode()).isIn(404, 405);
	}

	private static void assertMetric(String backend, String name, String tag, String value) {
		assertThat(get("/actuator/prometheus").body().lines())
			.anySatisfy((line) -> assertThat(line).startsWith(name + "{")
				.contains("backend=\"" + backend + "\"", tag)
				.endsWith("} " + value));
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
