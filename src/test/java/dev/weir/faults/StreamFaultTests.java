package dev.weir.faults;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
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
 * Responses that are late, fall silent, break off or contain malformed or contradictory
 * data.
 */
@ExtendWith(LeakCheck.class)
class StreamFaultTests {

	private static final String LAST_CHUNK = "0\r\n\r\n";

	private static final String CONTENT = chunk("{\"content\":\"hello\"}");

	private static final String FILTER = """
			data: {"choices":[],"prompt_filter_results":[{"prompt_index":0}]}

			""";

	private static final String CREATED = """
			event: response.created
			data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1"}}

			""";

	private static final String DELTA = """
			event: response.output_text.delta
			data: {"type":"response.output_text.delta","sequence_number":1,"delta":"hello"}

			""";

	private static final String CHAT_ERROR = """
			data: {"error":{"message":"The backend's response broke off.","type":"server_error","param":null,\
			"code":"stream_interrupted"}}

			""";

	private static final RawBackend.Script STREAMS = (call) -> {
		call.beginEvents();
		call.chunk(CONTENT);
		call.chunk("data: [DONE]\n\n");
		call.write(LAST_CHUNK);
	};

	private static final RawBackend.Script UNUSED = RawBackend.responding("418 Unexpected", "{}");

	private static Stands stands;

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(30,
				"first-event-timeout: 700ms, stream-idle-timeout: 700ms, response-timeout: 2s, deadline: 15s");
		// the first request loads classes and may take longer than these limits
		stands.next(STREAMS, STREAMS).chat();
	}

	@AfterAll
	static void stopWeir() throws InterruptedException {
		stands.close();
	}

	@Test
	void b05ASlowButSteadyStreamOutlivesEveryTimeout() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			for (int i = 0; i < 25; i++) {
				call.chunk(chunk("{\"content\":\"" + i + "\"}"));
				TimeUnit.MILLISECONDS.sleep(100);
			}
			call.chunk("data: [DONE]\n\n");
			call.write(LAST_CHUNK);
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			assertThat(client.readUntil("data: [DONE]\n\n\r\n" + LAST_CHUNK)).contains("\"content\":\"24\"");
		}
		awaitFirst(stand, new LaneFigures(0, 1, 1, 0, 0));
		assertThat(stand.second().requests()).isEmpty();
	}

	@Test
	void b05AStreamThatThinksAfterASignOfLifeOutlivesTheFirstEventAndIdleTimeouts() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(FILTER);
			TimeUnit.MILLISECONDS.sleep(1300);
			call.chunk(CONTENT);
			call.chunk("data: [DONE]\n\n");
			call.write(LAST_CHUNK);
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			assertThat(client.readUntil("data: [DONE]\n\n\r\n" + LAST_CHUNK)).contains(CONTENT);
		}
		awaitFirst(stand, new LaneFigures(0, 1, 1, 0, 0));
	}

	@ParameterizedTest
	@EnumSource
	void b07ABreakInMidStreamEndsWithAnErrorEventAndNeitherLastChunkNorDone(Breaking breaking) {
		Semaphore seen = new Semaphore(0);
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CONTENT);
			acquire(seen);
			breaking.apply(call);
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			client.readUntil(CONTENT);
			seen.release();
			assertThat(client.readToEnd()).endsWith(CHAT_ERROR + "\r\n")
				.doesNotContain("\r\n" + LAST_CHUNK)
				.doesNotContain("[DONE]");
		}
		awaitFirst(stand, new LaneFigures(0, 1, 0, 1, 1));
		assertThat(stand.second().requests()).isEmpty();
		assertHealthyAfterwards(stand);
	}

	@ParameterizedTest
	@ValueSource(strings = { "transfer-encoding: chunked", "connection: close" })
	void b07AStreamThatEndsIncompleteEndsWithAnErrorEventToo(String framing) {
		Stand stand = stands.next((call) -> {
			call.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n" + framing + "\r\n\r\n");
			if (framing.startsWith("transfer")) {
				call.chunk(CONTENT + "data: {\"half");
				call.write(LAST_CHUNK);
			}
			else {
				call.write(CONTENT + "data: {\"half");
				call.socket().close();
			}
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			assertThat(client.readToEnd()).contains(CONTENT).endsWith(CHAT_ERROR + "\r\n").doesNotContain("half");
		}
		awaitFirst(stand, new LaneFigures(0, 1, 0, 1, 1));
	}

	@ParameterizedTest
	@EnumSource
	void b11AStreamThatIsDoneIsCompleteHoweverItsConnectionEnds(Breaking breaking) {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CONTENT);
			call.chunk("data: [DONE]\n\n");
			breaking.apply(call);
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			assertThat(client.readUntil("data: [DONE]\n\n\r\n" + LAST_CHUNK)).contains(CONTENT);
		}
		awaitFirst(stand, new LaneFigures(0, 1, 1, 0, 0));
	}

	@Test
	void b11AStreamThatIsDoneButKeepsItsConnectionOpenIsEnded() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CONTENT);
			call.chunk("data: [DONE]\n\n");
			call.awaitClose();
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			client.readUntil("data: [DONE]\n\n\r\n" + LAST_CHUNK);
		}
		awaitFirst(stand, new LaneFigures(0, 1, 1, 0, 0));
	}

	@Test
	void b11AStreamWhoseLastChoiceIsFinishedIsComplete() {
		String last = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\": \"stop\"}]}\n\n";
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CONTENT);
			call.chunk(last);
			call.write(LAST_CHUNK);
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(last).doesNotContain("error");
		}
	}

	@Test
	void b07AnErrorThatTheBackendReportsInMidStreamIsItsFailure() {
		String error = "data: {\"error\":{\"message\":\"overloaded\",\"code\":\"500\"}}\n\n";
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CONTENT);
			call.chunk(error);
			call.reset();
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			assertThat(client.readToEnd()).contains(error).doesNotContain("stream_interrupted");
		}
		awaitFirst(stand, new LaneFigures(0, 1, 0, 1, 1));
	}

	@ParameterizedTest
	@ValueSource(strings = { "json", "application/json; charset=utf-99", "application/json, application/json" })
	void b12AResponseWithAMalformedContentTypeIsPassedOn(String type) {
		Stand stand = stands.next(RawBackend.responding("200 OK", Bodies.COMPLETION, "content-type: " + type), UNUSED);
		HttpResponse<String> response = stand.chat();
		assertThat(response.statusCode()).isEqualTo(200);
		assertThat(response.body()).isEqualTo(Bodies.COMPLETION);
	}

	@Test
	void b07AResponseThatBreaksOffEndsWithTheErrorEventOfItsOwnApi() {
		Semaphore seen = new Semaphore(0);
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CREATED);
			call.chunk(DELTA);
			acquire(seen);
			call.reset();
		}, UNUSED);
		try (RawClient client = respond(stand)) {
			client.readUntil(DELTA);
			seen.release();
			assertThat(client.readToEnd()).endsWith("""
					event: error
					data: {"type":"error","code":"stream_interrupted","message":"The backend's response broke off.",\
					"param":null,"sequence_number":2}

					\r
					""").doesNotContain("\r\n" + LAST_CHUNK);
		}
	}

	@ParameterizedTest
	@EnumSource
	void b08ABreakInAPlainBodyAbortsTheClientsConnection(Breaking breaking) {
		Semaphore seen = new Semaphore(0);
		Stand stand = stands.next((call) -> {
			call.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n");
			call.chunk("{\"begun\"");
			acquire(seen);
			breaking.apply(call);
		}, UNUSED);
		try (RawClient client = RawClient.of(stand.weir())
			.post("/" + stand.name() + "/v1/chat/completions", Bodies.CHAT)) {
			client.readUntil("{\"begun\"");
			seen.release();
			assertThat(client.readToEnd()).endsWith("{\"begun\"\r\n");
		}
		awaitFirst(stand, new LaneFigures(0, 1, 0, 1, 1));
		assertHealthyAfterwards(stand);
	}

	@Test
	void b09AStreamThatGoesSilentEndsWithAnErrorEventAndTheBackendsConnectionIsClosed() throws InterruptedException {
		CountDownLatch closed = new CountDownLatch(1);
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CONTENT);
			try {
				call.awaitClose();
			}
			finally {
				closed.countDown();
			}
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			assertThat(client.readToEnd()).contains(CONTENT).endsWith(CHAT_ERROR + "\r\n");
		}
		assertThat(closed.await(5, TimeUnit.SECONDS)).isTrue();
		awaitFirst(stand, new LaneFigures(0, 1, 0, 1, 1));
		assertHealthyAfterwards(stand);
	}

	@Test
	void b09APlainBodyThatGoesSilentAbortsTheClientsConnection() {
		Stand stand = stands.next((call) -> {
			call.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"begun\"");
			call.awaitClose();
		}, UNUSED);
		try (RawClient client = RawClient.of(stand.weir())
			.post("/" + stand.name() + "/v1/chat/completions", Bodies.CHAT)) {
			assertThat(client.readToEnd()).endsWith("\r\n\r\n{\"begun\"");
		}
		awaitFirst(stand, new LaneFigures(0, 1, 0, 1, 1));
	}

	@Test
	void b11AStreamThatIsCompleteWithoutDonePassesAndEndsAtOnceAndItsUsageIsCounted() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CONTENT);
			call.chunk("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":5}}\n\n");
			call.write(LAST_CHUNK);
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(CONTENT).doesNotContain("[DONE]");
		}
		awaitFirst(stand, new LaneFigures(0, 1, 1, 0, 0));
		assertTokens(stand, 7, 5);
	}

	@Test
	void b12AMalformedEventPassesUnchangedAndTheUsageAfterItIsCounted() {
		String malformed = "data: {\"choices\":[{\"delta\":{\"content\":\"half\n\n";
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CONTENT);
			call.chunk(malformed);
			call.chunk("nonsense\n\n");
			call.chunk("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":70,\"completion_tokens\":50}}\n\n");
			call.chunk("data: [DONE]\n\n");
			call.write(LAST_CHUNK);
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(CONTENT)
				.contains(malformed)
				.contains("nonsense\n\n")
				.contains("data: [DONE]\n\n");
		}
		awaitFirst(stand, new LaneFigures(0, 1, 1, 0, 0));
		assertTokens(stand, 70, 50);
	}

	private static void assertHealthyAfterwards(Stand stand) {
		stand.first().script(STREAMS);
		stand.second().script(STREAMS);
		try (RawClient client = stream(stand)) {
			client.readUntil("data: [DONE]\n\n\r\n" + LAST_CHUNK);
		}
	}

	private static void assertTokens(Stand stand, int input, int output) {
		await().untilAsserted(() -> {
			assertThat(tokens(stand, "input")).contains("{\"statistic\":\"TOTAL\",\"value\":" + input + ".0}");
			assertThat(tokens(stand, "output")).contains("{\"statistic\":\"TOTAL\",\"value\":" + output + ".0}");
		});
	}

	private static String tokens(Stand stand, String type) {
		return stand.weir()
			.get("/actuator/metrics/gen_ai.client.token.usage?tag=backend:" + stand.firstName()
					+ "&tag=gen_ai.token.type:" + type)
			.body();
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

	private static String chunk(String delta) {
		return "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,\"delta\":" + delta + "}]}\n\n";
	}

	private static void acquire(Semaphore semaphore) throws IOException, InterruptedException {
		if (!semaphore.tryAcquire(5, TimeUnit.SECONDS)) {
			throw new IOException("The client did not receive the data in time");
		}
	}

}
