package dev.weir.inbound;

import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import dev.weir.request.RequestsInFlight;
import dev.weir.testing.Bodies;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.RawReply;
import dev.weir.testing.RawWebSocket;
import dev.weir.testing.StreamEvents;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Beyond {@code max-in-flight} requests get 503 at once.
 */
class OverloadTests {

	private static final String STREAM = Bodies.CHAT.replaceFirst("\\{", "{\"stream\":true,");

	private final OpenResources resources = new OpenResources();

	private final CountDownLatch end = new CountDownLatch(1);

	private final RawBackend backend = this.resources.backend((call) -> {
		if (call.request().startsWith("GET")) {
			RawWebSocket.accept(call).echo();
			return;
		}
		call.beginEvents();
		call.chunk(StreamEvents.ROLE + StreamEvents.CONTENT);
		assertThat(this.end.await(10, TimeUnit.SECONDS)).isTrue();
		call.chunk(StreamEvents.FINISH + StreamEvents.DONE);
		call.endChunks();
	});

	private final WeirServer weir = this.resources.add(WeirServer
		.start("weir.max-in-flight: 2\n" + WeirServer.pool("", WeirServer.backend("a", this.backend.url()))));

	@AfterEach
	void close() {
		this.end.countDown();
		this.resources.close();
	}

	private static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

	private RawClient stream() {
		RawClient client = this.resources.add(RawClient.of(this.weir));
		client.post("/v1/chat/completions", STREAM);
		client.readUntil("content");
		return client;
	}

	@Test
	void c12TheRequestBeyondTheLimitGets503WhileHealthReplies() {
		RawClient first = stream();
		stream();
		HttpResponse<String> refused = this.weir.chat();
		assertThat(refused.statusCode()).isEqualTo(503);
		assertThat(refused.body()).contains("weir.max-in-flight: 2", "\"code\":\"overloaded\"");
		assertThat(refused.headers().firstValue("retry-after").orElseThrow()).isIn("1", "2");
		assertThat(this.weir.get("/actuator/health/readiness").statusCode()).isEqualTo(200);
		assertThat(this.weir.get("/actuator/backends").statusCode()).isEqualTo(200);
		assertThat(this.backend.requests()).hasSize(2);
		this.end.countDown();
		assertThat(first.readUntil(RawClient.LAST_CHUNK)).contains("[DONE]");
		await().until(() -> this.weir.bean(RequestsInFlight.class).count() == 0);
		assertThat(this.weir.chat().statusCode()).isEqualTo(200);
	}

	@Test
	void aCallIsRefusedEarlyWithTheHeadersAndTheBodyOfALaterRefusal() {
		stream();
		stream();
		RawClient client = this.resources.add(RawClient.of(this.weir));
		RawReply early = client.send("POST /v1/chat/completions", bytes(Bodies.CHAT));
		RawReply late = client.send("POST /v1/chat/completions", bytes(Bodies.CHAT), "origin: https://example.com");
		RawReply read = client.send("GET /v1/responses/resp_1", new byte[0]);
		for (RawReply reply : List.of(late, read)) {
			assertThat(reply.status()).isEqualTo(503);
			assertThat(reply.text()).isEqualTo(early.text());
			assertThat(reply.headers().keySet()).containsExactlyInAnyOrderElementsOf(early.headers().keySet());
		}
		assertThat(early.header("x-request-id")).isEqualTo(early.header("x-weir-request-id"))
			.isNotEqualTo(late.header("x-request-id"));
		assertThat(Integer.parseInt(early.header("retry-after-ms"))).isBetween(1000, 2000);
		assertThat(this.weir.get("/actuator/prometheus").body()).contains("weir_refused_total{status=\"503\"} 3.0");
	}

	@Test
	void aPipelinedCallIsNotRefusedBeforeTheReplyToTheOneBeforeIt() {
		stream();
		RawClient client = this.resources.add(RawClient.of(this.weir));
		String call = RawClient.head("POST /v1/chat/completions", "content-length: " + STREAM.length()) + STREAM;
		// in one segment, so that the second one is read while the first one is served
		client.write(call + call);
		assertThat(client.readUntil("content")).doesNotContain("503");
		this.end.countDown();
		assertThat(client.readUntil(RawClient.LAST_CHUNK)).doesNotContain("503");
	}

	@Test
	void aConnectionIsUsedOnAfterTheBodyOfARefusedCall() {
		stream();
		stream();
		RawClient client = this.resources.add(RawClient.of(this.weir));
		client.write(RawClient.head("POST /v1/chat/completions", "transfer-encoding: chunked"));
		RawReply refused = client.readReply();
		assertThat(refused.status()).isEqualTo(503);
		assertThat(refused.headers()).doesNotContainKey("connection");
		client.write("5\r\n{\"a\":\r\n").write("2\r\n1}\r\n").write(RawClient.LAST_CHUNK);
		assertThat(client.send("GET /actuator/health/readiness", new byte[0]).status()).isEqualTo(200);
		assertThat(client.send("POST /v1/embeddings", bytes("{}")).status()).isEqualTo(503);
	}

