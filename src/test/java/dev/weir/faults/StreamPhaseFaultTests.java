package dev.weir.faults;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
 * The phases of a stream: when it has begun, which timeout applies, and when it is
 * complete.
 */
@ExtendWith(LeakCheck.class)
class StreamPhaseFaultTests {

	private static final Duration FIRST_EVENT = Duration.ofMillis(600);

	private static final Duration IDLE = Duration.ofMillis(600);

	private static final Duration RESPONSE = Duration.ofMillis(2800);

	private static final String LAST_CHUNK = "0\r\n\r\n";

	private static final String DONE = "data: [DONE]\n\n";

	private static final String ROLE = chat("{\"role\":\"assistant\",\"content\":\"\"}", "null");

	private static final String CONTENT = chat("{\"content\":\"hello\"}", "null");

	private static final String FINISH = chat("{}", "\"stop\"");

	private static final String CREATED = response("created", "\"response\":{\"id\":\"resp_1\"}");

	private static final String REASONING = response("output_item.added",
			"\"item\":{\"type\":\"reasoning\",\"summary\":[]}");

	private static final String DELTA = response("output_text.delta", "\"delta\":\"hello\"");

	private static final String COMPLETED = response("completed",
			"\"response\":{\"usage\":{\"input_tokens\":7,\"output_tokens\":5}}");

	private static final String FAILED = response("failed", "\"response\":{\"error\":{\"code\":\"server_error\"}}");

	private static final RawBackend.Script STREAMS = (call) -> {
		call.beginEvents();
		sendEvents(call);
	};

	private static final RawBackend.Script RESPONDS = (call) -> {
		call.beginEvents();
		call.chunk(CREATED);
		call.chunk(DELTA);
		call.chunk(COMPLETED);
		call.write(LAST_CHUNK);
	};

	private static final RawBackend.Script UNUSED = RawBackend.responding("418 Unexpected", "{}");

