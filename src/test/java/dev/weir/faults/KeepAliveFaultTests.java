package dev.weir.faults;

import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import dev.weir.testing.RawClient;
import dev.weir.testing.Signal;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;

import static dev.weir.testing.LaneFigures.NEITHER_ONCE;
import static dev.weir.testing.LaneFigures.SERVED_ONCE;
import static dev.weir.testing.RawClient.LAST_CHUNK;
import static dev.weir.testing.Scripts.STREAMS;
import static dev.weir.testing.Scripts.UNUSED;
import static dev.weir.testing.Scripts.responding;
import static dev.weir.testing.StreamEvents.CONTENT;
import static dev.weir.testing.StreamEvents.DONE;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Comments that keep a silent stream alive, within it and before it has begun.
 */
class KeepAliveFaultTests {

	private static final String COMMENT = ": keep-alive\n\n";

	private static Stands stands;

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(12, "keep-alive: 200ms, keep-alive-delay: 600ms, response-timeout: 5s");
	}

	@AfterAll
	static void stopWeir() throws InterruptedException {
		stands.close();
	}

	@Test
	void aSilentStreamGetsCommentsBetweenItsEventsOnly() {
		Signal seen = new Signal();
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CONTENT);
			call.chunk("data: {\"choices\":[{\"index\":0,\"delta\":{\"con");
			seen.await();
			call.chunk("tent\":\"world\"}}]}\n\n");
			call.chunk(DONE);
			call.endChunks();
		}, UNUSED);
		try (RawClient client = stand.stream()) {
			client.readUntil(COMMENT + "\r\n");
			seen.send();
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
			call.endChunks();
		}, UNUSED);
		try (RawClient client = stand.stream()) {
			String reply = client.readUntil(DONE + "\r\n" + LAST_CHUNK);
			assertThat(reply.substring(reply.indexOf("{\"x\""))).doesNotContain(COMMENT);
		}
	}

	@Test
	void aReplyThatHasNotBegunIsBegunByACommentAfterTheDelay() {
		Signal seen = new Signal();
		Stand stand = stands.next((call) -> {
			seen.await();
			STREAMS.run(call);
		}, UNUSED);
		long begin = System.nanoTime();
		try (RawClient client = stand.stream()) {
			assertThat(client.readUntil(COMMENT)).startsWith("HTTP/1.1 200 OK\r\n")
				.containsIgnoringCase("content-type: text/event-stream\r\n")
				.containsIgnoringCase("x-accel-buffering: no\r\n");
			assertThat(System.nanoTime() - begin).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(590));
			seen.send();
			assertThat(client.readUntil(DONE + "\r\n" + LAST_CHUNK)).contains(CONTENT);
		}
		stand.awaitFirst(SERVED_ONCE);
	}

	@Test
	void afterAnEarlyReplyOtherLanesAreStillTried() {
		Signal seen = new Signal();
		Stand stand = stands.next((call) -> {
			seen.await();
			call.respond("500 Internal Server Error", "{}");
		}, STREAMS);
		try (RawClient client = stand.stream()) {
			client.readUntil(COMMENT);
			seen.send();
			assertThat(client.readUntil(DONE + "\r\n" + LAST_CHUNK)).contains(CONTENT).doesNotContain("error");
		}
	}

	@Test
	void aFailureAfterAnEarlyReplyIsAnErrorEvent() {
		Signal seen = new Signal();
		Stand stand = stands.next((call) -> {
			seen.await();
			call.respond("400 Bad Request", "{\"error\":{\"code\":\"content_filter\",\"message\":\"no\"}}");
		}, UNUSED);
		try (RawClient client = stand.stream()) {
			client.readUntil(COMMENT);
			seen.send();
			assertThat(client.readToEnd()).contains("\ndata: {\"error\":{")
				.contains("\"code\":\"content_filter\"")
				.doesNotContain("\r\n" + LAST_CHUNK);
		}
	}

	@Test
	void aClientThatLeavesAnEarlyReplyEndsTheAttempt() throws InterruptedException {
		Signal closed = new Signal();
		Stand stand = stands.next((call) -> {
			call.awaitClose(closed);
		}, UNUSED);
		try (RawClient client = stand.stream()) {
			client.readUntil(COMMENT);
		}
		closed.await();
		stand.awaitFirst(NEITHER_ONCE);
	}

	@Test
	void aReplyThatBeginsInTimeHasItsBackendsHead() {
		Stand stand = stands.next((call) -> {
			call.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-accel-buffering: yes\r\n"
					+ "openai-version: 1\r\ntransfer-encoding: chunked\r\n\r\n");
			call.chunk(CONTENT + DONE);
			call.endChunks();
		}, UNUSED);
		try (RawClient client = stand.stream()) {
			assertThat(client.readUntil(LAST_CHUNK)).containsIgnoringCase("openai-version: 1\r\n")
				.containsIgnoringCase("x-accel-buffering: yes\r\n")
				.containsIgnoringCase("cache-control: no-cache\r\n")
				.containsIgnoringCase("x-weir-backend: " + stand.firstName() + "\r\n");
		}
	}

	@Test
	void aRefusalThatComesInTimeKeepsItsStatus() {
		Stand stand = stands.next(responding("400 Bad Request", "{\"error\":{\"code\":\"content_filter\"}}"), UNUSED);
		try (RawClient client = stand.stream()) {
			assertThat(client.readUntil("}}")).startsWith("HTTP/1.1 400 ");
		}
	}

}
