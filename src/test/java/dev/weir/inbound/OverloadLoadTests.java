package dev.weir.inbound;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.ByteBufMono;
import reactor.netty.DisposableServer;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.ConnectionProvider;

import dev.weir.testing.Bodies;
import dev.weir.testing.ManyCallers;
import dev.weir.testing.ManyCallers.Reply;
import dev.weir.testing.StreamEvents;
import dev.weir.testing.WeirProcess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * More load than Weir accepts, on a process with 512 MB of heap: 2,000 callers at 200
 * places, 5,000 streams that are silent, and 200 uploads of 31 MB that trickle. Prints
 * the latencies of requests that are served, of those that are refused, and of health,
 * and the heap. The property {@code overload.seconds} sets the time.
 */
@Tag("soak")
class OverloadLoadTests {

	private static final Duration TIME = Duration.ofSeconds(Integer.getInteger("overload.seconds", 10));

	private static final int IDLE_STREAMS = 5_000;

	private static final Pattern HEAP = Pattern.compile("jvm_memory_used_bytes\\{[^}]*area=\"heap\"[^}]*} ([0-9.E]+)");

	private static final Pattern PORT = Pattern.compile("Netty started on port ([0-9]+)");

	@TempDir
	private Path folder;

	private final AtomicInteger inFlight = new AtomicInteger();

	private final AtomicInteger mostInFlight = new AtomicInteger();

	private final DisposableServer backend = HttpServer.create()
		.host("127.0.0.1")
		.port(0)
		.handle((request, response) -> {
			this.mostInFlight.accumulateAndGet(this.inFlight.incrementAndGet(), Math::max);
			return request.receive()
				.then(Mono.delay(Duration.ofMillis(200)))
				.then(response.header("content-type", "application/json")
					.sendString(Mono.just(Bodies.COMPLETION))
					.then())
				.doFinally((signal) -> this.inFlight.decrementAndGet());
		})
		.bindNow();

	private final ConnectionProvider connections = ConnectionProvider.builder("callers")
		.maxConnections(3_000)
		.pendingAcquireMaxCount(3_000)
		.build();

	@AfterEach
	void stop() {
		this.connections.disposeLater().block();
		this.backend.disposeNow();
	}

	private WeirProcess start(int maxInFlight) {
		return WeirProcess.start(this.folder, """
				management.server: {port: 0, address: 127.0.0.1}
				weir:
				  max-in-flight: %d
				  pools:
				    openai:
				      backends: [{name: only, url: 'http://127.0.0.1:%d', api-key: k, dialect: openai}]
				logging.level.dev.weir: warn
				""".formatted(maxInFlight, this.backend.port()), "-Xmx512m");
	}

	private HttpClient client(WeirProcess weir) {
		return client(weir.port());
	}

	private HttpClient client(int port) {
		return HttpClient.create(this.connections)
			.baseUrl("http://127.0.0.1:" + port)
			.responseTimeout(Duration.ofSeconds(20));
	}

	/** The ports are in the log, that of the server first. */
	private static int managementPort(WeirProcess weir) {
		return await()
			.until(() -> PORT.matcher(Files.readString(weir.log()))
				.results()
				.map((match) -> Integer.parseInt(match.group(1)))
				.toList(), (ports) -> ports.size() == 2)
			.get(1);
	}

	private static Mono<Reply> chat(HttpClient client) {
		return timed(client.headers((headers) -> headers.set("content-type", "application/json"))
			.post()
			.uri("/v1/chat/completions")
			.send(ByteBufMono.fromString(Mono.just(Bodies.CHAT)))
			.responseSingle(
					(response, body) -> body.asString().defaultIfEmpty("").thenReturn(response.status().code())));
	}

	private static void warm(HttpClient client) {
		Flux.range(0, 1_000).flatMap((call) -> chat(client), 50).then().block();
	}

	private static Mono<Reply> health(HttpClient client) {
		return timed(client.get()
			.uri("/actuator/health/readiness")
			.responseSingle((response, body) -> body.asString().thenReturn(response.status().code())));
	}

	private static Mono<Reply> page(HttpClient client) {
		return timed(client.get()
			.uri("/no-such-page")
			.responseSingle((response, body) -> body.asString().thenReturn(response.status().code())));
	}

