package dev.weir;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.LoggedOutput;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.RawWebSocket;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.Scripts.SERVES;
import static dev.weir.testing.Scripts.responding;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * The credential of a backend is sent to that backend only, and that of a client nowhere.
 * All loggers are at TRACE.
 */
class CredentialLeakTests {

	private static final String CANARY = "canary";

	private static final String CHAT = "/v1/chat/completions";

	private static final String[] CREDENTIALS = { "Authorization: Bearer canary-bearer", "api-key: canary-header",
			"x-api-key: canary-other-header", "Ocp-Apim-Subscription-Key: canary-apim", "Cookie: id=canary-cookie",
			"Proxy-Authorization: Basic canary-proxy", "OpenAI-Organization: canary-organization" };

	private static final List<String> QUERIES = List.of("?api-key=canary-query", "?API-KEY=canary-query",
			"?a=1&Api-Key=canary-query&b=2", "?api%2Dkey=canary-query", "?%61pi-key=canary-query",
			"?api-key=canary-query&api-key=canary-again", "?api-key=canary%20query&x=%7B");

	private static final List<RawBackend> backends = new ArrayList<>();

	private static final List<String> responses = new ArrayList<>();

	private static LoggedOutput logged;

	private static WeirServer weir;

	@BeforeAll
	static void sendRequestsOfAllKinds() {
		logged = LoggedOutput.start();
		RawBackend first = start((call) -> script(call, "429 Too Many Requests"));
		RawBackend second = start((call) -> script(call, "503 Service Unavailable"));
		RawBackend third = start(responding("401 Unauthorized", "{\"error\":{\"message\":\"no\"}}"));
		RawBackend fourth = start(SERVES);
		weir = WeirServer.start(
				WeirServer.pool("", backend(1, first, "priority: 1"), backend(2, second, "priority: 2"),
						backend(3, third, "priority: 3"), backend(4, fourth, "priority: 4")),
				"--logging.level.root=TRACE", "--logging.level.reactor.netty=TRACE", "--logging.level.io.netty=TRACE",
				"--logging.level.org.springframework=TRACE", "--logging.level.dev.weir=TRACE", "--debug", "--trace");
		for (String model : List.of("served", "throttled", "failed")) {
			call("POST", CHAT, "{\"model\":\"" + model + "\",\"messages\":[]}");
		}
		for (String query : QUERIES) {
			call("POST", CHAT + query, Bodies.CHAT);
			call("POST", "/openai/deployments/served/chat/completions" + query, Bodies.CHAT);
			call("GET", "/nowhere" + query, "");
			call("GET", "/v1/models" + query, "");
			call("GET", "/actuator/health" + query, "");
			call("PROPFIND", CHAT + query, "");
			call("GET", "/v1/../etc" + query, "");
		}
		for (String target : List.of("/v1/realtime?model=served", "/v1/responses?a=1", "/v1/files?a=1")) {
			String[] headers = Stream
				.concat(Stream.of(CREDENTIALS),
						Stream.of("Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.canary-protocol"))
				.toArray(String[]::new);
			try (RawWebSocket client = RawWebSocket.connect(weir, target + "&api-key=canary-query", headers)) {
				responses.add(client.reply().headers() + client.reply().text());
			}
		}
		call("POST", CHAT, "{\"model\":");
		call("POST", CHAT, "");
		malformed("POST " + CHAT
				+ "?api-key=canary-query HTTP/1.1\r\nhost: weir\r\nconnection: close\r\ncontent-length: x\r\n");
		malformed("POST " + CHAT + "?api-key=canary-query HTTP/9.9\r\nhost: weir\r\nconnection: close\r\n");
		malformed("POST " + CHAT + "?api-key=canary-query&x={%zz HTTP/1.1\r\nhost: weir\r\nconnection: close\r\n");
		malformed("POST " + CHAT
				+ "?api-key=canary-query HTTP/1.1\r\nhost: weir\r\nconnection: close\r\nbad header: x\r\n");
		malformed("POST " + CHAT + "?api-key=canary-query HTTP/1.1\r\nhost: we ir:x\r\nconnection: close\r\n");
		Stream
			.of("", "/health", "/backends", "/gateway/routes", "/circuitbreakers", "/metrics",
					"/metrics/http.server.requests", "/prometheus", "/env", "/info")
			.forEach((path) -> call("GET", "/actuator" + path, ""));
	}

	@AfterAll
	static void stop() {
		weir.close();
		backends.forEach(RawBackend::close);
		logged.close();
	}

	@Test
	void allLoggersAreAtTrace() {
		assertThat(logged.text()).contains(" TRACE ", " DEBUG ", "Proxying to", "HttpWebHandlerAdapter");
		assertThat(responses).hasSizeGreaterThan(50);
	}

	@Test
	void noLogLineHasACredential() {
		assertThat(logged.text()
			.lines()
			.filter((line) -> line.contains(CANARY))
			.map(CredentialLeakTests::shortened)
			.distinct()).isEmpty();
	}

	@Test
	void noReplyHasACredential() {
		assertThat(responses).noneMatch((response) -> response.contains(CANARY));
	}

	@ParameterizedTest
	@MethodSource
	void aBackendGetsItsOwnKeyAndNoOtherCredential(int number) {
		String own = "canary-of-backend-" + number;
		assertThat(backends.get(number - 1).requests()).isNotEmpty()
			.allSatisfy((request) -> assertThat(request).containsIgnoringCase("\r\napi-key: " + own + "\r\n"))
			.allSatisfy((request) -> assertThat(request.replace(own, "")).doesNotContain(CANARY));
	}

	static Stream<Integer> aBackendGetsItsOwnKeyAndNoOtherCredential() {
		return Stream.of(1, 2, 3, 4);
	}

	private static void script(RawBackend.Call call, String status) throws java.io.IOException {
		if (call.request().contains("served")) {
			call.respond("200 OK", Bodies.COMPLETION);
		}
		else {
			call.respond(status, "{}");
		}
	}

	private static RawBackend start(RawBackend.Script script) {
		RawBackend backend = RawBackend.start(script);
		backends.add(backend);
		return backend;
	}

	private static String backend(int number, RawBackend backend, String priority) {
		return "{name: b" + number + ", url: '" + backend.url() + "', api-key: canary-of-backend-" + number
				+ ", dialect: azure, " + priority + "}";
	}

	private static void call(String method, String target, String body) {
		send(method + " " + target + " HTTP/1.1\r\nhost: weir\r\nconnection: close\r\ncontent-type: application/json"
				+ "\r\ncontent-length: " + body.length() + "\r\n", body);
	}

	private static void malformed(String head) {
		send(head, "");
	}

	private static void send(String head, String body) {
		try (RawClient client = RawClient.of(weir)) {
			String all = head + String.join("\r\n", CREDENTIALS) + "\r\n\r\n" + body;
			responses.add(client.write(all).readToEnd());
		}
	}

	private static String shortened(String line) {
		return (line.length() > 500) ? line.substring(0, 500) : line;
	}

}
