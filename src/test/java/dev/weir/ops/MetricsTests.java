package dev.weir.ops;

import java.net.http.HttpResponse;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import dev.weir.testing.Bodies;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.Scripts.SERVES;
import static dev.weir.testing.Scripts.THROTTLED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Metrics of requests and attempts over HTTP.
 */
class MetricsTests {

	@AutoClose
	private static Stands stands;

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(6);
	}

	@Test
	void attemptsAreCountedByOutcome() {
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
	void requestsAreCountedByTheStatusOfTheReply() {
		Stand stand = stands.next(THROTTLED, SERVES);
		stand.chat();
		stand.chat();
		Stand exhausted = stands.next(THROTTLED, THROTTLED);
		exhausted.chat();
		Stand refused = stands.next(SERVES, SERVES);
		refused.post("/v1/chat/completions", "{\"model\":7}");
		await().untilAsserted(() -> {
			assertRequests(stand.name(), 200, 2);
			assertRequests(exhausted.name(), 429, 1);
			assertRequests(refused.name(), 400, 1);
		});
	}

	@Test
	void aClientThatDisconnectsBeforeItsReplyIsCountedWith499() throws Exception {
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

	@Test
	void waitingRequestsAreCounted() {
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

	@Test
	void theTokensOfAStoredResponseAreCountedOnceHoweverOftenItIsRead() {
		String response = "{\"id\":\"%s\",\"object\":\"response\",\"status\":\"completed\",\"output\":[],\"usage\":%s}";
		String usage = "{\"input_tokens\":30,\"input_tokens_details\":{\"cached_tokens\":%d},\"output_tokens\":20,"
				+ "\"total_tokens\":50}";
		Stand stand = stands.next((call) -> {
			boolean background = call.request().contains("\"background\":true");
			boolean second = call.request().contains("/resp_2 ") || background;
			call.respond("200 OK", response.formatted(second ? "resp_2" : "resp_1",
					background ? "null" : usage.formatted(second ? 15 : 0)));
		}, SERVES);
		stand.post("/v1/responses", "{\"model\":\"gpt-4o\",\"input\":\"hi\"}");
		stand.post("/v1/responses", "{\"model\":\"gpt-4o\",\"input\":\"hi\",\"background\":true}");
		for (int i = 0; i < 3; i++) {
			for (String id : new String[] { "resp_1", "resp_2" }) {
				assertThat(stand.get("/v1/responses/" + id).body()).contains("\"input_tokens\":30");
			}
		}
		String name = "gen_ai_client_token_usage_token_";
		assertMetric(stand.firstName(), name + "count", "type=\"input\"", "2");
		assertMetric(stand.firstName(), name + "sum", "type=\"input\"", "60.0");
		assertMetric(stand.firstName(), name + "sum", "type=\"output\"", "40.0");
		assertMetric(stand.firstName(), "weir_cached_tokens_total", "", "15.0");
		assertThat(get("/actuator/backends/" + stand.firstName()).body()).contains("\"cachedShare\":0.25");
	}

	private static void assertRequests(String pool, int status, int count) {
		assertThat(get("/actuator/prometheus").body().lines())
			.contains("weir_requests_seconds_count{pool=\"" + pool + "\",status=\"" + status + "\"} " + count);
	}

	private static void assertWaiting(WeirServer weir, int count) {
		assertThat(weir.get("/actuator/prometheus").body())
			.contains("weir_pool_waiting{pool=\"openai\"} " + count + ".0");
	}

	private static void assertMetric(String backend, String name, String tag, String value) {
		assertThat(get("/actuator/prometheus").body().lines())
			.anySatisfy((line) -> assertThat(line).startsWith(name + "{")
				.contains("backend=\"" + backend + "\"", tag)
				.endsWith("} " + value));
	}

	private static HttpResponse<String> get(String path) {
		return stands.weir().get(path);
	}

}
