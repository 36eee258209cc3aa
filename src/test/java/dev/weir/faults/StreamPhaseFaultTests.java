package dev.weir.faults;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.Signal;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;
import dev.weir.testing.StreamEvents;

import static dev.weir.testing.LaneFigures.FAILED_ONCE;
import static dev.weir.testing.LaneFigures.SERVED_ONCE;
import static dev.weir.testing.RawClient.LAST_CHUNK;
import static dev.weir.testing.Scripts.STREAMS;
import static dev.weir.testing.Scripts.UNUSED;
import static dev.weir.testing.Scripts.streaming;
import static dev.weir.testing.StreamEvents.COMPLETED;
import static dev.weir.testing.StreamEvents.CONTENT;
import static dev.weir.testing.StreamEvents.CREATED;
import static dev.weir.testing.StreamEvents.DELTA;
import static dev.weir.testing.StreamEvents.DONE;
import static dev.weir.testing.StreamEvents.FAILED;
import static dev.weir.testing.StreamEvents.FINISH;
import static dev.weir.testing.StreamEvents.REASONING;
import static dev.weir.testing.StreamEvents.ROLE;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * The phases of a stream: when it has begun, which timeout applies, and when it is
 * complete.
 */
class StreamPhaseFaultTests {

	private static final Duration FIRST_EVENT = Duration.ofMillis(600);

	private static final Duration IDLE = Duration.ofMillis(600);

	private static final Duration RESPONSE = Duration.ofMillis(2800);

	private static final RawBackend.Script RESPONDS = streaming(CREATED, DELTA, COMPLETED);

