package dev.weir.failover;

import java.net.URI;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.ClosedPort;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.ReplyAssertions.assertServedBy;
import static dev.weir.testing.ReplyAssertions.header;
import static dev.weir.testing.Scripts.SERVES;
import static dev.weir.testing.Scripts.THROTTLED;
import static dev.weir.testing.Scripts.responding;
import static dev.weir.testing.Scripts.servingExcept;
import static dev.weir.testing.Scripts.throttling;
import static dev.weir.testing.WeirServer.backend;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Requests that a backend does not serve: the reply to the client and the requests to the
 * backends, on real sockets.
 */
class FailoverTests {

	private static Stands stands;

	@AutoClose
	private final OpenResources open = new OpenResources();

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(40);
	}

	@AfterAll
	static void stopWeir() {
		stands.close();
	}

	@Test
	void a429GoesToAnotherBackendWithoutTheClientNoticing() {
		Stand stand = stands.next(throttling("retry-after: 7"), SERVES);
		HttpResponse<String> response = stand.chat();
		assertThat(response.statusCode()).isEqualTo(200);
		assertThat(response.body()).isEqualTo(Bodies.COMPLETION);
		assertThat(header(response, "x-weir-backend")).isEqualTo(stand.secondName());
		assertThat(header(response, "x-weir-attempts")).isEqualTo("2");
		assertThat(response.headers().firstValue("retry-after")).isEmpty();
		assertThat(body(stand.first())).isEqualTo(body(stand.second())).isEqualTo(Bodies.CHAT);
	}

	@Test
	void aLaneInCooldownGetsNoCall() {
		Stand stand = stands.next(THROTTLED, SERVES);
		IntStream.range(0, 20).forEach((i) -> assertThat(stand.chat().statusCode()).isEqualTo(200));
		assertThat(stand.first().requests()).hasSize(1);
		assertThat(stand.second().requests()).hasSize(20);
	}

	@Test
	void a429CostsNoConnection() {
		Stand stand = stands.next(throttling("retry-after-ms: 1"), SERVES).onOneConnection();
		IntStream.range(0, 40).forEach((i) -> assertThat(stand.chat().statusCode()).isEqualTo(200));
		assertThat(stand.first().requests()).hasSizeGreaterThan(10);
		assertThat(stand.first().connections()).isEqualTo(1);
		assertThat(stand.second().connections()).isEqualTo(1);
	}

	@Test
	void manyConcurrentClientsNeverGetThe429OfOneBackend() {
		RawBackend throttled = this.open.backend(throttling("retry-after-ms: 5"));
		RawBackend second = this.open.backend(SERVES);
		RawBackend third = this.open.backend(SERVES);
		WeirServer weir = weir("", backend("a", throttled.url()), backend("b", second.url()),
				backend("c", third.url()));
		ExecutorService callers = Executors.newFixedThreadPool(32);
		try {
			List<CompletableFuture<Integer>> calls = IntStream.range(0, 1000)
				.mapToObj((i) -> CompletableFuture.supplyAsync(() -> weir.chat().statusCode(), callers))
				.toList();
			assertThat(calls.stream().map(CompletableFuture::join)).containsOnly(200);
		}
		finally {
			callers.shutdownNow();
		}
		assertThat(throttled.requests()).isNotEmpty();
		assertThat(second.requests().size() + third.requests().size()).isEqualTo(1000);
		await().atMost(Duration.ofSeconds(5))
			.untilAsserted(() -> assertThat(weir.get("/actuator/backends").body()).contains("\"inFlight\":0")
				.doesNotContainPattern("\"inFlight\":[1-9]"));
	}

	@Test
	void throttledEmbeddingsLeaveChatAlone() {
		RawBackend only = this.open.backend(servingExcept("/embeddings", THROTTLED));
		WeirServer weir = weir("", backend("a", only.url()));
		assertThat(weir.post("/v1/embeddings", "{\"model\":\"ada\",\"input\":\"x\"}").statusCode()).isEqualTo(429);
		assertThat(weir.chat().statusCode()).isEqualTo(200);
	}

	@ParameterizedTest
	@ValueSource(strings = { "500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable",
			"504 Gateway Timeout", "408 Request Timeout" })
	void aFailureGoesToAnotherBackend(String status) {
		Stand stand = stands.next(responding(status, "{}"), SERVES);
		assertServedBy(stand.chat(), stand.secondName(), 2);
	}

	@Test
	void aResetBeforeTheResponseGoesToAnotherBackendAndIsNotRepeated() {
		Stand stand = stands.next(RawBackend.Call::reset, SERVES);
		assertServedBy(stand.chat(), stand.secondName(), 2);
		assertThat(stand.first().requests()).hasSize(1);
	}

	@Test
	void anEndBeforeTheResponseGoesToAnotherBackendAndIsNotRepeated() {
		Stand stand = stands.next((call) -> call.socket().close(), SERVES);
		assertServedBy(stand.chat(), stand.secondName(), 2);
		assertThat(stand.first().requests()).hasSize(1);
	}

	@Test
	void aRefusedConnectionGoesToAnotherBackend() {
		RawBackend second = this.open.backend(SERVES);
		WeirServer weir = weir("", backend("a", closedPort()), backend("b", second.url(), "priority: 2"));
		assertThat(weir.chat().statusCode()).isEqualTo(200);
	}

	@Test
	void anUnknownHostGoesToAnotherBackend() {
		RawBackend second = this.open.backend(SERVES);
		WeirServer weir = weir("", backend("a", URI.create("http://nowhere.invalid")),
				backend("b", second.url(), "priority: 2"));
		assertThat(weir.chat().statusCode()).isEqualTo(200);
	}

	@Test
	void silenceGoesToAnotherBackendAfterTheResponseTimeout() {
		RawBackend first = this.open.backend(RawBackend.Call::awaitClose);
		RawBackend second = this.open.backend(SERVES);
		WeirServer weir = weir("response-timeout: 200ms", backend("a", first.url()),
				backend("b", second.url(), "priority: 2"));
		assertThat(weir.chat().statusCode()).isEqualTo(200);
	}

	@ParameterizedTest
	@ValueSource(strings = { "401 Unauthorized", "403 Forbidden" })
	void aBackendThatDeniesAccessIsSetAsideAndItsErrorIsNotRelayed(String status) {
		Stand stand = stands.next(responding(status, "{\"error\":{\"message\":\"Invalid API key\"}}"), SERVES);
		assertThat(stand.chat().statusCode()).isEqualTo(200);
		assertThat(stand.chat().statusCode()).isEqualTo(200);
		assertThat(stand.first().requests()).hasSize(1);
	}

	@Test
	void aMissingDeploymentSetsOnlyThatLaneAside() {
		Stand stand = stands.next(servingExcept("gpt-4o", responding("404 Not Found", Bodies.NO_DEPLOYMENT)), SERVES);
		assertThat(header(stand.chat(), "x-weir-backend")).isEqualTo(stand.secondName());
		assertThat(header(stand.chat(), "x-weir-attempts")).isEqualTo("1");
		HttpResponse<String> other = stand.post("/v1/chat/completions", "{\"model\":\"o9\",\"messages\":[]}");
		assertThat(header(other, "x-weir-backend")).isEqualTo(stand.firstName());
	}

	@Test
	void aRefusalOfACallThatNamesNoModelLeavesChatAlone() {
		RawBackend.Script noFiles = servingExcept("/files",
				responding("401 Unauthorized", "{\"error\":{\"code\":\"PermissionDenied\"}}"));
		Stand stand = stands.next(noFiles, noFiles);
		assertThat(stand.weir().get("/" + stand.name() + "/v1/files").statusCode()).isEqualTo(503);
		assertThat(header(stand.chat(), "x-weir-attempts")).isEqualTo("1");
	}

	@ParameterizedTest
	@ValueSource(strings = { "GARBAGE\r\n\r\n", "HTTP/9.9.9 twohundred\r\n\r\n" })
	void aResponseThatIsNotHttpGoesToAnotherBackend(String response) {
		Stand stand = stands.next((call) -> {
			call.write(response);
			call.socket().close();
		}, SERVES);
		assertServedBy(stand.chat(), stand.secondName(), 2);
	}

	@Test
	void aResponseWithTooLargeAHeadGoesToAnotherBackend() {
		Stand stand = stands.next(responding("200 OK", "{}", "x-large: " + "x".repeat(40_000)), SERVES);
		assertServedBy(stand.chat(), stand.secondName(), 2);
	}

	@Test
	void a429WhoseBodyStallsIsNotWaitedFor() {
		Stand stand = stands.next((call) -> {
			call.write("HTTP/1.1 429 Too Many Requests\r\nretry-after: 30\r\ncontent-length: 100\r\n\r\n{");
			call.awaitClose();
		}, SERVES);
		assertServedBy(stand.chat(), stand.secondName(), 2);
	}

	@Test
	void aFailureThatNoOtherBackendCanTakeCostsNoRetry() {
		RawBackend first = this.open.backend(responding("503 Service Unavailable", "{}"));
		RawBackend second = this.open.backend(SERVES);
		WeirServer weir = weir("retry-budget: {percent: 0, min-per-second: 1}", backend("a", first.url()),
				backend("b", second.url(), "priority: 2", "models: {gpt-4o: chat}"));
		assertThat(weir.post("/v1/chat/completions", "{\"model\":\"only-a\",\"messages\":[]}").statusCode())
			.isEqualTo(503);
		assertThat(weir.chat().statusCode()).isEqualTo(200);
	}

	@Test
	void aRequestThatMayHaveBeenExecutedIsNotRepeated() {
		Stand stand = stands.next(responding("503 Service Unavailable", "{\"error\":{\"message\":\"busy\"}}"), SERVES);
		assertThat(stand.post("/v1/batches", "{}").statusCode()).isEqualTo(503);
		assertThat(stand.second().requests()).isEmpty();
		stand.first().script(THROTTLED);
		assertThat(stand.post("/v1/batches", "{}").statusCode()).isEqualTo(200);
	}

	@Test
	void aRequestThatNoBackendHasReceivedGoesToAnother() {
		RawBackend second = this.open.backend(SERVES);
		WeirServer weir = weir("", backend("a", closedPort()), backend("b", second.url(), "priority: 2"));
		assertThat(weir.post("/v1/batches", "{}").statusCode()).isEqualTo(200);
	}

	@Test
	void anUploadThatTheClientBreaksOffIsNotAFailure() {
		Stand stand = stands.next(SERVES, SERVES);
		for (int i = 0; i < 6; i++) {
			try (RawClient client = RawClient.of(stand.weir())) {
				client.write("POST /" + stand.name() + "/v1/files HTTP/1.1\r\nhost: weir\r\n"
						+ "content-type: multipart/form-data; boundary=x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n");
				int connections = i;
				await().atMost(Duration.ofSeconds(5)).until(() -> stand.first().connections() > connections);
				client.reset();
			}
		}
		await().atMost(Duration.ofSeconds(5))
			.untilAsserted(() -> assertThat(stand.weir().get("/actuator/backends/" + stand.firstName()).body())
				.contains("\"inFlight\":0,\"attempts\":6,", "\"failed\":0", "\"breaker\":\"CLOSED\""));
	}

	@Test
	void theBackendsIdOfTheRequestIsInTheHeaderThatSdksRead() {
		Stand stand = stands.next(responding("200 OK", Bodies.COMPLETION, "apim-request-id: azure-1"), SERVES);
		assertThat(header(stand.chat(), "x-request-id")).isEqualTo("azure-1");
		stand.first().script(responding("200 OK", Bodies.COMPLETION, "apim-request-id: azure-2", "x-request-id: own"));
		assertThat(header(stand.chat(), "x-request-id")).isEqualTo("own");
	}

	@Test
	void aUsedUpQuotaStartsALongCooldown() {
		Stand stand = stands.next(responding("429 Too Many Requests", Bodies.QUOTA_SPENT, "retry-after: 1"), SERVES);
		assertThat(stand.chat().statusCode()).isEqualTo(200);
		assertThat(stand.firstHealth()).contains("OUT_OF_QUOTA").contains("5 min");
	}

	@Test
	void failuresOpenTheBreakerAndTheBackendIsNotCalled() {
		Stand stand = stands.next(responding("503 Service Unavailable", "{}"), SERVES);
		IntStream.range(0, 20).forEach((i) -> assertThat(stand.chat().statusCode()).isEqualTo(200));
		assertThat(stand.first().requests()).hasSize(5);
		assertThat(stand.firstHealth()).contains("BREAKER_OPEN");
		assertThat(stand.weir().get("/actuator/circuitbreakers").body()).contains("\"state\":\"OPEN\"");
	}

	@Test
	void failuresAreRetriedWithinTheBudgetOnly() {
		RawBackend first = this.open
			.backend(responding("503 Service Unavailable", "{\"error\":{\"message\":\"down\"}}"));
		RawBackend second = this.open.backend(SERVES);
		WeirServer weir = weir("retry-budget: {percent: 0, min-per-second: 0}", backend("a", first.url()),
				backend("b", second.url(), "priority: 2"));
		assertThat(weir.chat().statusCode()).isEqualTo(503);
		assertThat(second.requests()).isEmpty();
	}

	@Test
	void throttlingDoesNotUseTheRetryBudget() {
		RawBackend first = this.open.backend(throttling("retry-after-ms: 1"));
		RawBackend second = this.open.backend(SERVES);
		WeirServer weir = weir("retry-budget: {percent: 0, min-per-second: 0}", backend("a", first.url()),
				backend("b", second.url(), "priority: 2"));
		assertThat(weir.chat().statusCode()).isEqualTo(200);
	}

	@Test
	void everyAttemptStartsFromTheOriginalRequest() {
		RawBackend first = this.open.backend(throttling());
		RawBackend second = this.open.backend(SERVES);
		WeirServer weir = weir("", backend("a", first.url(), "models: {gpt-4o: chat-on-a}", "api-version: 2024-02-01"),
				backend("b", second.url(), "priority: 2", "models: {gpt-4o: chat-on-b}"));
		HttpResponse<String> response = weir.post("/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
				Bodies.CHAT);
		assertThat(response.statusCode()).isEqualTo(200);
		assertThat(first.requests().get(0))
			.startsWith("POST /openai/deployments/chat-on-a/chat/completions?api-version=2024-02-01 HTTP/1.1")
			.contains("api-key: key-of-a");
		assertThat(second.requests().get(0))
			.startsWith("POST /openai/deployments/chat-on-b/chat/completions?api-version=2024-10-21 HTTP/1.1")
			.contains("api-key: key-of-b")
			.doesNotContain("key-of-a");
		assertThat(body(second)).isEqualTo(Bodies.CHAT);
	}

	private WeirServer weir(String settings, String... backends) {
		return this.open.add(WeirServer.start(WeirServer.pool(settings, backends)));
	}

	private URI closedPort() {
		return this.open.add(ClosedPort.hold()).url();
	}

	private static String body(RawBackend backend) {
		String request = backend.requests().get(0);
		return request.substring(request.indexOf("\r\n\r\n") + 4);
	}

}
