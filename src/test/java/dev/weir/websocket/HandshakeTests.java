package dev.weir.websocket;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.ClosedPort;
import dev.weir.testing.LaneFigures;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.RawReply;
import dev.weir.testing.RawWebSocket;
import dev.weir.testing.Signal;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.Scripts.THROTTLED;
import static dev.weir.testing.Scripts.UNUSED;
import static dev.weir.testing.Scripts.responding;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Row S9: a backend is connected before the client is upgraded.
 */
class HandshakeTests {

	private static final RawBackend.Script ECHO = (
			call) -> RawWebSocket.accept(call, "sec-websocket-protocol: realtime").echo();

	private static final String UNAUTHORIZED = "{\"error\":{\"code\":\"401\",\"message\":\"Access denied due to invalid"
			+ " subscription key or wrong API endpoint.\"}}";

	private static final String TARGET = "/v1/realtime?model=gpt-4o";

	private static final String PROTOCOL = "Sec-WebSocket-Protocol: realtime";

	private static Stands stands;

	@AutoClose
	private final OpenResources resources = new OpenResources();

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(60, "handshake-timeout: 500ms, max-wait: 0ms");
	}

	@AfterAll
	static void stopWeir() {
		stands.close();
	}

	private static RawWebSocket connect(Stand stand, String target, String... headers) {
		return RawWebSocket.connect(stands.weir(), "/" + stand.name() + target, headers);
	}

	private static void assertServes(RawWebSocket client) {
		assertThat(client.reply().status()).isEqualTo(101);
		assertThat(client.text("hello").nextText()).isEqualTo("hello");
	}

	@Test
	void s9AThrottledHandshakeGoesToTheNextBackend() {
		Stand stand = stands.next(THROTTLED, ECHO);
		for (int i = 0; i < 2; i++) {
			try (RawWebSocket client = connect(stand, TARGET, PROTOCOL)) {
				assertServes(client);
				RawReply reply = client.reply();
				assertThat(reply.header("x-weir-backend")).isEqualTo(stand.name() + "-b");
				assertThat(reply.header("x-weir-attempts")).isEqualTo((i == 0) ? "2" : "1");
				assertThat(reply.header("x-weir-request-id")).isNotNull();
				assertThat(reply.header("x-request-id")).isNotNull();
				assertThat(reply.header("sec-websocket-protocol")).isEqualTo("realtime");
				assertThat(reply.header("sec-websocket-accept"))
					.isEqualTo(RawWebSocket.acceptKey("dGhlIHNhbXBsZSBub25jZQ=="));
				assertThat(reply.headers()).doesNotContainKeys("content-length", "transfer-encoding");
			}
		}
		assertThat(stand.first().requests()).hasSize(1);
	}

	static Stream<Arguments> faults() {
		RawBackend.Script reset = RawBackend.Call::reset;
		RawBackend.Script silent = RawBackend.Call::awaitClose;
		RawBackend.Script wrongKey = (call) -> call.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n"
				+ "connection: Upgrade\r\nsec-websocket-accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n");
		RawBackend.Script withoutUpgrade = (call) -> call.write("HTTP/1.1 101 Switching Protocols\r\n\r\n");
		RawBackend.Script extension = (call) -> RawWebSocket.accept(call,
				"sec-websocket-extensions: permessage-deflate");
		RawBackend.Script protocol = (call) -> RawWebSocket.accept(call, "sec-websocket-protocol: other");
		return Stream.of(Arguments.of("401", responding("401 Unauthorized", UNAUTHORIZED)),
				Arguments.of("403", responding("403 Forbidden", "{}")),
				Arguments.of("500", responding("500 Internal Server Error", "{}")),
				Arguments.of("503", responding("503 Service Unavailable", "{}")),
				Arguments.of("200", responding("200 OK", "{}")), Arguments.of("404", responding("404 Not Found", "{}")),
				Arguments.of("426", responding("426 Upgrade Required", "{}")), Arguments.of("reset", reset),
				Arguments.of("silence", silent), Arguments.of("wrong accept key", wrongKey),
				Arguments.of("no upgrade", withoutUpgrade), Arguments.of("extension", extension),
				Arguments.of("other protocol", protocol));
	}

	@ParameterizedTest(name = "{0}")
	@MethodSource("faults")
	void s9AHandshakeThatFailsGoesToTheNextBackend(String name, RawBackend.Script fault) {
		Stand stand = stands.next(fault, ECHO);
		try (RawWebSocket client = connect(stand, TARGET, PROTOCOL)) {
			assertServes(client);
			assertThat(client.reply().header("x-weir-backend")).isEqualTo(stand.name() + "-b");
		}
		assertThat(stand.first().requests()).hasSize(1);
	}

	@Test
	void s9ABackendThatRefusesConnectionsIsReplaced() {
		RawBackend second = this.resources.backend(ECHO);
		ClosedPort closed = this.resources.add(ClosedPort.hold());
		WeirServer weir = this.resources.add(WeirServer.withBackends(WeirServer.backend("a", closed.url()),
				WeirServer.backend("b", second.url(), "priority: 2")));
		try (RawWebSocket client = RawWebSocket.connect(weir, TARGET)) {
			assertServes(client);
		}
	}

	@Test
	void s9AClientThatNoBackendCanTakeGetsTheStatusAndTheDelay() {
		Stand stand = stands.next(THROTTLED, THROTTLED);
		try (RawWebSocket client = connect(stand, TARGET)) {
			assertThat(client.reply().status()).isEqualTo(429);
			assertThat(client.reply().text()).contains("\"code\":\"rate_limit_exceeded\"");
			assertThat(Integer.parseInt(client.reply().header("retry-after"))).isBetween(28, 30);
		}
		Stand down = stands.next(
				responding("503 Service Unavailable", "{\"error\":{\"code\":\"x\",\"message\":\"m\"}}"),
				responding("500 Internal Server Error", "oops"));
		try (RawWebSocket client = connect(down, TARGET)) {
			assertThat(client.reply().status()).isEqualTo(503);
			assertThat(client.reply().text()).contains("\"message\":\"m\"");
		}
		Stand rejecting = stands.next(responding("400 Bad Request", "{\"error\":{\"message\":\"no\"}}"), UNUSED);
		try (RawWebSocket client = connect(rejecting, TARGET)) {
			assertThat(client.reply().status()).isEqualTo(400);
			assertThat(client.reply().text()).isEqualTo("{\"error\":{\"message\":\"no\"}}");
		}
		assertThat(rejecting.second().requests()).isEmpty();
	}

	@ParameterizedTest
	@ValueSource(strings = { "200 OK", "204 No Content", "404 Not Found", "405 Method Not Allowed",
			"426 Upgrade Required", "501 Not Implemented" })
	void s9WhereNoBackendHasAWebSocketTheClientGets426(String status) {
		RawBackend.Script without = (call) -> call
			.write("HTTP/1.1 " + status + "\r\n" + (status.startsWith("204") ? "" : "content-length: 2\r\n") + "\r\n"
					+ (status.startsWith("204") ? "" : "{}"));
		for (String target : List.of(TARGET, "/v1/responses")) {
			Stand stand = stands.next(without, without);
			for (int i = 0; i < 2; i++) {
				try (RawWebSocket client = connect(stand, target)) {
					assertThat(client.reply().status()).isEqualTo(426);
					assertThat(client.reply().header("upgrade")).isEqualTo("websocket");
					assertThat(client.reply().text()).contains("\"code\":\"websocket_not_supported\"");
				}
			}
			assertThat(stand.first().requests()).hasSize(1);
			assertThat(stand.second().requests()).hasSize(1);
		}
	}

	@Test
	void keysOfTheClientAreTakenOffAndTheBackendGetsItsOwn() {
		Stand stand = stands.next(ECHO, UNUSED);
		try (RawWebSocket client = connect(stand, TARGET + "&api-key=secret-1",
				"Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.secret-2, openai-beta.realtime-v1,"
						+ " openai-project.secret-3",
				"Authorization: Bearer secret-4", "api-key: secret-5", "Origin: https://weir.test", "Cookie: secret-6",
				"OpenAI-Beta: realtime=v1", "Sec-WebSocket-Extensions: permessage-deflate")) {
			assertServes(client);
			assertThat(client.reply().headers()).doesNotContainKey("sec-websocket-extensions");
		}
		assertThat(stand.first().requests()).singleElement()
			.asString()
			.startsWith("GET /openai/v1/realtime?model=gpt-4o HTTP/1.1\r\n")
			.contains("\r\napi-key: key-of-" + stand.name() + "-a\r\n", "\r\nopenai-beta: realtime=v1\r\n")
			.containsIgnoringCase("\r\nsec-websocket-protocol: realtime, openai-beta.realtime-v1\r\n")
			.doesNotContain("secret", "Origin", "extensions");
	}

	@ParameterizedTest
	@CsvSource({ "azure, /v1/realtime?model=gpt-4o, /openai/v1/realtime?model=my-deployment",
			"azure, /realtime?model=gpt-4o&x=y, /openai/v1/realtime?x=y&model=my-deployment",
			"azure, /openai/v1/realtime?model=gpt-4o, /openai/v1/realtime?model=my-deployment",
			"azure, /openai/realtime?api-version=2025-04-01-preview&deployment=gpt-4o, /openai/realtime?api-version=2025-04-01-preview&deployment=my-deployment",
			"openai, /v1/realtime?model=gpt-4o, /v1/realtime?model=my-deployment",
			"openai, /openai/realtime?api-version=2025-04-01-preview&deployment=gpt-4o, /v1/realtime?model=my-deployment",
			"openai, /v1/realtime?intent=transcription, /v1/realtime?intent=transcription",
			"azure, /v1/responses, /openai/v1/responses", "openai, /openai/v1/responses, /v1/responses" })
	void theBackendGetsItsOwnDialectAndDeployment(String dialect, String target, String expected) {
		RawBackend backend = this.resources.backend(ECHO);
		WeirServer weir = this.resources.add(WeirServer.withBackends("{name: a, url: '" + backend.url()
				+ "', api-key: k, dialect: " + dialect + ", models: {gpt-4o: my-deployment}}"));
		try (RawWebSocket client = RawWebSocket.connect(weir, target)) {
			assertThat(client.reply().status()).isEqualTo(101);
		}
		assertThat(backend.requests()).singleElement().asString().startsWith("GET " + expected + " HTTP/1.1\r\n");
	}

	@Test
	void anInvalidHandshakeIsRefused() {
		String[] valid = { "Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
				"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==" };
		Stand stand = stands.next(UNUSED, UNUSED);
		String[][] changes = { { "0", "Connection: keep-alive", "400" }, { "2", "Sec-WebSocket-Version: 8", "426" },
				{ "3", "Sec-WebSocket-Key: short", "400" }, { "3", "X: y", "400" }, { "2", "X: y", "426" } };
		for (String[] change : changes) {
			String[] headers = valid.clone();
			headers[Integer.parseInt(change[0])] = change[1];
			RawReply reply = RawClient.exchange(stands.weir().port(), "GET /" + stand.name() + TARGET, new byte[0],
					headers);
			assertThat(reply.status()).as(change[1]).isEqualTo(Integer.parseInt(change[2]));
			assertThat(reply.text()).contains("\"error\"");
			if (reply.status() == 426) {
				assertThat(reply.header("sec-websocket-version")).isEqualTo("13");
			}
		}
		RawReply withoutModel = RawClient.exchange(stands.weir().port(), "GET /" + stand.name() + "/v1/realtime",
				new byte[0], valid);
		assertThat(withoutModel.status()).isEqualTo(400);
		assertThat(withoutModel.text()).contains("\"param\":\"model\"");
		assertThat(stand.first().requests()).isEmpty();
	}

	@Test
	void aPlainRequestForARealtimeSessionGets426() {
		Stand stand = stands.next(UNUSED, UNUSED);
		RawReply reply = RawClient.exchange(stands.weir().port(), "GET /" + stand.name() + TARGET, new byte[0]);
		assertThat(reply.status()).isEqualTo(426);
		assertThat(reply.header("upgrade")).isEqualTo("websocket");
		assertThat(reply.text()).contains("\"code\":\"websocket_required\"");
	}

	@Test
	void anUnknownModelIsRefusedBeforeABackendIsCalled() {
		RawBackend backend = this.resources.backend(ECHO);
		WeirServer weir = this.resources
			.add(WeirServer.withBackends(WeirServer.backend("a", backend.url(), "models: {gpt-realtime: rt}")));
		try (RawWebSocket client = RawWebSocket.connect(weir, TARGET)) {
			assertThat(client.reply().status()).isEqualTo(404);
			assertThat(client.reply().text()).contains("\"code\":\"model_not_found\"");
		}
		assertThat(backend.requests()).isEmpty();
	}

	@Test
	void anOriginThatIsNotAllowedIsRefused() {
		RawBackend backend = this.resources.backend(ECHO);
		WeirServer weir = this.resources
			.add(WeirServer.start(WeirServer.pool("", WeirServer.backend("a", backend.url()))
					+ "spring.cloud.gateway.server.webflux.globalcors.cors-configurations.'[/**]':\n"
					+ "  allowedOrigins: https://app.example\n  allowedMethods: '*'\n"));
		try (RawWebSocket client = RawWebSocket.connect(weir, TARGET, "Origin: https://evil.example")) {
			assertThat(client.reply().status()).isEqualTo(403);
		}
		assertThat(backend.requests()).isEmpty();
		try (RawWebSocket client = RawWebSocket.connect(weir, TARGET, "Origin: https://app.example")) {
			assertServes(client);
			assertThat(client.reply().header("access-control-allow-origin")).isEqualTo("https://app.example");
		}
	}

	@Test
	void withoutCorsSettingsOnlyTheWebsiteOfItsOwnHostMayOpenAWebSocket() {
		RawBackend backend = this.resources.backend(ECHO);
		WeirServer weir = this.resources
			.add(WeirServer.start(WeirServer.pool("", WeirServer.backend("a", backend.url()))));
		for (String origin : List.of("https://evil.example", "https://weir.test.evil.example", "https://weir.test:444",
				"null", "file://", "%")) {
			for (String target : List.of(TARGET, "/v1/responses")) {
				try (RawWebSocket client = RawWebSocket.connect(weir, target, "Origin: " + origin)) {
					assertThat(client.reply().status()).as(origin).isEqualTo(403);
				}
			}
		}
		assertThat(backend.requests()).isEmpty();
		for (String origin : List.of("https://weir.test", "http://WEIR.test:80")) {
			try (RawWebSocket client = RawWebSocket.connect(weir, TARGET, "Origin: " + origin)) {
				assertServes(client);
			}
		}
	}

	@Test
	void aSessionTakesOneOfMaxConcurrentUntilItEnds() {
		RawBackend backend = this.resources.backend(ECHO);
		WeirServer weir = this.resources.add(WeirServer
			.start(WeirServer.pool("max-wait: 0ms", WeirServer.backend("a", backend.url(), "max-concurrent: 1"))));
		RawWebSocket first = RawWebSocket.connect(weir, TARGET);
		assertServes(first);
		try (RawWebSocket second = RawWebSocket.connect(weir, TARGET)) {
			assertThat(second.reply().status()).isEqualTo(429);
		}
		first.close(1000, "");
		first.awaitClose();
		LaneFigures.await(weir, "a", LaneFigures.SERVED_ONCE);
		try (RawWebSocket third = RawWebSocket.connect(weir, TARGET)) {
			assertServes(third);
		}
	}

	@Test
	void aClientThatLeavesDuringTheHandshakeEndsIt() throws InterruptedException {
		Signal called = new Signal();
		Signal closed = new Signal();
		Stand stand = stands.next((call) -> {
			called.send();
			call.awaitClose(closed);
		}, UNUSED);
		RawClient client = RawClient.of(stands.weir())
			.write(RawClient.head("GET /" + stand.name() + TARGET, "Connection: Upgrade", "Upgrade: websocket",
					"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="));
		called.await();
		client.close();
		closed.await(Duration.ofMillis(400));
		assertThat(stand.second().requests()).isEmpty();
	}

}
