package dev.weir.gateway;

import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import io.netty.channel.Channel;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import reactor.netty.channel.ChannelOperations;

import org.springframework.cloud.gateway.config.HttpClientCustomizer;

import dev.weir.testing.Bodies;
import dev.weir.testing.RawBackend;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The whole product with real connections: heads that arrive exactly at
 * {@code response-timeout} are relayed, or their connections are closed, and no other
 * request loses its connection.
 */
@Tag("soak")
class HeadTimeoutRaceTests {

	private static final int REQUESTS = 10_000;

	private static final int AT_ONCE = 60;

	private static final Duration LIMIT = Duration.ofMillis(20);

	private final Set<Channel> channels = ConcurrentHashMap.newKeySet();

	private final Map<Integer, AtomicInteger> statuses = new ConcurrentHashMap<>();

	@Test
	void aHeadThatArrivesExactlyAtTheTimeoutLeavesNoConnectionOpen() throws InterruptedException {
		HttpClientCustomizer observer = (client) -> client
			.doOnChannelInit((connection, channel, remote) -> this.channels.add(channel));
		try (RawBackend backend = RawBackend.start(HeadTimeoutRaceTests::respondAtTheLimit);
				WeirServer weir = WeirServer.start(
						(context) -> context.registerBean(HttpClientCustomizer.class, () -> observer),
						WeirServer.pool("response-timeout: " + LIMIT.toMillis() + "ms",
								WeirServer.backend("a", backend.url())),
						"--logging.level.dev.weir=error")) {
			// an open breaker would keep requests from racing
			weir.beans(CircuitBreakerRegistry.class)
				.values()
				.forEach((breakers) -> breakers.circuitBreaker("a").transitionToDisabledState());
			sendAll(weir);
			assertThat(this.statuses.keySet()).containsExactlyInAnyOrder(200, 504);
			await().atMost(Duration.ofSeconds(5))
				.untilAsserted(() -> assertThat(this.channels)
					.noneMatch((channel) -> channel.isActive() && ChannelOperations.get(channel) != null));
			assertThat(weir.get("/actuator/backends").body()).contains("\"inFlight\":0");
		}
	}

	private static void respondAtTheLimit(RawBackend.Call call) throws java.io.IOException, InterruptedException {
		TimeUnit.MICROSECONDS.sleep(LIMIT.toMillis() * 1000 + ThreadLocalRandom.current().nextLong(-4_000, 1_000));
		call.respond("200 OK", Bodies.COMPLETION);
	}

	private void sendAll(WeirServer weir) throws InterruptedException {
		HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
		HttpRequest chat = HttpRequest.newBuilder(weir.uri("/v1/chat/completions"))
			.header("content-type", "application/json")
			.POST(HttpRequest.BodyPublishers.ofString(Bodies.CHAT))
			.build();
		// a request without a body takes the gateway's own way to a connection
		HttpRequest list = HttpRequest.newBuilder(weir.uri("/v1/files")).build();
		Semaphore places = new Semaphore(AT_ONCE);
		for (int i = 0; i < REQUESTS; i++) {
			places.acquire();
			client.sendAsync((i % 2 == 0) ? chat : list, HttpResponse.BodyHandlers.discarding())
				.whenComplete((response, error) -> {
					int status = (response != null) ? response.statusCode() : -1;
					this.statuses.computeIfAbsent(status, (unused) -> new AtomicInteger()).incrementAndGet();
					places.release();
				});
		}
		assertThat(places.tryAcquire(AT_ONCE, 30, TimeUnit.SECONDS)).isTrue();
	}

}
