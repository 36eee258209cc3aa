package dev.weir.reload;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.Channel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import org.springframework.cloud.gateway.config.HttpClientCustomizer;

import dev.weir.testing.Bodies;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.Scripts;
import dev.weir.testing.StreamEvents;

import static dev.weir.testing.WeirServer.backend;
import static dev.weir.testing.WeirServer.pool;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Reloads while many clients send requests and read streams.
 */
@Tag("soak")
class ReloadUnderLoadTests {

	private static final int CALLERS = 50;

	private static final int STREAMS = 20;

	private static final String STREAM = "{\"model\":\"gpt-4o\",\"stream\":true,\"messages\":[]}";

	private final OpenResources resources = new OpenResources();

	private final RawBackend first = this.resources.backend(ReloadUnderLoadTests::serve);

	private final RawBackend second = this.resources.backend(ReloadUnderLoadTests::serve);

	private final RawBackend third = this.resources.backend(ReloadUnderLoadTests::serve);

	private final Set<Channel> channels = ConcurrentHashMap.newKeySet();

	private final AtomicBoolean running = new AtomicBoolean(true);

	private final AtomicInteger served = new AtomicInteger();

	private final AtomicInteger streamed = new AtomicInteger();

	private final Queue<String> failures = new ConcurrentLinkedQueue<>();

	private final List<Thread> clients = new ArrayList<>();

	@AfterEach
	void close() {
		this.resources.close();
	}

	private static void serve(RawBackend.Call call) throws IOException, InterruptedException {
		if (!call.request().contains("\"stream\":true")) {
			Scripts.SERVES.run(call);
			return;
		}
		call.beginEvents();
		call.chunk(StreamEvents.ROLE);
		for (int i = 0; i < 20; i++) {
			call.chunk(StreamEvents.CONTENT);
			pause(50);
		}
		call.chunk(StreamEvents.FINISH + StreamEvents.DONE);
		call.endChunks();
	}

	private static void pause(long millis) {
		try {
			TimeUnit.MILLISECONDS.sleep(millis);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private String two(int weight) {
		return pool("", backend("one", this.first.url(), "weight: " + weight), backend("two", this.second.url()));
	}

	private String three(int weight) {
		return pool("", backend("one", this.first.url(), "weight: " + weight), backend("two", this.second.url()),
				backend("three", this.third.url()));
	}

	private ReloadableWeir start() {
		HttpClientCustomizer observer = (client) -> client
			.doOnChannelInit((connection, channel, remote) -> this.channels.add(channel));
		return this.resources
			.add(ReloadableWeir.start((context) -> context.registerBean(HttpClientCustomizer.class, () -> observer),
					two(1), "--logging.level.dev.weir=off"));
	}

	@Test
	void w04AFileThatChangesTwiceASecondCostsNoRequest() throws InterruptedException {
		ReloadableWeir weir = start();
		startClients(weir, 20);
		List<String> versions = List.of(three(2), "weir:\n\tpools: {", two(3), two(1).replace("url: ", "uri: "),
				three(5));
		long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
		int changes = 0;
		while (System.nanoTime() < end) {
			weir.write(versions.get(changes++ % versions.size()));
			pause(500);
		}
		stopClients();
		System.out.printf("%d changes of the file, %d requests and %d streams served, %d failed%n", changes,
				this.served.get(), this.streamed.get(), this.failures.size());
		assertThat(this.failures).isEmpty();
		assertThat(this.third.connections()).isPositive();
	}

	@Test
	void w10FiveHundredReloadsLeaveNothingBehind() throws InterruptedException {
		ReloadableWeir weir = start();
		// with a pause, so that the reloads get a share of the processor
		startClients(weir, 200);
		reload(weir, 100);
		int meters = meters(weir);
		long heap = usedHeap();
		reload(weir, 400);
		long grown = usedHeap() - heap;
		stopClients();
		System.out.printf("500 reloads, %d requests and %d streams served, %d failed, heap %+d KB%n", this.served.get(),
				this.streamed.get(), this.failures.size(), grown / 1024);
		assertThat(this.failures).isEmpty();
		assertThat(grown).isLessThan(16 * 1024 * 1024);
		weir.change(two(1));
		weir.server().bean(Reload.class).releaseRemoved();
		await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
			weir.server().bean(Reload.class).releaseRemoved();
			assertThat(meters(weir)).isLessThanOrEqualTo(meters);
			assertThat(weir.server().bean(CircuitBreakerRegistry.class).getAllCircuitBreakers()).hasSize(2);
			String gone = ":" + this.third.url().getPort();
			assertThat(this.channels)
				.noneMatch((channel) -> channel.isActive() && channel.remoteAddress().toString().endsWith(gone));
		});
	}

	private void reload(ReloadableWeir weir, int times) {
		for (int i = 0; i < times; i++) {
			switch (i % 4) {
				case 0 -> weir.change(three(1 + i % 9));
				case 1 -> weir.change("weir:\n\tpools: {");
				case 2 -> weir.change(two(1 + i % 9));
				default -> weir.change(two(0));
			}
			weir.server().bean(Reload.class).releaseRemoved();
			pause(20);
		}
	}

	private static int meters(ReloadableWeir weir) {
		return (int) weir.server()
			.bean(MeterRegistry.class)
			.getMeters()
			.stream()
			.filter((meter) -> meter.getId().getTag("backend") != null
					|| meter.getId().getName().startsWith("resilience4j"))
			.count();
	}

	private static long usedHeap() {
		long lowest = Long.MAX_VALUE;
		for (int i = 0; i < 5; i++) {
			System.gc();
			pause(200);
			lowest = Math.min(lowest, Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
		}
		return lowest;
	}

	private void startClients(ReloadableWeir weir, long pauseMillis) {
		HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
		for (int i = 0; i < CALLERS; i++) {
			startClient(() -> request(client, weir, Bodies.CHAT, "\"choices\"", this.served, pauseMillis));
		}
		for (int i = 0; i < STREAMS; i++) {
			startClient(() -> request(client, weir, STREAM, "[DONE]", this.streamed, 0));
		}
	}

	private void startClient(Runnable request) {
		Thread thread = new Thread(() -> {
			while (this.running.get()) {
				request.run();
			}
		});
		thread.start();
		this.clients.add(thread);
	}

	private void request(HttpClient client, ReloadableWeir weir, String body, String end, AtomicInteger count,
			long pauseMillis) {
		try {
			HttpResponse<String> reply = client.send(HttpRequest.newBuilder(weir.server().uri("/v1/chat/completions"))
				.header("content-type", "application/json")
				.timeout(Duration.ofSeconds(30))
				.POST(HttpRequest.BodyPublishers.ofString(body))
				.build(), HttpResponse.BodyHandlers.ofString());
			if (reply.statusCode() != 200 || !reply.body().contains(end)) {
				this.failures.add(reply.statusCode() + " " + reply.body());
			}
			count.incrementAndGet();
			pause(pauseMillis);
		}
		catch (IOException ex) {
			this.failures.add(ex.toString());
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private void stopClients() throws InterruptedException {
		this.running.set(false);
		for (Thread thread : this.clients) {
			thread.join(TimeUnit.SECONDS.toMillis(40));
		}
	}

}
