package dev.weir.client;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import dev.weir.testing.Bodies;
import dev.weir.testing.LoggedOutput;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.RawWebSocket;
import dev.weir.testing.Scripts;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The keys of clients and operators appear nowhere, whether they are valid or not. All
 * loggers are at TRACE.
 */
class ClientKeyLeakTests {

	private static final String CLIENT = "canary-of-a-client";

	private static final String OPERATOR = "canary-of-an-operator";

	private static final List<String> replies = new ArrayList<>();

	private static LoggedOutput logged;

	private static RawBackend backend;

	private static WeirServer weir;

	@BeforeAll
	static void sendRequestsOfAllKinds() {
		logged = LoggedOutput.start();
		backend = RawBackend.start(Scripts.SERVES);
		weir = WeirServer.start(
				"weir.clients: [{name: chat, key: " + CLIENT
						+ ", models: [gpt-4o]}, {name: former, key: canary-of-the-past, expires: '2020-01-01'}]\n"
						+ "weir.operators: [{name: ops, key: " + OPERATOR + "}]\n"
						+ WeirServer.pool("", WeirServer.backend("a", backend.url())),
				"--logging.level.root=TRACE", "--logging.level.reactor.netty=TRACE",
				"--logging.level.org.springframework=TRACE", "--logging.level.dev.weir=TRACE");
		for (String key : List.of(CLIENT, OPERATOR, "canary-of-a-stranger", "canary-of-the-past", "ek_canary")) {
			for (String header : List.of("authorization: Bearer " + key, "api-key: " + key, "authorization: " + key,
					"authorization: Basic " + basic(key))) {
				call("POST /v1/chat/completions", header, Bodies.CHAT);
				call("POST /v1/chat/completions", header, Bodies.CHAT.replace("gpt-4o", "other"));
				call("GET /v1/models", header, "");
				for (String path : List.of("", "/health", "/backends", "/gateway/routes", "/metrics", "/prometheus",
						"/info", "/nothing")) {
					call("GET /actuator" + path, header, "");
				}
			}
			call("POST /v1/chat/completions?api-key=" + key, "x-a: b", Bodies.CHAT);
			call("GET /actuator/backends?api-key=" + key, "x-a: b", "");
			try (RawWebSocket socket = RawWebSocket.connect(weir, "/v1/realtime?model=gpt-4o",
					"Sec-WebSocket-Protocol: realtime, openai-insecure-api-key." + key)) {
				replies.add(socket.reply().headers() + socket.reply().text());
			}
		}
	}

	@AfterAll
	static void stop() {
		weir.close();
		backend.close();
		logged.close();
	}

	private static String basic(String key) {
		return Base64.getEncoder().encodeToString(("x:" + key).getBytes(StandardCharsets.UTF_8));
	}

	private static void call(String requestLine, String header, String body) {
		try (RawClient client = RawClient.of(weir)) {
			replies.add(
					client
						.write(requestLine
								+ " HTTP/1.1\r\nhost: weir\r\nconnection: close\r\ncontent-type: application/json\r\n"
								+ header + "\r\ncontent-length: " + body.length() + "\r\n\r\n" + body)
						.readToEnd());
		}
	}

	@Test
	void noLogLineHasAKey() {
		assertThat(logged.text()).contains(" TRACE ");
		assertThat(logged.text()
			.lines()
			.filter((line) -> line.contains("canary") || line.contains(basic(OPERATOR)))
			.map((line) -> line.substring(0, Math.min(400, line.length())))
			.distinct()).isEmpty();
	}

	@Test
	void noReplyHasAKey() {
		assertThat(replies).anyMatch((reply) -> reply.startsWith("HTTP/1.1 200"))
			.anyMatch((reply) -> reply.startsWith("HTTP/1.1 401"))
			.anyMatch((reply) -> reply.startsWith("HTTP/1.1 403"))
			.noneMatch((reply) -> reply.contains("canary"));
	}

	@Test
	void noBackendGetsAKey() {
		assertThat(backend.requests()).isNotEmpty().noneMatch((request) -> request.contains("canary"));
	}

}
