package dev.weir.websocket;

import java.time.Instant;
import java.util.List;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import dev.weir.testing.RawBackend;
import dev.weir.testing.RawWebSocket;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Ephemeral keys of realtime sessions belong to the backend that has issued them.
 */
class EphemeralKeyTests {

	private static final String SESSION = "{\"expires_after\":{\"seconds\":60},\"session\":{\"type\":\"realtime\",\"model\":"
			+ "\"gpt-realtime\",\"instructions\":\"model\"}}";

	private RawBackend first;

	private RawBackend second;

	private WeirServer weir;

	private long expiry = Instant.now().getEpochSecond() + 60;

	@BeforeEach
	void start() {
		this.first = RawBackend.start((call) -> serve(call, "429 Too Many Requests"));
		this.second = RawBackend.start((call) -> serve(call, "200 OK"));
		this.weir = WeirServer.start(WeirServer.pool("max-wait: 0ms",
				WeirServer.backend("a", this.first.url(), "models: {gpt-realtime: rt-a}"), WeirServer.backend("b",
						this.second.url(), "priority: 2", "models: {gpt-realtime: rt-b, other: other}")));
	}

	@AfterEach
	void stop() {
		this.weir.close();
		this.first.close();
		this.second.close();
	}

	private void serve(RawBackend.Call call, String status) throws java.io.IOException {
		if (call.request().contains("client_secrets")) {
			call.respond(status, "{\"value\":\"ek_secret\",\"expires_at\":" + this.expiry + ",\"session\":{}}");
		}
		else if (call.request().contains("realtime/calls")) {
			call.respond("201 Created", "v=0", "content-type: application/sdp", "location: /v1/realtime/calls/rtc_1");
		}
		else if (call.request().contains("refused")) {
			call.respond("401 Unauthorized", "{\"error\":{\"code\":\"invalid_api_key\",\"message\":\"expired\"}}");
		}
		else {
			RawWebSocket.accept(call).echo();
		}
	}

	@Test
	void theKeyLeadsToItsBackendWhichGetsItInPlaceOfItsOwnCredential() {
		assertThat(this.weir.post("/v1/realtime/client_secrets", SESSION).body()).contains("ek_secret");
		assertThat(this.second.requests().get(0)).startsWith("POST /openai/v1/realtime/client_secrets")
			.contains("api-key: key-of-b")
			.endsWith(SESSION.replace("gpt-realtime", "rt-b"));
		for (String header : List.of("Authorization: Bearer ek_secret",
				"Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.ek_secret")) {
			try (RawWebSocket client = RawWebSocket.connect(this.weir, "/v1/realtime?model=gpt-realtime", header)) {
				assertThat(client.reply().status()).isEqualTo(101);
				assertThat(client.reply().header("x-weir-backend")).isEqualTo("b");
			}
			assertThat(this.second.requests().get(this.second.requests().size() - 1))
				.startsWith("GET /openai/v1/realtime?model=rt-b ")
				.containsIgnoringCase("\r\nauthorization: Bearer ek_secret\r\n")
				.doesNotContain("key-of-b", "insecure");
		}
		try (RawWebSocket client = RawWebSocket.connect(this.weir, "/v1/realtime", "Authorization: Bearer ek_secret")) {
			assertThat(client.reply().status()).isEqualTo(101);
		}
		assertThat(this.first.requests()).hasSize(1);
	}

	@Test
	void aRealtimeCallWithTheKeyGoesToItsBackend() {
		this.weir.post("/v1/realtime/client_secrets", SESSION);
		assertThat(this.weir.post("/v1/realtime/calls", "v=0", "authorization", "Bearer ek_secret").statusCode())
			.isEqualTo(201);
		assertThat(this.second.requests().get(1)).startsWith("POST /openai/v1/realtime/calls ")
			.containsIgnoringCase("\r\nauthorization: Bearer ek_secret\r\n");
	}

	@Test
	void theSessionOfARealtimeCallNamesTheModel() {
		String form = "--x\r\nContent-Disposition: form-data; name=\"sdp\"\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n"
				+ "--x\r\nContent-Disposition: form-data; name=\"session\"\r\nContent-Type: application/json\r\n\r\n"
				+ "{\"type\":\"realtime\",\"audio\":{\"model\":\"no\"}, \"model\" : \"gpt-realtime\"}\r\n--x--\r\n";
		assertThat(this.weir.form("/v1/realtime/calls", form, "x").statusCode()).isEqualTo(201);
		assertThat(this.first.requests().get(0)).startsWith("POST /openai/v1/realtime/calls ")
			.endsWith(form.replace("gpt-realtime", "rt-a"));
		String blob = form.replace("name=\"session\"", "name=\"session\"; filename=\"blob\"");
		this.weir.form("/v1/realtime/calls", blob, "x");
		assertThat(this.first.requests().get(1)).endsWith(blob.replace("gpt-realtime", "rt-a"));
		this.weir.post("/v1/realtime/calls", SESSION);
		assertThat(this.first.requests().get(2)).endsWith(SESSION.replace("gpt-realtime", "rt-a"));
		String other = form.replace("gpt-realtime", "other");
		this.weir.form("/v1/realtime/calls", other, "x");
		assertThat(this.second.requests().get(0)).endsWith(other);
		assertThat(this.first.requests()).hasSize(3);
	}