	@Test
	void aLargeBodyOfARefusedCallIsNotRead() {
		stream();
		stream();
		RawClient client = this.resources.add(RawClient.of(this.weir));
		client.write(RawClient.head("POST /v1/chat/completions", "content-length: 20000000"));
		RawReply refused = client.readReply();
		assertThat(refused.status()).isEqualTo(503);
		assertThat(refused.header("connection")).isEqualTo("close");
		assertThat(client.readToEnd()).endsWith("}}");
	}

	@Test
	void aCallThatWaitsForContinueIsRefusedWithoutIt() {
		stream();
		stream();
		RawClient client = this.resources.add(RawClient.of(this.weir));
		client.write(RawClient.head("POST /v1/chat/completions", "content-length: 2", "expect: 100-continue"));
		assertThat(client.readReply().status()).isEqualTo(503);
	}

	@Test
	void aRequestBehindOneThatWasAskedToContinueIsNotRefusedBeforeIt() {
		stream();
		RawClient client = this.resources.add(RawClient.of(this.weir));
		client.write(RawClient.head("POST /v1/chat/completions", "content-length: " + STREAM.length(),
				"expect: 100-continue"));
		client.readUntil("100 Continue");
		// in one segment, so that the second request is read while the first is served
		client.write(STREAM + RawClient.head("POST /v1/chat/completions", "content-length: 2") + "{}");
		client.readUntil("content");
		this.end.countDown();
		assertThat(client.readUntil(RawClient.LAST_CHUNK)).doesNotContain("503");
	}

	@Test
	void theConnectionIsClosedIfTheBodyOfARefusedRequestIsSlow() {
		WeirServer weir = this.resources.add(WeirServer.start("weir.max-in-flight: 1\nweir.body-timeout: 1s\n"
				+ WeirServer.pool("", WeirServer.backend("a", this.backend.url()))));
		weir.bean(RequestsInFlight.class).begin(null);
		RawClient client = this.resources.add(RawClient.of(weir));
		client.write(RawClient.head("POST /v1/chat/completions", "transfer-encoding: chunked"));
		assertThat(client.readReply().status()).isEqualTo(503);
		assertThat(client.readToEnd()).endsWith("}}");
	}

	@Test
	void theActuatorRepliesToRequestsOfOperators() {
		stream();
		stream();
		assertThat(this.weir.post("/actuator/backends", "{}").statusCode()).isEqualTo(405);
	}

	@Test
	void c12AClientThatLeavesFreesItsPlace() {
		stream().reset();
		stream().reset();
		await().until(() -> this.weir.bean(RequestsInFlight.class).count() == 0);
	}

	@Test
	void c12OneClientOfSeveralTakesHalfOfThePlaces() {
		WeirServer shared = this.resources.add(WeirServer.start("""
				weir:
				  max-in-flight: 4
				  clients:
				    - {name: heavy, key: heavy-key-0123456789}
				    - {name: light, key: light-key-0123456789}
				""" + WeirServer.pool("", WeirServer.backend("a", this.backend.url())).replace("weir:\n", "")));
		List<RawClient> streams = List.of(stream(shared, "heavy"), stream(shared, "heavy"));
		HttpResponse<String> refused = shared.post("/v1/chat/completions", Bodies.CHAT, "api-key",
				"heavy-key-0123456789");
		assertThat(refused.statusCode()).isEqualTo(429);
		assertThat(refused.body()).contains("'heavy'", "half of weir.max-in-flight: 4");
		stream(shared, "light");
		streams.forEach(RawClient::reset);
		await().until(() -> shared.bean(RequestsInFlight.class).count() == 1);
		stream(shared, "heavy");
	}

	private RawClient stream(WeirServer server, String client) {
		RawClient raw = this.resources.add(RawClient.of(server));
		raw.post("/v1/chat/completions", STREAM, "api-key: " + client + "-key-0123456789");
		raw.readUntil("content");
		return raw;
	}

	@Test
	void aWebSocketCountsUntilItEnds() {
		try (RawWebSocket socket = RawWebSocket.connect(this.weir, "/v1/realtime?model=gpt-4o")) {
			assertThat(socket.reply().status()).isEqualTo(101);
			assertThat(this.weir.bean(RequestsInFlight.class).count()).isEqualTo(1);
		}
		await().until(() -> this.weir.bean(RequestsInFlight.class).count() == 0);
	}

}
