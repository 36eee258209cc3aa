package dev.weir.failover;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.Breaking;
import dev.weir.testing.LaneFigures;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.Signal;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;
import dev.weir.reply.EventRelay;

import static dev.weir.testing.LaneFigures.FAILED_ONCE;
import static dev.weir.testing.RawClient.LAST_CHUNK;
import static dev.weir.testing.Scripts.UNUSED;
import static dev.weir.testing.StreamEvents.CHAT_INTERRUPTED;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Responses that break off while they are relayed.
 */
class BrokenResponseTests {

	private static Stands stands;

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(12);
	}

	@AfterAll
	static void stopWeir() throws InterruptedException {
		stands.close();
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
				assertThat(received).containsOnlyOnce("data: \"begun\"\n\n").endsWith(CHAT_INTERRUPTED + "\r\n");
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

}