	private static Stands stands;

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(30,
				"first-event-timeout: 600ms, stream-idle-timeout: 600ms, response-timeout: 2800ms, deadline: 15s");
	}

	@AfterAll
	static void stopWeir() throws InterruptedException {
		stands.close();
	}

	@Test
	void b33UsageOfZerosInTheFirstEventOfAResponseIsNotItsEnd() {
		String created = StreamEvents.response("created",
				"\"response\":{\"usage\":{\"input_tokens\":0,\"output_tokens\":0}}");
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(created);
			pause(IDLE.plusMillis(1100));
			call.chunk(DELTA);
			call.chunk(COMPLETED);
			call.endChunks();
		}, UNUSED);
		try (RawClient client = stand.streamResponse()) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(created).contains(DELTA).contains(COMPLETED);
		}
		stand.awaitFirst(SERVED_ONCE);
	}

	@Test
	void b33AChatThatReportsUsageInEveryChunkIsCutWhereItBreaksOff() {
		String counted = CONTENT.replace("}]}", "}],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":1}}");
		Stand stand = stands.next(streaming(counted, counted), UNUSED);
		try (RawClient client = stand.stream()) {
			assertInterrupted(client.readToEnd());
		}
		stand.awaitFirst(FAILED_ONCE);
	}

	@Test
	void b33AChatOfTwoChoicesIsCutWhereOneOfThemIsNotFinished() {
		Stand stand = stands.next(streaming(CONTENT, CONTENT.replace("\"index\":0", "\"index\":1"), FINISH), UNUSED);
		try (RawClient client = stand.stream()) {
			assertInterrupted(client.readToEnd());
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "data: {\"unknown\":true}\n\n" })
	void b11ABreakAfterTheFinishReasonIsNoFailure(String event) {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CONTENT);
			call.chunk(FINISH + event + "data: {\"half");
			call.reset();
		}, UNUSED);
		try (RawClient client = stand.stream()) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(FINISH + event)
				.doesNotContain("error")
				.doesNotContain("half");
		}
		stand.awaitFirst(SERVED_ONCE);
	}

	@Test
	void b11AFinishedChatThatFallsSilentIsComplete() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CONTENT);
			call.chunk(FINISH);
			call.awaitClose();
		}, UNUSED);
		try (RawClient client = stand.stream()) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(FINISH).doesNotContain("error");
		}
		stand.awaitFirst(SERVED_ONCE);
	}

	@Test
	void b34AChatMayThinkAfterItsRoleLongerThanTheIdleTimeouts() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(ROLE);
			pause(IDLE.plusMillis(1300));
			sendEvents(call);
		}, UNUSED);
		try (RawClient client = stand.stream()) {
			assertThat(client.readUntil(DONE + "\r\n" + LAST_CHUNK)).contains(ROLE).contains(CONTENT);
		}
		stand.awaitFirst(SERVED_ONCE);
	}

	@ParameterizedTest
	@ValueSource(ints = { 0, 1200 })
	void b34AResponseMayThinkAfterAReasoningItem(int openedAfter) {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CREATED);
			pause(Duration.ofMillis(openedAfter));
			call.chunk(REASONING);
			pause(IDLE.plusMillis(500));
			call.chunk(DELTA);
			call.chunk(COMPLETED);
			call.endChunks();
		}, UNUSED);
		try (RawClient client = stand.streamResponse()) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(REASONING).contains(DELTA).contains(COMPLETED);
		}
		stand.awaitFirst(SERVED_ONCE);
	}

	@Test
	void b34AResponseMayThinkAgainAfterContent() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(DELTA);
			call.chunk(REASONING);
			pause(IDLE.plusMillis(500));
			call.chunk(DELTA);
			call.chunk(COMPLETED);
			call.endChunks();
		}, UNUSED);
		try (RawClient client = stand.streamResponse()) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(COMPLETED).doesNotContain("stream_interrupted");
		}
	}

	@Test
	void b34ThinkingEndsAtTheResponseTimeout() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CREATED);
			call.chunk(REASONING);
			call.awaitClose();
		}, UNUSED);
		long begin = System.nanoTime();
		try (RawClient client = stand.streamResponse()) {
			assertThat(client.readToEnd()).contains(REASONING).contains("stream_interrupted");
		}
		assertThat(Duration.ofNanos(System.nanoTime() - begin)).isBetween(RESPONSE.minusMillis(100),
				RESPONSE.plusSeconds(3));
	}

	@ParameterizedTest
	@ValueSource(ints = { 0, 500 })
	void b35AnErrorAfterSignsOfLifeGoesToTheNextLaneWhileTheyAreHeld(int after) {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CREATED);
			call.chunk(REASONING);
			pause(Duration.ofMillis(after));
			call.chunk(FAILED);
			call.endChunks();
		}, RESPONDS);
		try (RawClient client = stand.streamResponse()) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(DELTA)
				.containsOnlyOnce(CREATED)
				.doesNotContain("failed");
		}
		stand.awaitFirst(FAILED_ONCE);
	}

	@Test
	void b35AnErrorAfterAnEmptyDeltaGoesToTheNextLane() {
		Stand stand = stands.next(streaming(ROLE, "data: {\"error\":{\"code\":\"server_error\"}}\n\n"), STREAMS);
		try (RawClient client = stand.stream()) {
			assertThat(client.readUntil(DONE + "\r\n" + LAST_CHUNK)).doesNotContain("error").doesNotContain(ROLE);
		}
	}

	@Test
	void b35AnErrorAfterForwardedSignsOfLifeIsAnErrorEvent() {
		Signal seen = new Signal();
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CREATED);
			seen.await();
			call.chunk(FAILED);
			call.endChunks();
		}, UNUSED);
		try (RawClient client = stand.streamResponse()) {
			client.readUntil(CREATED);
			seen.send();
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(FAILED).doesNotContain("stream_interrupted");
		}
		stand.awaitFirst(FAILED_ONCE);
		assertThat(stand.second().requests()).isEmpty();
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void b36TheLastRemainingLaneHasUntilTheResponseTimeout(boolean headAtOnce) {
		Stand stand = stands.next((call) -> call.respond("429 Too Many Requests", "{}", "retry-after: 30"), (call) -> {
			if (headAtOnce) {
				call.beginEvents();
				pause(FIRST_EVENT.plusMillis(500));
				sendEvents(call);
			}
			else {
				pause(FIRST_EVENT.plusMillis(500));
				STREAMS.run(call);
			}
		});
		try (RawClient client = stand.stream()) {
			assertThat(client.readUntil(DONE + "\r\n" + LAST_CHUNK)).startsWith("HTTP/1.1 200").contains(CONTENT);
		}
		stand.awaitSecond(SERVED_ONCE);
	}

	@Test
	void b36TheLastRemainingLaneFailsAtTheResponseTimeout() {
		Stand stand = stands.next((call) -> call.respond("429 Too Many Requests", "{}", "retry-after: 30"),
				RawBackend.Call::awaitClose);
		long begin = System.nanoTime();
		try (RawClient client = stand.stream()) {
			assertThat(client.readUntil("}}")).doesNotContain("HTTP/1.1 200");
		}
		assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThan(RESPONSE.minusMillis(100));
		stand.awaitSecond(FAILED_ONCE);
	}

	@Test
	void b37AnErrorOfAnySizeAfterSignsOfLifeOfAnySizeGoesToTheNextLane() {
		Stand stand = stands.next(streaming(large(CREATED), large(FAILED)), RESPONDS);
		try (RawClient client = stand.streamResponse()) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(DELTA)
				.containsOnlyOnce("\"response.created\"")
				.doesNotContain("failed");
		}
		stand.awaitFirst(FAILED_ONCE);
	}

	@Test
	void b37AnErrorOfAnySizeThatIsLateIsTheOnlyErrorOfItsStream() {
		Signal seen = new Signal();
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(large(CREATED));
			seen.await();
			call.chunk(large(FAILED));
			call.endChunks();
		}, UNUSED);
		try (RawClient client = stand.streamResponse()) {
			client.readUntil("xx\"}\n\n");
			seen.send();
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).containsOnlyOnce("\"response.failed\"")
				.doesNotContain("stream_interrupted");
		}
		stand.awaitFirst(FAILED_ONCE);
	}

	@Test
	void b37ALastEventOfAnySizeEndsItsResponse() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CREATED);
			call.chunk(DELTA);
			call.chunk(large(COMPLETED));
			call.awaitClose();
		}, UNUSED);
		try (RawClient client = stand.streamResponse()) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains("xx\"}\n\n")
				.doesNotContain("stream_interrupted");
		}
		stand.awaitFirst(SERVED_ONCE);
	}

	@Test
	void b42SilenceAfterTheFirstContentEndsAtTheIdleTimeout() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(ROLE);
			call.chunk(CONTENT);
			call.awaitClose();
		}, UNUSED);
		long begin = System.nanoTime();
		try (RawClient client = stand.stream()) {
			assertInterrupted(client.readToEnd());
		}
		assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(RESPONSE.minusSeconds(1));
		stand.awaitFirst(FAILED_ONCE);
	}

	private static void assertInterrupted(String reply) {
		assertThat(reply).contains("hello")
			.contains("\"code\":\"stream_interrupted\"")
			.doesNotContain("\r\n" + LAST_CHUNK)
			.doesNotContain("[DONE]");
	}

	/** All events of a complete stream, after the head. */
	private static void sendEvents(RawBackend.Call call) throws IOException {
		call.chunk(CONTENT);
		call.chunk(FINISH);
		call.chunk(DONE);
		call.endChunks();
	}

	/** The event with a large part of the request repeated in it. */
	private static String large(String event) {
		String instructions = "x".repeat(200 * 1024);
		return event.replace("\"response\":{", "\"response\":{\"instructions\":\"" + instructions + "\",")
			.replace("}\n\n", ",\"last\":\"xx\"}\n\n");
	}

	private static void pause(Duration time) throws InterruptedException {
		TimeUnit.NANOSECONDS.sleep(time.toNanos());
	}

}
