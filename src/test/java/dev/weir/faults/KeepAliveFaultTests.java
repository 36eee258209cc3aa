package dev.weir.faults;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.Test;

import dev.weir.testing.Bodies;
import dev.weir.testing.LaneFigures;
import dev.weir.testing.LeakCheck;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Comments that keep a silent stream alive, within it and before it has begun.
 */
@ExtendWith(LeakCheck.class)
class KeepAliveFaultTests {

	private static final String LAST_CHUNK = "0\r\n\r\n";

	private static final String COMMENT = ": keep-alive\n\n";

	private static final String CONTENT = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"}}]}\n\n";

	private static final String DONE = "data: [DONE]\n\n";

	private static final RawBackend.Script STREAMS = (call) -> {
		call.beginEvents();
		call.chunk(CONTENT);
		call.chunk(DONE);
		call.write(LAST_CHUNK);
	};

	private static final RawBackend.Script UNUSED = RawBackend.responding("418 Unexpected", "{}");

	private static Stands stands;

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(12, "keep-alive: 200ms, keep-alive-delay: 600ms, response-timeout: 5s");
		stands.next(STREAMS, STREAMS).chat();
	}

	@AfterAll
	static void stopWeir() throws InterruptedException {
		stands.close();
	}

	@Test
	void aSilentStreamGetsCommentsBetweenItsEventsOnly() {
		CountDownLatch seen = new CountDownLatch(1);
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CONTENT);
			call.chunk("data: {\"choices\":[{\"index\":0,\"delta\":{\"con");
			seen.await(5, TimeUnit.SECONDS);
			call.chunk("tent\":\"world\"}}]}\n\n");
			call.chunk(DONE);
			call.write(LAST_CHUNK);
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			client.readUntil(COMMENT + "\r\n");
			seen.countDown();
			assertThat(client.readUntil(DONE + "\r\n" + LAST_CHUNK)).contains(CONTENT)
				.contains("\r\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"world\"}}]}\n\n");
		}
	}

	@Test
	void aPartOfAnOverlongEventIsNotFollowedByAComment() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CONTENT);
			call.chunk("data: {\"x\":\"" + "x".repeat(100 * 1024));
			TimeUnit.MILLISECONDS.sleep(700);
			call.chunk("\"}\n\n" + DONE);
			call.write(LAST_CHUNK);
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			String reply = client.readUntil(DONE + "\r\n" + LAST_CHUNK);
			assertThat(reply.substring(reply.indexOf("{\"x\""))).doesNotContain(COMMENT);
		}
	}

	@Test
	void aReplyThatHasNotBegunIsBegunByACommentAfterTheDelay() {
		CountDownLatch seen = new CountDownLatch(1);
		Stand stand = stands.next((call) -> {
			seen.await(5, TimeUnit.SECONDS);
			STREAMS.run(call);
		}, UNUSED);
		long begin = System.nanoTime();
		try (RawClient client = stream(stand)) {
			assertThat(client.readUntil(COMMENT)).startsWith("HTTP/1.1 200 OK\r\n")
				.containsIgnoringCase("content-type: text/event-stream\r\n")
				.containsIgnoringCase("x-accel-buffering: no\r\n");
			assertThat(System.nanoTime() - begin).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(590));
			seen.countDown();
			assertThat(client.readUntil(DONE + "\r\n" + LAST_CHUNK)).contains(CONTENT);
		}
		await().untilAsserted(() -> assertThat(LaneFigures.of(stand.weir(), stand.firstName()))
			.isEqualTo(new LaneFigures(0, 1, 1, 0, 0)));
	}

	@Test
	void afterAnEarlyReplyOtherLanesAreStillTried() {
		CountDownLatch seen = new CountDownLatch(1);
		Stand stand = stands.next((call) -> {
			seen.await(5, TimeUnit.SECONDS);
			call.respond("500 Internal Server Error", "{}");
		}, STREAMS);
		try (RawClient client = stream(stand)) {
			client.readUntil(COMMENT);
			seen.countDown();
			assertThat(client.readUntil(DONE + "\r\n" + LAST_CHUNK)).contains(CONTENT).doesNotContain("error");
		}
	}

	@Test
	void aFailureAfterAnEarlyReplyIsAnErrorEvent() {
		CountDownLatch seen = new CountDownLatch(1);
		Stand stand = stands.next((call) -> {
			seen.await(5, TimeUnit.SECONDS);
			call.respond("400 Bad Request", "{\"error\":{\"code\":\"content_filter\",\"message\":\"no\"}}");
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			client.readUntil(COMMENT);
			seen.countDown();
			assertThat(client.readToEnd()).contains("\ndata: {\"error\":{")
				.contains("\"code\":\"content_filter\"")
				.doesNotContain("\r\n" + LAST_CHUNK);
		}
	}

	@Test
	void aClientThatLeavesAnEarlyReplyEndsTheAttempt() throws InterruptedException {
		CountDownLatch closed = new CountDownLatch(1);
		Stand stand = stands.next((call) -> {
			try {
				call.awaitClose();
			}
			finally {
				closed.countDown();
			}
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			client.readUntil(COMMENT);
		}
		assertThat(closed.await(5, TimeUnit.SECONDS)).isTrue();
		await().untilAsserted(() -> assertThat(LaneFigures.of(stand.weir(), stand.firstName()))
			.isEqualTo(new LaneFigures(0, 1, 0, 0, 0)));
	}

	@Test
	void aReplyThatBeginsInTimeHasItsBackendsHead() {
		Stand stand = stands.next((call) -> {
			call.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-accel-buffering: yes\r\n"
					+ "openai-version: 1\r\ntransfer-encoding: chunked\r\n\r\n");
			call.chunk(CONTENT + DONE);
			call.write(LAST_CHUNK);
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			assertThat(client.readUntil(LAST_CHUNK)).containsIgnoringCase("openai-version: 1\r\n")
				.containsIgnoringCase("x-accel-buffering: yes\r\n")
				.containsIgnoringCase("cache-control: no-cache\r\n")
				.containsIgnoringCase("x-weir-backend: " + stand.firstName() + "\r\n");
		}
	}

	@Test
	void aRefusalThatComesInTimeKeepsItsStatus() {
		Stand stand = stands.next(RawBackend.responding("400 Bad Request", "{\"error\":{\"code\":\"content_filter\"}}"),
				UNUSED);
		try (RawClient client = stream(stand)) {
			assertThat(client.readUntil("}}")).startsWith("HTTP/1.1 400 ");
		}
	}

	private static RawClient stream(Stand stand) {
		return RawClient.of(stand.weir()).post("/" + stand.name() + "/v1/chat/completions", Bodies.CHAT_STREAM);
	}

}