	private static Flux<Reply> every100Millis(Mono<Reply> request) {
		return Flux.interval(Duration.ofMillis(100)).onBackpressureDrop().take(TIME).concatMap((tick) -> request);
	}

	private static Mono<Reply> timed(Mono<Integer> status) {
		return Mono.defer(() -> {
			long begin = System.nanoTime();
			return status.map((code) -> new Reply(code, System.nanoTime() - begin));
		});
	}

	@Test
	void c12CallersBeyondTheLimitAreRefusedAtOnceWhileOthersAndHealthAreServed() {
		List<Reply> replies;
		ConcurrentLinkedQueue<Reply> probes = new ConcurrentLinkedQueue<>();
		ConcurrentLinkedQueue<Reply> pages = new ConcurrentLinkedQueue<>();
		try (WeirProcess weir = start(200)) {
			HttpClient client = client(weir);
			warm(client);
			HttpClient management = client(managementPort(weir));
			Mono<Void> probing = Mono.when(every100Millis(health(management)).doOnNext(probes::add),
					// a page on the port that the callers use
					every100Millis(page(client)).doOnNext(pages::add));
			Disposable running = probing.subscribe();
			replies = new ManyCallers(weir.port(), "/v1/chat/completions", Bodies.CHAT).call(2_000, TIME,
					Duration.ofSeconds(60));
			running.dispose();
		}
		print("served", replies, 200);
		print("refused", replies, 503);
		print("health", probes, 200);
		print("page on the port of the callers", pages, 404);
		assertThat(pages).extracting(Reply::status).containsOnly(404);
		assertThat(replies).extracting(Reply::status).containsOnly(200, 503).contains(200, 503);
		assertThat(probes).extracting(Reply::status).containsOnly(200);
		assertThat(this.mostInFlight.get()).isLessThanOrEqualTo(200);
		// in relation to each other, because the machine decides about the times: callers
		// that send again after one or two seconds are refused more often than others are
		// served, and health waits behind neither
		assertThat(sorted(replies, 503)).hasSizeGreaterThan(sorted(replies, 200).size());
		assertThat(millis(sorted(probes, 200), 0.5)).isLessThan(millis(sorted(replies, 200), 0.5));
	}

	@Test
	void c12IdleStreamsTakeBoundedMemoryWhileFreshRequestsAreServed() throws Exception {
		List<Reply> fresh = new ArrayList<>();
		long before;
		long after;
		DisposableServer silent = HttpServer.create()
			.host("127.0.0.1")
			.port(0)
			.handle((request, response) -> request.receive()
				.then(response.header("content-type", "text/event-stream")
					.sendString(Flux.just(StreamEvents.ROLE + StreamEvents.CONTENT).concatWith(Mono.never()))
					.then()))
			.bindNow();
		Pattern threads = Pattern.compile("jvm_threads_live_threads(?:\\{[^}]*})? ([0-9.E]+)");
		try (WeirProcess weir = WeirProcess.start(this.folder, """
				weir:
				  pools:
				    openai:
				      backends: [{name: only, url: 'http://127.0.0.1:%d', api-key: k, dialect: openai}]
				    silent:
				      stream-idle-timeout: 10m
				      first-event-timeout: 10m
				      backends: [{name: still, url: 'http://127.0.0.1:%d', api-key: k, dialect: openai}]
				spring.cloud.gateway.server.webflux.routes:
				  - {id: silent, uri: lb://silent, predicates: [Path=/silent/**], filters: [StripPrefix=1]}
				  - {id: openai, uri: lb://openai, predicates: [Path=/v1/**]}
				logging.level.dev.weir: warn
				""".formatted(this.backend.port(), silent.port()), "-Xmx512m")) {
			HttpClient client = client(weir);
			warm(client);
			before = sum(HEAP, client);
			AtomicInteger open = new AtomicInteger();
			ConnectionProvider many = ConnectionProvider.builder("streams").maxConnections(IDLE_STREAMS).build();
			HttpClient streams = HttpClient.create(many).baseUrl("http://127.0.0.1:" + weir.port());
			Disposable running = Flux.range(0, IDLE_STREAMS)
				.flatMap((stream) -> streams.headers((headers) -> headers.set("content-type", "application/json"))
					.post()
					.uri("/silent/v1/chat/completions")
					.send(ByteBufMono.fromString(Mono.just(Bodies.CHAT_STREAM)))
					.response((response, body) -> body.asString().doOnNext((text) -> open.incrementAndGet()))
					.onErrorComplete(), IDLE_STREAMS)
				.subscribe();
			await().atMost(Duration.ofMinutes(2)).until(() -> open.get() >= IDLE_STREAMS);
			long end = System.nanoTime() + TIME.toNanos();
			while (System.nanoTime() < end) {
				fresh.add(chat(client).block());
			}
			after = sum(HEAP, client);
			System.out.printf("%d idle streams: heap %d → %d MB, %d threads%n", IDLE_STREAMS, before >> 20, after >> 20,
					sum(threads, client));
			assertThat(sum(threads, client)).isLessThan(100);
			running.dispose();
			many.disposeLater().block();
		}
		finally {
			silent.disposeNow();
		}
		print("fresh", fresh, 200);
		assertThat(fresh).extracting(Reply::status).containsOnly(200);
	}

