package dev.weir.server;

import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.RawReply;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * CORS headers of replies.
 */
class CorsTests {

	private static final String ORIGIN = "https://app.test";

	private static final String[] PREFLIGHT = { "Origin: " + ORIGIN, "Access-Control-Request-Method: POST",
			"Access-Control-Request-Headers: authorization, content-type" };

	private static RawBackend backend;

	private static WeirServer open;

	private static WeirServer closed;

	@BeforeAll
	static void start() {
		backend = RawBackend.start((call) -> {
			if (call.request().contains("\"t\"")) {
				call.respond("429 Too Many Requests", Bodies.AZURE_THROTTLED, "retry-after: 5");
			}
			else if (call.request().startsWith("GET /own")) {
				call.respond("200 OK", "{}", "Access-Control-Allow-Origin: *");
			}
			else {
				call.respond("200 OK", Bodies.COMPLETION, "Access-Control-Allow-Origin: *");
			}
		});
		String pool = "weir:\n  max-body: 4KB\n  pools:\n    openai: {backends: ["
				+ WeirServer.backend("a", backend.url(), "models: {gpt-4o: gpt-4o, t: t}") + "]}\n";
		open = WeirServer.start("""
				spring.cloud.gateway.server.webflux:
				  globalcors.cors-configurations:
				    '[/**]': {allowed-origins: ['%s'], allowed-methods: [GET, POST], allowed-headers: ['*'],
				              exposed-headers: [retry-after, retry-after-ms, x-request-id]}
				  routes:
				    - {id: own, uri: '%s', predicates: ['Path=/own/**']}
				    - {id: special, uri: '%s', predicates: ['Path=/special/**'],
				       metadata: {cors: {allowedOrigins: 'https://special.test', allowedMethods: [GET]}}}
				    - {id: pool, uri: 'lb://openai', predicates: ['Path=/v1/**']}
				""".formatted(ORIGIN, backend.url(), backend.url()) + pool);
		closed = WeirServer.start(pool);
	}

	@AfterAll
	static void stop() {
		open.close();
		closed.close();
		backend.close();
	}

	@BeforeEach
	void clearRecorded() {
		backend.requests().clear();
	}

	@Test
	void c18WeirRepliesToAPreflightItself() {
		RawReply reply = RawClient.exchange(open.port(), "OPTIONS /v1/chat/completions", new byte[0], PREFLIGHT);
		assertThat(reply.status()).isEqualTo(200);
		assertThat(reply.headers().get("access-control-allow-origin")).containsExactly(ORIGIN);
		assertThat(reply.header("access-control-allow-methods")).contains("POST");
		assertThat(reply.header("access-control-allow-headers")).contains("authorization", "content-type");
		assertThat(backend.requests()).isEmpty();
	}

	@Test
	void c18APreflightOfAnotherOriginIsRefused() {
		String[] headers = PREFLIGHT.clone();
		headers[0] = "Origin: https://evil.test";
		RawReply reply = RawClient.exchange(open.port(), "OPTIONS /v1/chat/completions", new byte[0], headers);
		assertThat(reply.status()).isEqualTo(403);
		assertThat(reply.headers()).doesNotContainKey("access-control-allow-origin");
		assertThat(backend.requests()).isEmpty();
	}

	@Test
	void c18WithoutSettingsNoReplyHasCorsHeadersAndNoPreflightReachesABackend() {
		assertThat(RawClient.exchange(closed.port(), "OPTIONS /v1/chat/completions", new byte[0], PREFLIGHT).headers())
			.doesNotContainKey("access-control-allow-origin");
		assertThat(backend.requests()).isEmpty();
		assertThat(call(closed, "POST /v1/chat/completions", Bodies.CHAT).headers())
			.doesNotContainKey("access-control-allow-origin");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|',
			value = { "POST /v1/chat/completions|200|gpt-4o", "POST /v1/chat/completions|429|t",
					"POST /v1/chat/completions|404|nope", "POST /v1/chat/completions|413|large",
					"POST /v1/chat/completions|400|", "GET /v1/models|200|", "GET /v1/models/a%5Cb|400|",
					"GET /nowhere|404|", "GET /actuator/health|200|", "GET /own/x|200|", "GET /v1/a|431|headers",
					"GET /v1/responses|426|websocket", "GET /v1/realtime|426|", "GET /v1/x{y}|400|" })
	void c18EveryReplyHasTheCorsHeadersOnce(String line, int status, String what) {
		String body = (what == null || !line.startsWith("POST")) ? ""
				: "{\"model\":\"" + what + "\",\"messages\":[]" + (what.equals("large") ? " ".repeat(5000) : "") + "}";
		String[] further = "headers".equals(what) ? new String[] { "x: " + "a".repeat(40_000) }
				: "websocket".equals(what) ? new String[] { "Connection: upgrade", "Upgrade: websocket" }
						: new String[0];
		RawReply reply = call(open, line, body, further);
		assertThat(reply.status()).as(reply.text()).isEqualTo(status);
		assertThat(reply.headers().get("access-control-allow-origin")).containsExactly(ORIGIN);
		assertThat(reply.header("access-control-expose-headers")).contains("retry-after-ms", "x-request-id");
		assertThat(String.join(",", reply.headers().get("vary"))).contains("Origin");
	}

	@Test
	void c18AReplyToADisallowedOriginKeepsItsStatusAndHasNoCorsHeader() {
		RawReply reply = RawClient.exchange(open.port(), "GET /nowhere", new byte[0], "Origin: https://evil.test");
		assertThat(reply.status()).isEqualTo(404);
		assertThat(reply.headers()).doesNotContainKey("access-control-allow-origin");
	}

	@Test
	void c18SettingsOfARouteTakePrecedenceOverGlobalSettings() {
		RawReply reply = RawClient.exchange(open.port(), "GET /special/x", new byte[0], "Origin: https://special.test");
		assertThat(reply.headers().get("access-control-allow-origin")).containsExactly("https://special.test");
	}

	private static RawReply call(WeirServer weir, String line, String body, String... further) {
		String[] headers = Stream
			.concat(Stream.of("Origin: " + ORIGIN, "Content-Type: application/json"), Stream.of(further))
			.toArray(String[]::new);
		return RawClient.exchange(weir.port(), line, body.getBytes(StandardCharsets.UTF_8), headers);
	}

}