	@Test
	void aSessionWithTwoModelsIsRefused() {
		for (String body : List.of("{\"session\":{\"model\":\"a\",\"model\":\"b\"}}",
				"{\"session\":{\"model\":\"a\"},\"session\":{\"model\":\"b\"}}", "{\"model\":\"a\",\"model\":\"b\"}")) {
			assertThat(this.weir.post("/v1/realtime/client_secrets", body).statusCode()).isEqualTo(400);
			assertThat(this.weir.post("/v1/realtime/calls", body).statusCode()).isEqualTo(400);
		}
		String part = "--x\r\nContent-Disposition: form-data; name=\"session\"\r\n\r\n%s\r\n";
		for (String form : List.of(part.formatted("{\"model\":\"a\"}") + part.formatted("{\"model\":\"b\"}"),
				part.formatted("{\"model\":\"a\",\"model\":\"b\"}"),
				part.formatted("{\"model\":\"a\"}{\"model\":\"b\"}"), part.formatted("{\"model\":\"a\""))) {
			assertThat(this.weir.form("/v1/realtime/calls", form + "--x--\r\n", "x").statusCode()).isEqualTo(400);
		}
		assertThat(this.weir.post("/v1/threads/runs", "{\"model\":\"a\",\"model\":\"b\"}").statusCode()).isEqualTo(400);
		assertThat(this.first.requests()).isEmpty();
		assertThat(this.second.requests()).isEmpty();
	}

	@Test
	void aClientWithModelsUsesItsKeyWithoutNamingTheModelAgain() {
		try (WeirServer closed = WeirServer
			.start("weir.clients: [{name: c, key: client-key-0123456789, models: [gpt-realtime]}]\n"
					+ WeirServer.pool("max-wait: 0ms", WeirServer.backend("b", this.second.url())))) {
			assertThat(closed.post("/v1/realtime/client_secrets", SESSION, "api-key", "client-key-0123456789")
				.statusCode()).isEqualTo(200);
			assertThat(closed.post("/v1/realtime/calls", "v=0", "authorization", "Bearer ek_secret").statusCode())
				.isEqualTo(201);
			assertThat(closed
				.post("/v1/realtime/calls", "{\"session\":{\"model\":\"other\"}}", "authorization", "Bearer ek_secret")
				.statusCode()).isEqualTo(403);
			try (RawWebSocket client = RawWebSocket.connect(closed, "/v1/realtime",
					"Authorization: Bearer ek_secret")) {
				assertThat(client.reply().status()).isEqualTo(101);
			}
		}
	}

	@Test
	void aKeyThatIsNotKnownOrHasExpiredIsRefused() {
		try (RawWebSocket client = RawWebSocket.connect(this.weir, "/v1/realtime?model=gpt-realtime",
				"Authorization: Bearer ek_other")) {
			assertThat(client.reply().status()).isEqualTo(401);
			assertThat(client.reply().text()).contains("invalid_api_key").doesNotContain("ek_other");
		}
		this.expiry = Instant.now().getEpochSecond() - 1;
		this.weir.post("/v1/realtime/client_secrets", SESSION);
		try (RawWebSocket client = RawWebSocket.connect(this.weir, "/v1/realtime?model=gpt-realtime",
				"Authorization: Bearer ek_secret")) {
			assertThat(client.reply().status()).isEqualTo(401);
		}
		assertThat(this.first.requests()).hasSize(1);
	}

	@Test
	void aBackendThatRefusesTheKeyIsNotSetAside() {
		this.weir.post("/v1/realtime/client_secrets", SESSION);
		for (int i = 0; i < 4; i++) {
			try (RawWebSocket client = RawWebSocket.connect(this.weir, "/v1/realtime?model=gpt-realtime&x=refused",
					"Authorization: Bearer ek_secret")) {
				assertThat(client.reply().status()).isEqualTo(401);
				assertThat(client.reply().text()).contains("\"message\":\"expired\"");
			}
		}
		assertThat(this.weir.get("/actuator/backends/b").body()).contains("\"state\":\"AVAILABLE\"");
	}

}
