package dev.weir.failover;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
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
import dev.weir.testing.Signal;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;
import dev.weir.reply.EventRelay;

import static dev.weir.testing.LaneFigures.FAILED_ONCE;
import static dev.weir.testing.LaneFigures.NEITHER_ONCE;
import static dev.weir.testing.LaneFigures.SERVED_ONCE;
import static dev.weir.testing.RawClient.LAST_CHUNK;
import static dev.weir.testing.Scripts.UNUSED;
import static dev.weir.testing.Scripts.streaming;
import static dev.weir.testing.Scripts.throttling;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Streams on real sockets: what is relayed and when, and what is left after a break of
 * the backend or the client.
 */
@ExtendWith(LeakCheck.class)
class StreamingTests {

	private static final String CHAT = "/v1/chat/completions";

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
		Signal seen = new Signal();
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			for (int i = 0; i < 20; i++) {
				call.chunk("data: {\"n\":" + i + "}\n\n");
				seen.await();
			}
			call.chunk("data: [DONE]\n\n");
			call.endChunks();
		}, UNUSED);
		try (RawClient client = stand.stream()) {
			for (int i = 0; i < 20; i++) {
				client.readUntil("data: {\"n\":" + i + "}\n\n");
				seen.send();
			}
			assertThat(client.readUntil(LAST_CHUNK)).contains("data: [DONE]\n\n");
		}
		stand.awaitFirst(SERVED_ONCE);
	}

	@Test
	void manyConcurrentStreamsArriveCompletely() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			for (int i = 0; i < 200; i++) {
				call.chunk("data: {\"n\":" + i + "}\n\n");
			}
			call.chunk("data: [DONE]\n\n");
			call.endChunks();
		}, UNUSED);
		ExecutorService callers = Executors.newFixedThreadPool(20);
		try {
			List<CompletableFuture<String>> calls = IntStream.range(0, 200)
				.mapToObj((i) -> CompletableFuture.supplyAsync(() -> {
					try (RawClient client = stand.stream()) {
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
		stand.awaitFirst(new LaneFigures(0, 200, 200, 0, 0));
	}

	@Test
	void anEventInPiecesIsRelayedWhenItIsComplete() {
		Stand stand = stands.next(streaming("data: {\"text\":\"one", " two\"}\n", "\ndata: [DONE]\n\n"), UNUSED);
		try (RawClient client = stand.stream()) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains("\r\ndata: {\"text\":\"one two\"}\n\n");
		}
	}

	@Test
	void anEventThatIsTooLongIsRelayedInPieces() {
		Signal seen = new Signal();
		String half = "x".repeat(EventRelay.MAX_EVENT);
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk("data: {}\n\n");
			call.chunk("data: {\"text\":\"" + half);
			seen.await();
			call.chunk("the end\"}\n\ndata: [DONE]\n\n");
			call.endChunks();
		}, UNUSED);
		try (RawClient client = stand.stream()) {
			client.readUntil("xxxx");
			seen.send();
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains("the end\"}\n\n");
		}
	}

	@Test
	void chunkedAudioIsRelayedPromptlyAndByteForByte() {
		Signal seen = new Signal();
		Stand stand = stands.next((call) -> {
			call.write("HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ntransfer-encoding: chunked\r\n\r\n");
			for (int i = 0; i < 10; i++) {
				chunk(call, sound(i));
				seen.await();
			}
			call.endChunks();
		}, UNUSED);
		try (RawClient client = RawClient.of(stand.weir())) {
			client.post("/" + stand.name() + "/v1/audio/speech",
					"{\"model\":\"tts-1\",\"input\":\"hi\",\"voice\":\"alloy\"}");
			for (int i = 0; i < 10; i++) {
				client.readUntil(new String(sound(i), StandardCharsets.ISO_8859_1));
				seen.send();
			}
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).containsIgnoringCase("content-type: audio/mpeg\r\n");
		}
	}

	@Test
	void aCompleteStreamWithoutDoneIsRelayed() {
		Stand stand = stands.next(streaming("event: response.completed\ndata: {\"type\":\"response.completed\"}\n\n"),
				UNUSED);
		try (RawClient client = RawClient.of(stand.weir())) {
			client.post("/" + stand.name() + "/v1/responses",
					"{\"model\":\"gpt-4o\",\"input\":\"hi\",\"stream\":true}");
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains("response.completed").doesNotContain("[DONE]");
			stand.awaitFirst(SERVED_ONCE);
			client.post("/" + stand.name() + "/v1/responses", "{\"model\":\"gpt-4o\",\"input\":\"hi\"}");
			await().until(() -> stand.first().requests().size() == 2);
		}
	}

	@ParameterizedTest
	@MethodSource
	void aResponseThatBreaksOffIsBrokenForTheClientAndNothingIsLeftOpen(Body body, Breaking breaking) {
		AtomicInteger calls = new AtomicInteger();
		Signal seen = new Signal();
		Stand stand = stands.next((call) -> {
			if (calls.getAndIncrement() > 0) {
				call.respond("200 OK", Bodies.COMPLETION);
				return;
			}
			body.begin(call);
			seen.await();
			breaking.apply(call);
		}, UNUSED);
		try (RawClient client = stand.stream()) {
			client.readUntil("\"begun\"");
			seen.send();
			String received = client.readToEnd();
			assertThat(received).startsWith("HTTP/1.1 200 OK\r\n")
				.doesNotContain("\r\n" + LAST_CHUNK)
				.doesNotContain("[DONE]");
			body.verifyIncomplete(received);
		}
		stand.awaitFirst(FAILED_ONCE);
		assertThat(stand.second().requests()).isEmpty();
		assertThat(stand.chat().body()).isEqualTo(Bodies.COMPLETION);
		stand.awaitFirst(new LaneFigures(0, 2, 1, 1, 1));
	}

	static Stream<Arguments> aResponseThatBreaksOffIsBrokenForTheClientAndNothingIsLeftOpen() {
		return Stream.of(Body.values())
			.flatMap((body) -> Stream.of(Breaking.values()).map((breaking) -> Arguments.of(body, breaking)));
	}

	@ParameterizedTest
	@EnumSource
	void anIncompleteEventIsReplacedByAnErrorEvent(Breaking breaking) {
		Signal seen = new Signal();
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk("data: \"begun\"\n\n");
			call.write("10\r\ndata: {");
			seen.await();
			breaking.apply(call);
		}, UNUSED);
		try (RawClient client = stand.stream()) {
			client.readUntil("data: \"begun\"\n\n");
			seen.send();
			String received = client.readToEnd();
			assertThat(received).contains("data: \"begun\"\n\n").doesNotContain("data: {\r\n");
			Body.EVENTS.verifyIncomplete(received);
		}
		stand.awaitFirst(FAILED_ONCE);
	}

	@ParameterizedTest
	@EnumSource
	void aBreakInALongEventAbortsWithoutAnErrorEvent(Breaking breaking) {
		Signal seen = new Signal();
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk("data: {}\n\n");
			call.chunk("data: {\"text\":\"" + "x".repeat(EventRelay.MAX_EVENT));
			seen.await();
			breaking.apply(call);
		}, UNUSED);
		try (RawClient client = stand.stream()) {
			client.readUntil("xxxx");
			seen.send();
			assertThat(client.readToEnd()).endsWith("xxxx\r\n");
		}
		stand.awaitFirst(FAILED_ONCE);
	}

	@ParameterizedTest
	@EnumSource
	void aClientThatLeavesDuringAStreamClosesTheBackendsConnectionAndIsNotAFailure(Leaving leaving)
			throws InterruptedException {
		Signal closed = new Signal();
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk("data: {}\n\n");
			awaitEnd(call, closed);
		}, UNUSED);
		RawClient client = stand.stream();
		client.readUntil("data: {}\n\n");
		leaving.apply(client);
		closed.await(Duration.ofSeconds(1));
		stand.awaitFirst(NEITHER_ONCE);
		assertThat(stand.second().requests()).isEmpty();
	}

	@ParameterizedTest
	@EnumSource
	void aClientThatLeavesBeforeTheResponseClosesTheBackendsConnectionAndIsNotAFailure(Leaving leaving)
			throws InterruptedException {
		Signal called = new Signal();
		Signal closed = new Signal();
		Stand stand = stands.next((call) -> {
			called.send();
			awaitEnd(call, closed);
		}, UNUSED);
		RawClient client = stand.stream();
		called.await();
		leaving.apply(client);
		closed.await(Duration.ofSeconds(1));
		stand.awaitFirst(NEITHER_ONCE);
		assertThat(stand.second().requests()).isEmpty();
	}

	@Test
	void aClientThatLeavesDuringTheSecondAttemptClosesItsConnection() throws InterruptedException {
		Signal called = new Signal();
		Signal closed = new Signal();
		Stand stand = stands.next(throttling("retry-after: 9"), (call) -> {
			called.send();
			awaitEnd(call, closed);
		});
		RawClient client = stand.stream();
		called.await();
		client.close();
		closed.await(Duration.ofSeconds(1));
		stand.awaitFirst(NEITHER_ONCE);
		stand.awaitSecond(NEITHER_ONCE);
	}

	@Test
	void aSlowClientSlowsDownItsBackend() throws InterruptedException {
		long plenty = 256L * 1024 * 1024;
		AtomicLong written = new AtomicLong();
		Signal closed = new Signal();
		String event = "data: " + "x".repeat(64 * 1024) + "\n\n";
		Stand stand = stands.next((call) -> {
			try {
				call.beginEvents();
				while (written.addAndGet(event.length()) < plenty) {
					call.chunk(event);
				}
			}
			finally {
				closed.send();
			}
		}, UNUSED);
		try (RawClient client = RawClient.withReceiveBuffer(stand.weir(), 16 * 1024)) {
			client.post("/" + stand.name() + CHAT, Bodies.CHAT_STREAM);
			AtomicLong before = new AtomicLong(-1);
			await().pollInterval(Duration.ofMillis(300))
				.until(() -> written.get() > 0 && before.getAndSet(written.get()) == written.get());
			assertThat(written.get()).isLessThan(plenty / 4);
		}
		closed.await();
		stand.awaitFirst(NEITHER_ONCE);
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
			call.endChunks();
		}, UNUSED);
		try (RawClient client = RawClient.withReceiveBuffer(stand.weir(), 16 * 1024)) {
			client.post("/" + stand.name() + CHAT, Bodies.CHAT_STREAM);
			AtomicLong before = new AtomicLong(-1);
			await().pollInterval(Duration.ofMillis(300))
				.until(() -> written.get() > 0 && before.getAndSet(written.get()) == written.get());
			assertThat(written.get()).isLessThan(events);
			assertThat(client.countToTheLastChunk()).isGreaterThan((long) events * event.length());
		}
		stand.awaitFirst(SERVED_ONCE);
	}

	private static void awaitEnd(RawBackend.Call call, Signal closed) throws IOException {
		call.awaitClose(closed);
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
