package dev.weir.failover;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.LaneFigures;
import dev.weir.testing.LeakCheck;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;
import dev.weir.reply.EventRelay;

import static dev.weir.testing.RawBackend.responding;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Streams on real sockets: what is relayed and when, and what is left after a break of
 * the backend or the client.
 */
@ExtendWith(LeakCheck.class)
class StreamingTests {

	private static final String CHAT = "/v1/chat/completions";

	private static final String LAST_CHUNK = "0\r\n\r\n";

	private static final RawBackend.Script UNUSED = responding("418 Unexpected", "{}");

	private static Stands stands;

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(30);
	}

	@AfterAll
	static void stopWeir() throws InterruptedException {
		stands.close();
	}

	@Test
	void eventsAreRelayedOneByOneWithoutDelay() {
		Semaphore seen = new Semaphore(0);
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			for (int i = 0; i < 20; i++) {
				call.chunk("data: {\"n\":" + i + "}\n\n");
				acquire(seen);
			}
			call.chunk("data: [DONE]\n\n");
			call.write(LAST_CHUNK);
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			for (int i = 0; i < 20; i++) {
				client.readUntil("data: {\"n\":" + i + "}\n\n");
				seen.release();
			}
			assertThat(client.readUntil(LAST_CHUNK)).contains("data: [DONE]\n\n");
		}
		awaitFigures(stand, new LaneFigures(0, 1, 1, 0, 0));
	}

	@Test
	void manyConcurrentStreamsArriveCompletely() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			for (int i = 0; i < 200; i++) {
				call.chunk("data: {\"n\":" + i + "}\n\n");
			}
			call.chunk("data: [DONE]\n\n");
			call.write(LAST_CHUNK);
		}, UNUSED);
		ExecutorService callers = Executors.newFixedThreadPool(20);
		try {
			List<CompletableFuture<String>> calls = IntStream.range(0, 200)
				.mapToObj((i) -> CompletableFuture.supplyAsync(() -> {
					try (RawClient client = stream(stand)) {
						return client.readUntil("data: [DONE]\n\n\r\n" + LAST_CHUNK);
					}
				}, callers))
				.toList();
			assertThat(calls).allSatisfy((call) -> assertThat(call.join()).contains("data: {\"n\":0}\n\n",
					"data: {\"n\":100}\n\n", "data: {\"n\":199}\n\n"));
		}
		finally {
			callers.shutdownNow();
		}
		awaitFigures(stand, new LaneFigures(0, 200, 200, 0, 0));
	}

	@Test
	void anEventInPiecesIsRelayedWhenItIsComplete() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk("data: {\"text\":\"one");
			call.chunk(" two\"}\n");
			call.chunk("\ndata: [DONE]\n\n");
			call.write(LAST_CHUNK);
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains("\r\ndata: {\"text\":\"one two\"}\n\n");
		}
	}

	@Test
	void anEventThatIsTooLongIsRelayedInPieces() {
		Semaphore seen = new Semaphore(0);
		String half = "x".repeat(EventRelay.MAX_EVENT);
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk("data: {}\n\n");
			call.chunk("data: {\"text\":\"" + half);
			acquire(seen);
			call.chunk("the end\"}\n\ndata: [DONE]\n\n");
			call.write(LAST_CHUNK);
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			client.readUntil("xxxx");
			seen.release();
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains("the end\"}\n\n");
		}
	}

	@Test
	void chunkedAudioIsRelayedPromptlyAndByteForByte() {
		Semaphore seen = new Semaphore(0);
		Stand stand = stands.next((call) -> {
			call.write("HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ntransfer-encoding: chunked\r\n\r\n");
			for (int i = 0; i < 10; i++) {
				chunk(call, sound(i));
				acquire(seen);
			}
			call.write(LAST_CHUNK);
		}, UNUSED);
		try (RawClient client = RawClient.of(stand.weir())) {
			client.post("/" + stand.name() + "/v1/audio/speech",
					"{\"model\":\"tts-1\",\"input\":\"hi\",\"voice\":\"alloy\"}");
			for (int i = 0; i < 10; i++) {
				client.readUntil(new String(sound(i), StandardCharsets.ISO_8859_1));
				seen.release();
			}
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).containsIgnoringCase("content-type: audio/mpeg\r\n");
		}
	}

	@Test
	void aCompleteStreamWithoutDoneIsRelayed() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk("event: response.completed\ndata: {\"type\":\"response.completed\"}\n\n");
			call.write(LAST_CHUNK);
		}, UNUSED);
		try (RawClient client = RawClient.of(stand.weir())) {
			client.post("/" + stand.name() + "/v1/responses",
					"{\"model\":\"gpt-4o\",\"input\":\"hi\",\"stream\":true}");
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains("response.completed").doesNotContain("[DONE]");
			awaitFigures(stand, new LaneFigures(0, 1, 1, 0, 0));
			client.post("/" + stand.name() + "/v1/responses", "{\"model\":\"gpt-4o\",\"input\":\"hi\"}");
			await().until(() -> stand.first().requests().size() == 2);
		}
	}

	@ParameterizedTest
	@MethodSource
	void aResponseThatBreaksOffIsBrokenForTheClientAndNothingIsLeftOpen(Body body, Breaking breaking) {
		AtomicInteger calls = new AtomicInteger();
		Semaphore seen = new Semaphore(0);
		Stand stand = stands.next((call) -> {
			if (calls.getAndIncrement() > 0) {
				call.respond("200 OK", Bodies.COMPLETION);
				return;
			}
			body.begin(call);
			acquire(seen);
			breaking.apply(call);
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			client.readUntil("\"begun\"");
			seen.release();
			String received = client.readToEnd();
			assertThat(received).startsWith("HTTP/1.1 200 OK\r\n")
				.doesNotContain("\r\n" + LAST_CHUNK)
				.doesNotContain("[DONE]");
			body.verifyIncomplete(received);
		}
		awaitFigures(stand, new LaneFigures(0, 1, 0, 1, 1));
		assertThat(stand.second().requests()).isEmpty();
		assertThat(stand.chat().body()).isEqualTo(Bodies.COMPLETION);
		awaitFigures(stand, new LaneFigures(0, 2, 1, 1, 1));
	}

	static Stream<Arguments> aResponseThatBreaksOffIsBrokenForTheClientAndNothingIsLeftOpen() {
		return Stream.of(Body.values())
			.flatMap((body) -> Stream.of(Breaking.values()).map((breaking) -> Arguments.of(body, breaking)));
	}

	@ParameterizedTest
	@EnumSource
	void anIncompleteEventIsReplacedByAnErrorEvent(Breaking breaking) {
		Semaphore seen = new Semaphore(0);
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk("data: \"begun\"\n\n");
			call.write("10\r\ndata: {");
			acquire(seen);
			breaking.apply(call);
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			client.readUntil("data: \"begun\"\n\n");
			seen.release();
			String received = client.readToEnd();
			assertThat(received).contains("data: \"begun\"\n\n").doesNotContain("data: {\r\n");
			Body.EVENTS.verifyIncomplete(received);
		}
		awaitFigures(stand, new LaneFigures(0, 1, 0, 1, 1));
	}

	@ParameterizedTest
	@EnumSource
	void aBreakInALongEventAbortsWithoutAnErrorEvent(Breaking breaking) {
		Semaphore seen = new Semaphore(0);
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk("data: {}\n\n");
			call.chunk("data: {\"text\":\"" + "x".repeat(EventRelay.MAX_EVENT));
			acquire(seen);
			breaking.apply(call);
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			client.readUntil("xxxx");
			seen.release();
			assertThat(client.readToEnd()).endsWith("xxxx\r\n");
		}
		awaitFigures(stand, new LaneFigures(0, 1, 0, 1, 1));
	}

	@ParameterizedTest
	@EnumSource
	void aClientThatLeavesDuringAStreamClosesTheBackendsConnectionAndIsNotAFailure(Leaving leaving)
			throws InterruptedException {
		CountDownLatch closed = new CountDownLatch(1);
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk("data: {}\n\n");
			awaitEnd(call, closed);
		}, UNUSED);
		RawClient client = stream(stand);
		client.readUntil("data: {}\n\n");
		leaving.apply(client);
		assertThat(closed.await(1, TimeUnit.SECONDS)).isTrue();
		awaitFigures(stand, new LaneFigures(0, 1, 0, 0, 0));
		assertThat(stand.second().requests()).isEmpty();
	}

	@ParameterizedTest
	@EnumSource
	void aClientThatLeavesBeforeTheResponseClosesTheBackendsConnectionAndIsNotAFailure(Leaving leaving)
			throws InterruptedException {
		CountDownLatch called = new CountDownLatch(1);
		CountDownLatch closed = new CountDownLatch(1);
		Stand stand = stands.next((call) -> {
			called.countDown();
			awaitEnd(call, closed);
		}, UNUSED);
		RawClient client = stream(stand);
		assertThat(called.await(5, TimeUnit.SECONDS)).isTrue();
		leaving.apply(client);
		assertThat(closed.await(1, TimeUnit.SECONDS)).isTrue();
		awaitFigures(stand, new LaneFigures(0, 1, 0, 0, 0));
		assertThat(stand.second().requests()).isEmpty();
	}

	@Test
	void aClientThatLeavesDuringTheSecondAttemptClosesItsConnection() throws InterruptedException {
		CountDownLatch called = new CountDownLatch(1);
		CountDownLatch closed = new CountDownLatch(1);
		Stand stand = stands.next(responding("429 Too Many Requests", Bodies.AZURE_THROTTLED, "retry-after: 9"),
				(call) -> {
					called.countDown();
					awaitEnd(call, closed);
				});
		RawClient client = stream(stand);
		assertThat(called.await(5, TimeUnit.SECONDS)).isTrue();
		client.close();
		assertThat(closed.await(1, TimeUnit.SECONDS)).isTrue();
		awaitFigures(stand, new LaneFigures(0, 1, 0, 0, 0));
		await().untilAsserted(() -> assertThat(LaneFigures.of(stand.weir(), stand.secondName()))
			.isEqualTo(new LaneFigures(0, 1, 0, 0, 0)));
	}

	@Test
	void aSlowClientSlowsDownItsBackend() throws InterruptedException {
		long plenty = 256L * 1024 * 1024;
		AtomicLong written = new AtomicLong();
		CountDownLatch closed = new CountDownLatch(1);
		String event = "data: " + "x".repeat(64 * 1024) + "\n\n";
		Stand stand = stands.next((call) -> {
			try {
				call.beginEvents();
				while (written.addAndGet(event.length()) < plenty) {
					call.chunk(event);
				}
			}
			finally {
				closed.countDown();
			}
		}, UNUSED);
		try (RawClient client = RawClient.withReceiveBuffer(stand.weir(), 16 * 1024)) {
			client.post("/" + stand.name() + CHAT, Bodies.CHAT_STREAM);
			AtomicLong before = new AtomicLong(-1);
			await().pollInterval(Duration.ofMillis(300))
				.until(() -> written.get() > 0 && before.getAndSet(written.get()) == written.get());
			assertThat(written.get()).isLessThan(plenty / 4);
		}
		assertThat(closed.await(5, TimeUnit.SECONDS)).isTrue();
		awaitFigures(stand, new LaneFigures(0, 1, 0, 0, 0));
	}

	@Test
	void aClientThatPausesGetsTheRemainderWhenItReadsAgain() {
		AtomicLong written = new AtomicLong();
		String event = "data: " + "x".repeat(64 * 1024) + "\n\n";
		int events = 500;
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			for (int i = 0; i < events; i++) {
				call.chunk(event);
				written.incrementAndGet();
			}
			call.chunk("data: [DONE]\n\n");
			call.write(LAST_CHUNK);
		}, UNUSED);
		try (RawClient client = RawClient.withReceiveBuffer(stand.weir(), 16 * 1024)) {
			client.post("/" + stand.name() + CHAT, Bodies.CHAT_STREAM);
			AtomicLong before = new AtomicLong(-1);
			await().pollInterval(Duration.ofMillis(300))
				.until(() -> written.get() > 0 && before.getAndSet(written.get()) == written.get());
			assertThat(written.get()).isLessThan(events);
			assertThat(client.countToTheLastChunk()).isGreaterThan((long) events * event.length());
		}
		awaitFigures(stand, new LaneFigures(0, 1, 1, 0, 0));
	}

	private static RawClient stream(Stand stand) {
		return RawClient.of(stand.weir()).post("/" + stand.name() + CHAT, Bodies.CHAT_STREAM);
	}

	private static void awaitFigures(Stand stand, LaneFigures expected) {
		await().atMost(Duration.ofSeconds(5))
			.untilAsserted(() -> assertThat(LaneFigures.of(stand.weir(), stand.firstName())).isEqualTo(expected));
	}

	private static void acquire(Semaphore semaphore) throws IOException, InterruptedException {
		if (!semaphore.tryAcquire(5, TimeUnit.SECONDS)) {
			throw new IOException("The client did not see what was sent");
		}
	}

	private static void awaitEnd(RawBackend.Call call, CountDownLatch closed) throws IOException {
		try {
			call.awaitClose();
		}
		finally {
			closed.countDown();
		}
	}

	private static byte[] sound(int number) {
		return new byte[] { (byte) 0xFF, (byte) 0xFB, 0, (byte) 0x80, (byte) ('a' + number), (byte) 0xC3 };
	}

	private static void chunk(RawBackend.Call call, byte[] bytes) throws IOException {
		OutputStream out = call.socket().getOutputStream();
		out.write((Integer.toHexString(bytes.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
		out.write(bytes);
		out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
		out.flush();
	}

	/** How the body of a response is framed. */
	enum Body {

		EVENTS {

			@Override
			void begin(RawBackend.Call call) throws IOException {
				call.beginEvents();
				call.chunk("data: \"begun\"\n\n");
			}

			@Override
			void verifyIncomplete(String received) {
				assertThat(received).containsOnlyOnce("data: \"begun\"\n\n").endsWith("""
						data: {"error":{"message":"The backend's response broke off.","type":"server_error",\
						"param":null,"code":"stream_interrupted"}}

						\r
						""");
			}

		},

		JSON_OF_KNOWN_LENGTH {

			@Override
			void begin(RawBackend.Call call) throws IOException {
				call.write(
						"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"begun\"");
			}

			@Override
			void verifyIncomplete(String received) {
				assertThat(received).containsIgnoringCase("content-length: 1000\r\n")
					.endsWith("\r\n\r\n{\"begun\"")
					.doesNotContain("error");
			}

		},

		CHUNKED_JSON {

			@Override
			void begin(RawBackend.Call call) throws IOException {
				call.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n");
				call.chunk("{\"begun\"");
			}

			@Override
			void verifyIncomplete(String received) {
				assertThat(received).endsWith("{\"begun\"\r\n").doesNotContain("error");
			}

		};

		abstract void begin(RawBackend.Call call) throws IOException;

		abstract void verifyIncomplete(String received);

	}

	/** How a backend breaks off. */
	enum Breaking {

		RST, FIN;

		void apply(RawBackend.Call call) throws IOException {
			if (this == RST) {
				call.reset();
			}
			else {
				call.socket().close();
			}
		}

	}

	/** How a client leaves. */
	enum Leaving {

		FIN(RawClient::close), RST(RawClient::reset);

		private final Consumer<RawClient> action;

		Leaving(Consumer<RawClient> action) {
			this.action = action;
		}

		void apply(RawClient client) {
			this.action.accept(client);
		}

	}

}
