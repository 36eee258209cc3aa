package dev.weir.faults;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

import com.jayway.jsonpath.JsonPath;
import org.junit.jupiter.api.Test;

import dev.weir.testing.Bodies;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.Scripts.SERVES;
import static dev.weir.testing.Scripts.responding;
import static dev.weir.testing.Scripts.throttling;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Faults of load balancing and recovery, on real sockets.
 */
class BalancingFaultTests {

	private static final int CALLERS = 50;

	@Test
	void aBackendWithAllItsPlacesTakenIsFullAndServesAgainWhenOneIsFree() throws Exception {
		CountDownLatch over = new CountDownLatch(1);
		RawBackend.Script streams = (call) -> {
			call.beginEvents();
			call.chunk("data: {}\n\n");
			over.await(20, TimeUnit.SECONDS);
			call.chunk("data: [DONE]\n\n");
			call.chunk("");
		};
		try (RawBackend small = RawBackend
			.start((call) -> (call.request().contains("\"stream\":true") ? streams : SERVES).run(call));
				RawBackend large = RawBackend.start(SERVES);
				WeirServer weir = WeirServer.withBackends(WeirServer.backend("small", small.url(), "max-concurrent: 2"),
						WeirServer.backend("large", large.url(), "priority: 2"));
				RawClient first = stream(weir);
				RawClient second = stream(weir)) {
			assertThat(servedBy(weir)).isEqualTo("large");
			String report = weir.get("/actuator/backends/small").body();
			assertThat(JsonPath.<String>read(report, "$.state")).isEqualTo("FULL");
			assertThat(JsonPath.<Integer>read(report, "$.inFlight")).isEqualTo(2);
			assertThat(JsonPath.<Boolean>read(report, "$.lanes[0].available")).isFalse();
			assertThat(JsonPath.<Integer>read(report, "$.lanes[0].counts.failed")).isZero();
			assertThat(weir.get("/actuator/health/backends/small").statusCode()).isEqualTo(200);
			over.countDown();
			first.readUntil("[DONE]");
			second.readUntil("[DONE]");
			await().atMost(Duration.ofSeconds(5)).until(() -> servedBy(weir).equals("small"));
		}
	}

	@Test
	void aClientThatLeavesItsStreamFreesThePlace() {
		RawBackend.Script streams = (call) -> {
			call.beginEvents();
			call.chunk("data: {}\n\n");
			call.awaitClose();
		};
		try (RawBackend small = RawBackend
			.start((call) -> (call.request().contains("\"stream\":true") ? streams : SERVES).run(call));
				RawBackend large = RawBackend.start(SERVES);
				WeirServer weir = WeirServer.withBackends(WeirServer.backend("small", small.url(), "max-concurrent: 1"),
						WeirServer.backend("large", large.url(), "priority: 2"));
				RawClient client = stream(weir)) {
			assertThat(servedBy(weir)).isEqualTo("large");
			client.reset();
			await().atMost(Duration.ofSeconds(5)).until(() -> servedBy(weir).equals("small"));
		}
	}

	@Test
	void b21AfterACooldownALaneGetsFewRequestsAtFirst() throws Exception {
		try (RawBackend spare = RawBackend.start(SERVES);
				RawBackend first = RawBackend.start(SERVES);
				WeirServer weir = WeirServer.withBackends(WeirServer.backend("first", first.url()),
						WeirServer.backend("spare", spare.url(), "priority: 2"));
				Callers callers = new Callers(weir)) {
			callers.start();
			// the clients must be warmed up to send many requests at once
			await().atMost(Duration.ofSeconds(30)).until(() -> first.requests().size() > 20 * CALLERS);
			Recovering recovering = new Recovering();
			first.script(recovering);
			assertThat(recovering.responded.await(20, TimeUnit.SECONDS)).isTrue();
			await().atMost(Duration.ofSeconds(3)).until(() -> takesAll(first, spare));
			callers.stop();
			assertThat(callers.statuses).containsOnly(200);
			// 1, then 2, 4 and 8 more, one step for each quarter of a second without a
			// response
			long quarters = recovering.nanosFromCooldownToResponse / Duration.ofMillis(250).toNanos();
			assertThat(recovering.seenBeforeResponse).isLessThanOrEqualTo((2 << quarters) - 1);
		}
	}

