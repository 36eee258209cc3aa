package dev.weir.faults;

import java.net.http.HttpResponse;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.Breaking;
import dev.weir.testing.RawClient;
import dev.weir.testing.Signal;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;
import dev.weir.testing.StreamEvents;

import static dev.weir.testing.LaneFigures.FAILED_ONCE;
import static dev.weir.testing.LaneFigures.SERVED_ONCE;
import static dev.weir.testing.RawClient.LAST_CHUNK;
import static dev.weir.testing.Scripts.UNUSED;
import static dev.weir.testing.Scripts.responding;
import static dev.weir.testing.Scripts.streaming;
import static dev.weir.testing.StreamEvents.CHAT_INTERRUPTED;
import static dev.weir.testing.StreamEvents.CONTENT;
import static dev.weir.testing.StreamEvents.CREATED;
import static dev.weir.testing.StreamEvents.DELTA;
import static dev.weir.testing.StreamEvents.DONE;
import static dev.weir.testing.StreamEvents.FILTER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Responses that are late, fall silent, break off or contain malformed or contradictory
 * data.
 */
class StreamFaultTests {

	private static Stands stands;

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(30,
				"first-event-timeout: 700ms, stream-idle-timeout: 700ms, response-timeout: 2s, deadline: 15s");
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
				call.chunk(StreamEvents.content(String.valueOf(i)));
				TimeUnit.MILLISECONDS.sleep(100);
			}
			call.chunk(DONE);
			call.endChunks();
		}, UNUSED);
		try (RawClient client = stand.stream()) {
			assertThat(client.readUntil(DONE + "\r\n" + LAST_CHUNK)).contains("\"content\":\"24\"");
		}
		stand.awaitFirst(SERVED_ONCE);
		assertThat(stand.second().requests()).isEmpty();
	}

	@Test
	void b05AStreamThatThinksAfterASignOfLifeOutlivesTheFirstEventAndIdleTimeouts() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(FILTER);
			TimeUnit.MILLISECONDS.sleep(1300);
			call.chunk(CONTENT);
			call.chunk(DONE);
			call.endChunks();
		}, UNUSED);
		try (RawClient client = stand.stream()) {
			assertThat(client.readUntil(DONE + "\r\n" + LAST_CHUNK)).contains(CONTENT);
		}
		stand.awaitFirst(SERVED_ONCE);
	}

	@ParameterizedTest
	@EnumSource
	void b07ABreakInMidStreamEndsWithAnErrorEventAndNeitherLastChunkNorDone(Breaking breaking) {
		Signal seen = new Signal();
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CONTENT);
			seen.await();
			breaking.apply(call);
		}, UNUSED);
		try (RawClient client = stand.stream()) {
			client.readUntil(CONTENT);
			seen.send();
			assertThat(client.readToEnd()).endsWith(CHAT_INTERRUPTED + "\r\n")
				.doesNotContain("\r\n" + LAST_CHUNK)
				.doesNotContain("[DONE]");
		}
		stand.awaitFirst(FAILED_ONCE);
		assertThat(stand.second().requests()).isEmpty();
		stand.assertStreams();
	}

	@ParameterizedTest
	@ValueSource(strings = { "transfer-encoding: chunked", "connection: close" })
	void b07AStreamThatEndsIncompleteEndsWithAnErrorEventToo(String framing) {
		Stand stand = stands.next((call) -> {
			call.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n" + framing + "\r\n\r\n");
			if (framing.startsWith("transfer")) {
				call.chunk(CONTENT + "data: {\"half");
				call.endChunks();
			}
			else {
				call.write(CONTENT + "data: {\"half");
				call.socket().close();
			}
		}, UNUSED);
		try (RawClient client = stand.stream()) {
			assertThat(client.readToEnd()).contains(CONTENT).endsWith(CHAT_INTERRUPTED + "\r\n").doesNotContain("half");
		}
		stand.awaitFirst(FAILED_ONCE);
	}

	@ParameterizedTest
	@EnumSource
	void b11AStreamThatIsDoneIsCompleteHoweverItsConnectionEnds(Breaking breaking) {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CONTENT);
			call.chunk(DONE);
			breaking.apply(call);
		}, UNUSED);
		try (RawClient client = stand.stream()) {
			assertThat(client.readUntil(DONE + "\r\n" + LAST_CHUNK)).contains(CONTENT);
		}
		stand.awaitFirst(SERVED_ONCE);
	}

	@Test
	void b11AStreamThatIsDoneButKeepsItsConnectionOpenIsEnded() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CONTENT);
			call.chunk(DONE);
			call.awaitClose();
		}, UNUSED);
		try (RawClient client = stand.stream()) {
			client.readUntil(DONE + "\r\n" + LAST_CHUNK);
		}
		stand.awaitFirst(SERVED_ONCE);
	}

	@Test
	void b11AStreamWhoseLastChoiceIsFinishedIsComplete() {
		String last = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\": \"stop\"}]}\n\n";
		Stand stand = stands.next(streaming(CONTENT, last), UNUSED);
		try (RawClient client = stand.stream()) {
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
		try (RawClient client = stand.stream()) {
			assertThat(client.readToEnd()).contains(error).doesNotContain("stream_interrupted");
		}
		stand.awaitFirst(FAILED_ONCE);
	}

	@ParameterizedTest
	@ValueSource(strings = { "json", "application/json; charset=utf-99", "application/json, application/json" })
	void b12AResponseWithAMalformedContentTypeIsPassedOn(String type) {
		Stand stand = stands.next(responding("200 OK", Bodies.COMPLETION, "content-type: " + type), UNUSED);
		HttpResponse<String> response = stand.chat();
		assertThat(response.statusCode()).isEqualTo(200);
		assertThat(response.body()).isEqualTo(Bodies.COMPLETION);
	}

	@Test
	void b07AResponseThatBreaksOffEndsWithTheErrorEventOfItsOwnApi() {
		Signal seen = new Signal();
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CREATED);
			call.chunk(DELTA);
			seen.await();
			call.reset();
		}, UNUSED);
		try (RawClient client = stand.streamResponse()) {
			client.readUntil(DELTA);
			seen.send();
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
		Signal seen = new Signal();
		Stand stand = stands.next((call) -> {
			call.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n");
			call.chunk("{\"begun\"");
			seen.await();
			breaking.apply(call);
		}, UNUSED);
		try (RawClient client = stand.send("/v1/chat/completions", Bodies.CHAT)) {
			client.readUntil("{\"begun\"");
			seen.send();
			assertThat(client.readToEnd()).endsWith("{\"begun\"\r\n");
		}
		stand.awaitFirst(FAILED_ONCE);
		stand.assertStreams();
	}

	@Test
	void b09AStreamThatGoesSilentEndsWithAnErrorEventAndTheBackendsConnectionIsClosed() throws InterruptedException {
		Signal closed = new Signal();
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CONTENT);
			call.awaitClose(closed);
		}, UNUSED);
		try (RawClient client = stand.stream()) {
			assertThat(client.readToEnd()).contains(CONTENT).endsWith(CHAT_INTERRUPTED + "\r\n");
		}
		closed.await();
		stand.awaitFirst(FAILED_ONCE);
		stand.assertStreams();
	}

	@Test
	void b09APlainBodyThatGoesSilentAbortsTheClientsConnection() {
		Stand stand = stands.next((call) -> {
			call.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"begun\"");
			call.awaitClose();
		}, UNUSED);
		try (RawClient client = stand.send("/v1/chat/completions", Bodies.CHAT)) {
			assertThat(client.readToEnd()).endsWith("\r\n\r\n{\"begun\"");
		}
		stand.awaitFirst(FAILED_ONCE);
	}

	@Test
	void b11AStreamThatIsCompleteWithoutDonePassesAndEndsAtOnceAndItsUsageIsCounted() {
		Stand stand = stands.next(streaming(CONTENT,
				"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":5}}\n\n"), UNUSED);
		try (RawClient client = stand.stream()) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(CONTENT).doesNotContain("[DONE]");
		}
		stand.awaitFirst(SERVED_ONCE);
		assertTokens(stand, 7, 5);
	}

	@Test
	void b12AMalformedEventPassesUnchangedAndTheUsageAfterItIsCounted() {
		String malformed = "data: {\"choices\":[{\"delta\":{\"content\":\"half\n\n";
		Stand stand = stands.next(
				streaming(CONTENT, malformed, "nonsense\n\n",
						"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":70,\"completion_tokens\":50}}\n\n", DONE),
				UNUSED);
		try (RawClient client = stand.stream()) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(CONTENT)
				.contains(malformed)
				.contains("nonsense\n\n")
				.contains(DONE);
		}
		stand.awaitFirst(SERVED_ONCE);
		assertTokens(stand, 70, 50);
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

}
