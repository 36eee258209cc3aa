package dev.weir.failover;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import dev.weir.testing.Bodies;
import dev.weir.testing.LaneFigures;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.Signal;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;
import dev.weir.reply.EventRelay;

import static dev.weir.testing.LaneFigures.NEITHER_ONCE;
import static dev.weir.testing.LaneFigures.SERVED_ONCE;
import static dev.weir.testing.RawClient.LAST_CHUNK;
import static dev.weir.testing.Scripts.UNUSED;
import static dev.weir.testing.Scripts.streaming;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Streams on real sockets: their parts are relayed at once, and no faster than the client
 * reads.
 */
class StreamingTests {

	private static final String CHAT = "/v1/chat/completions";

	private static Stands stands;

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(8);
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

}