	private static long sum(Pattern metric, HttpClient client) {
		String metrics = client.get().uri("/actuator/prometheus").responseContent().aggregate().asString().block();
		return metric.matcher(metrics).results().mapToLong((match) -> (long) Double.parseDouble(match.group(1))).sum();
	}

	@Test
	void c27UploadsThatTrickleTakeBoundedMemoryWhileFreshRequestsAreServed() throws Exception {
		List<Reply> fresh = new ArrayList<>();
		long most = 0;
		int ended;
		try (WeirProcess weir = start(10_000)) {
			HttpClient client = client(weir);
			HttpClient management = client(managementPort(weir));
			warm(client);
			List<SocketChannel> uploads = new ArrayList<>();
			for (int i = 0; i < 200; i++) {
				uploads.add(upload(weir));
			}
			ByteBuffer part = ByteBuffer.allocate(256 * 1024);
			Arrays.fill(part.array(), (byte) ' ');
			long end = System.nanoTime() + TIME.toNanos();
			while (System.nanoTime() < end) {
				uploads.removeIf((upload) -> !send(upload, part.clear()));
				fresh.add(chat(client).block());
				most = Math.max(most, sum(HEAP, management));
			}
			ended = 200 - uploads.size();
			for (SocketChannel upload : uploads) {
				upload.close();
			}
			assertThat(weir.isAlive()).isTrue();
			assertThat(weir.log()).content().doesNotContain("OutOfMemory");
		}
		System.out.printf("%d of 200 uploads were ended, heap at most %d MB%n", ended, most >> 20);
		print("fresh", fresh, 200);
		assertThat(fresh).extracting(Reply::status).containsOnly(200);
		assertThat(ended).isPositive();
	}

	private static SocketChannel upload(WeirProcess weir) throws IOException {
		SocketChannel upload = SocketChannel.open(new InetSocketAddress("127.0.0.1", weir.port()));
		upload.write(ByteBuffer
			.wrap(("POST /v1/chat/completions HTTP/1.1\r\nhost: weir\r\ncontent-type: application/json\r\n"
					+ "content-length: 32505856\r\n\r\n{")
				.getBytes(StandardCharsets.US_ASCII)));
		upload.configureBlocking(false);
		return upload;
	}

	/** Sends a part, or as much as is accepted; whether the connection is still open. */
	private static boolean send(SocketChannel upload, ByteBuffer part) {
		try {
			upload.write(part);
			return upload.read(ByteBuffer.allocate(1024)) == 0;
		}
		catch (IOException ex) {
			return false;
		}
	}

	private static List<Long> sorted(Collection<Reply> replies, int status) {
		return replies.stream().filter((reply) -> reply.status() == status).map(Reply::nanos).sorted().toList();
	}

	private static void print(String name, Collection<Reply> replies, int status) {
		List<Long> nanos = sorted(replies, status);
		if (!nanos.isEmpty()) {
			System.out.printf("%s: %d, p50 %.1f ms, p99 %.1f ms, most %.1f ms%n", name, nanos.size(),
					millis(nanos, 0.5), millis(nanos, 0.99), millis(nanos, 1));
		}
	}

	private static double millis(List<Long> sorted, double share) {
		return sorted.get((int) Math.min(sorted.size() - 1, sorted.size() * share))
				/ (double) TimeUnit.MILLISECONDS.toNanos(1);
	}

}