	@Test
	void b21AfterACooldownALaneTakesAsManyRequestsAsItsResponseSays() throws Exception {
		RawBackend.Script holds = RawBackend.Call::awaitClose;
		try (RawBackend spare = RawBackend.start(holds);
				RawBackend first = RawBackend.start(throttling("retry-after-ms: 1"));
				WeirServer weir = WeirServer.withBackends(WeirServer.backend("first", first.url()),
						WeirServer.backend("spare", spare.url(), "priority: 2"))) {
			RawClient throttled = RawClient.of(weir).post("/v1/chat/completions", Bodies.CHAT);
			await().until(() -> spare.requests().size() == 1);
			throttled.close();
			first.script(responding("200 OK", Bodies.COMPLETION, "x-ratelimit-remaining-requests: 5"));
			assertThat(servedBy(weir)).isEqualTo("first");
			first.script(holds);
			try (OpenResources clients = new OpenResources()) {
				for (int i = 0; i < 6; i++) {
					clients.add(RawClient.of(weir).post("/v1/chat/completions", Bodies.CHAT));
				}
				await().until(() -> first.requests().size() + spare.requests().size() == 9);
			}
			assertThat(spare.requests()).hasSize(1);
		}
	}

	/**
	 * Whether each of the callers is served by the first backend and none by the other.
	 */
	private static boolean takesAll(RawBackend first, RawBackend spare) {
		int spared = spare.requests().size();
		int served = first.requests().size();
		await().pollInterval(Duration.ofMillis(5))
			.atMost(Duration.ofSeconds(3))
			.until(() -> first.requests().size() >= served + CALLERS);
		return spare.requests().size() == spared;
	}

	private static String servedBy(WeirServer weir) {
		HttpResponse<String> response = weir.chat();
		assertThat(response.statusCode()).isEqualTo(200);
		return response.headers().firstValue("x-weir-backend").orElseThrow();
	}

	private static RawClient stream(WeirServer weir) {
		RawClient client = RawClient.of(weir).post("/v1/chat/completions", Bodies.CHAT_STREAM);
		client.readUntil("data: {}");
		return client;
	}

	/**
	 * Throttles until no request has arrived for the time of a cooldown, and then delays
	 * its first response.
	 */
	private static final class Recovering implements RawBackend.Script {

		private static final Duration COOLDOWN = Duration.ofMillis(500);

		private static final Duration THINKING = Duration.ofMillis(200);

		final CountDownLatch responded = new CountDownLatch(1);

		volatile int seenBeforeResponse;

		volatile long nanosFromCooldownToResponse;

		private final AtomicInteger seen = new AtomicInteger();

		private final AtomicLong cooldownUntil = new AtomicLong(System.nanoTime() + COOLDOWN.toNanos());

		@Override
		public void run(RawBackend.Call call) throws IOException, InterruptedException {
			long now = System.nanoTime();
			if (now - this.cooldownUntil.get() < 0) {
				this.cooldownUntil.set(now + COOLDOWN.toNanos());
				call.respond("429 Too Many Requests", Bodies.AZURE_THROTTLED, "retry-after-ms: " + COOLDOWN.toMillis());
				return;
			}
			if (this.seen.incrementAndGet() == 1) {
				Thread.sleep(THINKING.toMillis());
				this.seenBeforeResponse = this.seen.get();
				this.nanosFromCooldownToResponse = System.nanoTime() - this.cooldownUntil.get();
				this.responded.countDown();
			}
			this.responded.await(20, TimeUnit.SECONDS);
			SERVES.run(call);
		}

	}

	/** Clients that send the next request as soon as they have a reply. */
	private static final class Callers implements AutoCloseable {

		final List<Integer> statuses = new CopyOnWriteArrayList<>();

		private final WeirServer weir;

		private final ExecutorService threads = Executors.newFixedThreadPool(CALLERS);

		private volatile boolean stopped;

		Callers(WeirServer weir) {
			this.weir = weir;
		}

		void start() {
			for (int i = 0; i < CALLERS; i++) {
				this.threads.execute(() -> {
					while (!this.stopped) {
						this.statuses.add(this.weir.chat().statusCode());
					}
				});
			}
		}

		void stop() throws InterruptedException {
			this.stopped = true;
			this.threads.shutdown();
			assertThat(this.threads.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
		}

		@Override
		public void close() {
			this.stopped = true;
			this.threads.shutdownNow();
		}

	}

}
