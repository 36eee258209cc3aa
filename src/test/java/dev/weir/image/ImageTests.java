package dev.weir.image;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.testcontainers.containers.Network;

import dev.weir.testing.Bodies;

import static com.github.tomakehurst.wiremock.client.WireMock.anyUrl;
import static com.github.tomakehurst.wiremock.client.WireMock.equalTo;
import static com.github.tomakehurst.wiremock.client.WireMock.equalToJson;
import static com.github.tomakehurst.wiremock.client.WireMock.matchingJsonPath;
import static com.github.tomakehurst.wiremock.client.WireMock.postRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathEqualTo;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * The image in front of two backends, with its settings mounted.
 */
@RequiresDocker
@Timeout(300)
class ImageTests {

	private static final Network NETWORK = Network.newNetwork();

	private static final WireMockBackend FIRST = new WireMockBackend("first", NETWORK);

	private static final WireMockBackend SECOND = new WireMockBackend("second", NETWORK);

	@BeforeAll
	static void startBackends() {
		FIRST.start();
		SECOND.start();
	}

	@AfterAll
	static void stopBackends() {
		FIRST.stop();
		SECOND.stop();
		NETWORK.close();
	}

	@BeforeEach
	void forget() {
		FIRST.respondWith(WireMockBackend.completion());
		SECOND.respondWith(WireMockBackend.completion());
	}

	@Test
	void failoverHealthAndStreamsWorkWithMountedSettings() {
		try (WeirContainer weir = mounted()) {
			weir.start();
			assertThat(weir.get("/actuator/gateway/routes").body()).contains("route-of-the-mounted-file");
			assertThat(weir.chat().headers().firstValue("x-weir-backend")).hasValue("first");

			FIRST.respondWith(WireMockBackend.throttled());
			HttpResponse<String> moved = weir.chat();
			assertThat(moved.statusCode()).isEqualTo(200);
			assertThat(moved.body()).isEqualTo(Bodies.COMPLETION);
			assertThat(moved.headers().firstValue("x-weir-backend")).hasValue("second");
			assertThat(moved.headers().firstValue("x-weir-attempts")).hasValue("2");
			Stream.of(FIRST, SECOND)
				.forEach(
						(backend) -> backend.client()
							.verifyThat(1, postRequestedFor(urlPathEqualTo("/openai/v1/chat/completions"))
								.withHeader("api-key", equalTo((backend == FIRST) ? "key-of-first" : "key-of-second"))
								.withoutHeader("authorization")
								.withRequestBody(equalToJson(Bodies.CHAT))));
			assertThat(weir.getLogs())
				.contains("(second, attempt 2, after 429 from first, which is in cooldown for 30 s)");

			assertThat(weir.get("/actuator/health/backends/first").body()).contains("COOLDOWN");
			assertThat(weir.get("/actuator/health/backends/second").body()).contains("UP");
			assertThat(weir.chat().headers().firstValue("x-weir-attempts")).hasValue("1");
			FIRST.client().verifyThat(1, postRequestedFor(anyUrl()));

			SECOND.respondWith(WireMockBackend.stream(5, 2000));
			HttpResponse<Stream<String>> stream = WeirContainer.send(weir.chat(Bodies.CHAT_STREAM),
					HttpResponse.BodyHandlers.ofLines());
			List<Long> arrivals = stream.body()
				.filter((line) -> line.startsWith("data:"))
				.map((line) -> System.nanoTime())
				.toList();
			assertThat(arrivals).hasSize(7);
			assertThat(arrivals.get(6) - arrivals.get(0)).as("events come one by one").isGreaterThan(1_000_000_000L);
		}
	}

	@Test
	void runsUnprivilegedOnAReadOnlyFileSystem() {
		try (WeirContainer weir = mounted()) {
			weir.start();
			assertThat(weir.run("id", "-u")).isEqualTo("10001\n");
			assertThat(weir.run("touch", "/app/weir.jar", "/tmp/anything")).contains("Read-only file system");
			assertThat(weir.run("grep", "-E", "CapEff|NoNewPrivs", "/proc/1/status")).contains("0000000000000000")
				.containsPattern("NoNewPrivs:\\s*1");
			assertThat(weir.chat().statusCode()).isEqualTo(200);
		}
	}

	@Test
	void takesItsBackendsFromTheEnvironment() {
		try (WeirContainer weir = new WeirContainer().withNetwork(NETWORK)
			.withEnv("BACKEND_1_URL", "http://first:8080")
			.withEnv("BACKEND_1_APIKEY", "key-of-first")
			.withEnv("BACKEND_1_NAME", "openai1")
			.withEnv("BACKEND_1_MODELS", "gpt-4o=chat,text-embedding-3-large=embedding")) {
			weir.start();
			HttpResponse<String> reply = weir.chat();
			assertThat(reply.statusCode()).isEqualTo(200);
			assertThat(reply.headers().firstValue("x-weir-backend")).hasValue("openai1");
			FIRST.client()
				.verifyThat(1,
						postRequestedFor(anyUrl()).withRequestBody(matchingJsonPath("$.model", equalTo("chat"))));
			assertThat(weir.get("/v1/models").body()).contains("gpt-4o", "text-embedding-3-large");
		}
	}

	@Test
	void finishesAStreamAfterAStopSignal() throws Exception {
		FIRST.respondWith(WireMockBackend.stream(8, 4000));
		try (WeirContainer weir = mounted().withEnv("WEIR_DRAIN_DELAY", "1s")) {
			weir.start();
			HttpResponse<Stream<String>> stream = WeirContainer.send(weir.chat(Bodies.CHAT_STREAM),
					HttpResponse.BodyHandlers.ofLines());
			Iterator<String> lines = stream.body().iterator();
			assertThat(lines.next()).startsWith("data:");
			weir.signal("TERM");
			List<String> remaining = new ArrayList<>();
			lines.forEachRemaining(remaining::add);
			assertThat(remaining).filteredOn((line) -> line.contains("word")).hasSize(7);
			assertThat(remaining).last().asString().isBlank();
			assertThat(remaining).contains("data: [DONE]");
			assertThat(weir.awaitExit(Duration.ofSeconds(10))).isIn(0, 143);
			assertThat(weir.getLogs()).contains("Graceful shutdown complete");
		}
	}

	private static WeirContainer mounted() {
		return new WeirContainer().withNetwork(NETWORK).withSettings("""
				spring.cloud.gateway.server.webflux.routes:
				  - id: route-of-the-mounted-file
				    uri: lb://openai
				    predicates: [Path=/v1/**]
				weir.pools.openai.backends: [%s, %s]
				""".formatted(FIRST.yaml(1), SECOND.yaml(2)));
	}

}