	private static Stands stands;

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(30,
				"first-event-timeout: 600ms, stream-idle-timeout: 600ms, response-timeout: 2800ms, deadline: 15s");
		// the first request loads classes and may take longer than these limits
		stands.next(STREAMS, STREAMS).chat();
	}

	@AfterAll
	static void stopWeir() throws InterruptedException {
		stands.close();
	}

	@Test
	void b33UsageOfZerosInTheFirstEventOfAResponseIsNotItsEnd() {
		String created = response("created", "\"response\":{\"usage\":{\"input_tokens\":0,\"output_tokens\":0}}");
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(created);
			pause(IDLE.plusMillis(1100));
			call.chunk(DELTA);
			call.chunk(COMPLETED);
			call.write(LAST_CHUNK);
		}, UNUSED);
		try (RawClient client = respond(stand)) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(created).contains(DELTA).contains(COMPLETED);
		}
		awaitFirst(stand, new LaneFigures(0, 1, 1, 0, 0));
	}

	@Test
	void b33AChatThatReportsUsageInEveryChunkIsCutWhereItBreaksOff() {
		String counted = CONTENT.replace("}]}", "}],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":1}}");
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(counted);
			call.chunk(counted);
			call.write(LAST_CHUNK);
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			assertInterrupted(client.readToEnd());
		}
		awaitFirst(stand, new LaneFigures(0, 1, 0, 1, 1));
	}

	@Test
	void b33AChatOfTwoChoicesIsCutWhereOneOfThemIsNotFinished() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CONTENT);
			call.chunk(CONTENT.replace("\"index\":0", "\"index\":1"));
			call.chunk(FINISH);
			call.write(LAST_CHUNK);
		}, UNUSED);
		try (RawClient client = stream(stand)) {
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
		try (RawClient client = stream(stand)) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(FINISH + event)
				.doesNotContain("error")
				.doesNotContain("half");
		}
		awaitFirst(stand, new LaneFigures(0, 1, 1, 0, 0));
	}

	@Test
	void b11AFinishedChatThatFallsSilentIsComplete() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CONTENT);
			call.chunk(FINISH);
			call.awaitClose();
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(FINISH).doesNotContain("error");
		}
		awaitFirst(stand, new LaneFigures(0, 1, 1, 0, 0));
	}

	@Test
	void b34AChatMayThinkAfterItsRoleLongerThanTheIdleTimeouts() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(ROLE);
			pause(IDLE.plusMillis(1300));
			sendEvents(call);
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			assertThat(client.readUntil(DONE + "\r\n" + LAST_CHUNK)).contains(ROLE).contains(CONTENT);
		}
		awaitFirst(stand, new LaneFigures(0, 1, 1, 0, 0));
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
			call.write(LAST_CHUNK);
		}, UNUSED);
		try (RawClient client = respond(stand)) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(REASONING).contains(DELTA).contains(COMPLETED);
		}
		awaitFirst(stand, new LaneFigures(0, 1, 1, 0, 0));
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
			call.write(LAST_CHUNK);
		}, UNUSED);
		try (RawClient client = respond(stand)) {
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
		try (RawClient client = respond(stand)) {
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
			call.write(LAST_CHUNK);
		}, RESPONDS);
		try (RawClient client = respond(stand)) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(DELTA)
				.containsOnlyOnce(CREATED)
				.doesNotContain("failed");
		}
		awaitFirst(stand, new LaneFigures(0, 1, 0, 1, 1));
	}

	@Test
	void b35AnErrorAfterAnEmptyDeltaGoesToTheNextLane() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(ROLE);
			call.chunk("data: {\"error\":{\"code\":\"server_error\"}}\n\n");
			call.write(LAST_CHUNK);
		}, STREAMS);
		try (RawClient client = stream(stand)) {
			assertThat(client.readUntil(DONE + "\r\n" + LAST_CHUNK)).doesNotContain("error").doesNotContain(ROLE);
		}
	}

	@Test
	void b35AnErrorAfterForwardedSignsOfLifeIsAnErrorEvent() {
		Semaphore seen = new Semaphore(0);
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CREATED);
			acquire(seen);
			call.chunk(FAILED);
			call.write(LAST_CHUNK);
		}, UNUSED);
		try (RawClient client = respond(stand)) {
			client.readUntil(CREATED);
			seen.release();
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(FAILED).doesNotContain("stream_interrupted");
		}
		awaitFirst(stand, new LaneFigures(0, 1, 0, 1, 1));
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
		try (RawClient client = stream(stand)) {
			assertThat(client.readUntil(DONE + "\r\n" + LAST_CHUNK)).startsWith("HTTP/1.1 200").contains(CONTENT);
		}
		await().untilAsserted(() -> assertThat(LaneFigures.of(stand.weir(), stand.secondName()))
			.isEqualTo(new LaneFigures(0, 1, 1, 0, 0)));
	}

	@Test
	void b36TheLastRemainingLaneFailsAtTheResponseTimeout() {
		Stand stand = stands.next((call) -> call.respond("429 Too Many Requests", "{}", "retry-after: 30"),
				RawBackend.Call::awaitClose);
		long begin = System.nanoTime();
		try (RawClient client = stream(stand)) {
			assertThat(client.readUntil("}}")).doesNotContain("HTTP/1.1 200");
		}
		assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThan(RESPONSE.minusMillis(100));
		await().untilAsserted(() -> assertThat(LaneFigures.of(stand.weir(), stand.secondName()))
			.isEqualTo(new LaneFigures(0, 1, 0, 1, 1)));
	}

	@Test
	void b37AnErrorOfAnySizeAfterSignsOfLifeOfAnySizeGoesToTheNextLane() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(large(CREATED));
			call.chunk(large(FAILED));
			call.write(LAST_CHUNK);
		}, RESPONDS);
		try (RawClient client = respond(stand)) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(DELTA)
				.containsOnlyOnce("\"response.created\"")
				.doesNotContain("failed");
		}
		awaitFirst(stand, new LaneFigures(0, 1, 0, 1, 1));
	}

	@Test
	void b37AnErrorOfAnySizeThatIsLateIsTheOnlyErrorOfItsStream() {
		Semaphore seen = new Semaphore(0);
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(large(CREATED));
			acquire(seen);
			call.chunk(large(FAILED));
			call.write(LAST_CHUNK);
		}, UNUSED);
		try (RawClient client = respond(stand)) {
			client.readUntil("xx\"}\n\n");
			seen.release();
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).containsOnlyOnce("\"response.failed\"")
				.doesNotContain("stream_interrupted");
		}
		awaitFirst(stand, new LaneFigures(0, 1, 0, 1, 1));
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
		try (RawClient client = respond(stand)) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains("xx\"}\n\n")
				.doesNotContain("stream_interrupted");
		}
		awaitFirst(stand, new LaneFigures(0, 1, 1, 0, 0));
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
		try (RawClient client = stream(stand)) {
			assertInterrupted(client.readToEnd());
		}
		assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(RESPONSE.minusSeconds(1));
		awaitFirst(stand, new LaneFigures(0, 1, 0, 1, 1));
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
		call.write(LAST_CHUNK);
	}

	/** The event with a large part of the request repeated in it. */
	private static String large(String event) {
		String instructions = "x".repeat(200 * 1024);
		return event.replace("\"response\":{", "\"response\":{\"instructions\":\"" + instructions + "\",")
			.replace("}\n\n", ",\"last\":\"xx\"}\n\n");
	}

	private static void awaitFirst(Stand stand, LaneFigures expected) {
		await().atMost(Duration.ofSeconds(5))
			.untilAsserted(() -> assertThat(LaneFigures.of(stand.weir(), stand.firstName())).isEqualTo(expected));
	}

	private static RawClient stream(Stand stand) {
		return RawClient.of(stand.weir()).post("/" + stand.name() + "/v1/chat/completions", Bodies.CHAT_STREAM);
	}

	private static RawClient respond(Stand stand) {
		return RawClient.of(stand.weir())
			.post("/" + stand.name() + "/v1/responses", "{\"model\":\"gpt-4o\",\"input\":\"hi\",\"stream\":true}");
	}

	private static String chat(String delta, String finish) {
		return "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,\"delta\":" + delta + ",\"finish_reason\":"
				+ finish + "}]}\n\n";
	}

	private static String response(String type, String more) {
		return "event: response." + type + "\ndata: {\"type\":\"response." + type + "\"," + more + "}\n\n";
	}

	private static void pause(Duration time) throws InterruptedException {
		TimeUnit.NANOSECONDS.sleep(time.toNanos());
	}

	private static void acquire(Semaphore semaphore) throws IOException, InterruptedException {
		if (!semaphore.tryAcquire(5, TimeUnit.SECONDS)) {
			throw new IOException("The client did not receive the data in time");
		}
	}

}
