package dev.weir.faults;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.Breaking;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.Signal;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;

import static dev.weir.testing.LaneFigures.FAILED_ONCE;
import static dev.weir.testing.RawClient.LAST_CHUNK;
import static dev.weir.testing.Scripts.SERVES;
import static dev.weir.testing.Scripts.STREAMS;
import static dev.weir.testing.Scripts.UNUSED;
import static dev.weir.testing.Scripts.streaming;
import static dev.weir.testing.StreamEvents.CONTENT;
import static dev.weir.testing.StreamEvents.CREATED;
import static dev.weir.testing.StreamEvents.DELTA;
import static dev.weir.testing.StreamEvents.DONE;
import static dev.weir.testing.StreamEvents.FILTER;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Streams that fail before their first event has been sent to the client, so that another
 * lane can take the request.
 */
class FirstEventFaultTests {

	private static Stands stands;

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(20,
				"first-event-timeout: 700ms, stream-idle-timeout: 700ms, response-timeout: 2s, deadline: 15s");
	}

	@AfterAll
	static void stopWeir() throws InterruptedException {
		stands.close();
	}

	@Test
	void b03WithoutAFirstEventTheNextLaneServesAfterTheFirstEventTimeout() {
		Stand stand = stands.next(RawBackend.Call::awaitClose, STREAMS);
		assertStreamedBySecond(stand);
		stand.assertStreams();
	}

	@Test
	void b03WithoutAResponseTheNextLaneServesAfterTheResponseTimeout() {
		Stand stand = stands.next(RawBackend.Call::awaitClose, SERVES);
		HttpResponse<String> response = stand.chat();
		assertThat(response.statusCode()).isEqualTo(200);
		assertThat(response.body()).isEqualTo(Bodies.COMPLETION);
		assertThat(stand.first().requests()).hasSize(1);
		stand.awaitFirst(FAILED_ONCE);
	}

	@ParameterizedTest
	@EnumSource
	void b04HeadersWithoutAnEventGoToTheNextLaneAndTheSlowAttemptIsCancelled(Late late) throws InterruptedException {
		Signal cancelled = new Signal();
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			late.begin(call);
			call.awaitClose(cancelled);
		}, STREAMS);
		assertStreamedBySecond(stand);
		cancelled.await();
		stand.assertStreams();
	}

	@ParameterizedTest
	@EnumSource
	void b06ABreakBeforeTheFirstEventGoesToTheNextLaneAndIsNotRepeated(Breaking breaking) {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(FILTER);
			breaking.apply(call);
		}, STREAMS);
		assertStreamedBySecond(stand);
		assertThat(stand.first().requests()).hasSize(1);
		stand.assertStreams();
	}

	@ParameterizedTest
	@EnumSource
	void b06ABreakAfterTheHeadersOfAPlainResponseGoesToTheNextLane(Breaking breaking) {
		Stand stand = stands.next((call) -> {
			call.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n");
			breaking.apply(call);
		}, SERVES);
		HttpResponse<String> response = stand.chat();
		assertThat(response.statusCode()).isEqualTo(200);
		assertThat(response.body()).isEqualTo(Bodies.COMPLETION);
		assertThat(stand.first().requests()).hasSize(1);
	}

	@Test
	void b06AStreamThatEndsBeforeItsFirstEventGoesToTheNextLane() {
		Stand stand = stands.next(streaming(FILTER), STREAMS);
		assertStreamedBySecond(stand);
	}

	@ParameterizedTest
	@ValueSource(strings = { "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\"}}\n\n",
			"data: {\"choices\":[],\"prompt_filter_results\":[]}\n\ndata: {\"error\":{\"code\":\"500\"}}\n\n",
			"event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"overloaded\"}\n\n",
			": ping\n\ndata: {\"type\":\"response.created\",\"response\":{}}\n\n"
					+ "data: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"server_error\"}}}\n\n" })
	void b10AnErrorInPlaceOfTheFirstEventGoesToTheNextLaneUnseenByTheClient(String events) {
		Stand stand = stands.next(streaming(events), STREAMS);
		assertStreamedBySecond(stand);
		stand.awaitFirst(FAILED_ONCE);
		stand.assertStreams();
	}

	@Test
	void b10ARateLimitInPlaceOfTheFirstEventStartsACooldown() {
		Stand stand = stands.next(
				streaming("data: {\"error\":{\"message\":\"slow down\",\"code\":\"rate_limit_exceeded\"}}\n\n"),
				STREAMS);
		assertStreamedBySecond(stand);
		assertThat(stand.firstHealth()).contains("COOLDOWN");
	}

	@Test
	void b10AnErrorOfTheClientInPlaceOfTheFirstEventReachesTheClient() {
		String error = "data: {\"error\":{\"code\":\"content_filter\",\"message\":\"no\"}}\n\n";
		Stand stand = stands.next(streaming(error), UNUSED);
		try (RawClient client = stand.stream()) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(error);
		}
		assertThat(stand.second().requests()).isEmpty();
	}

	@Test
	void b10SignsOfLifeAreHeldBackForASecondAtMost() {
		Signal seen = new Signal();
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CREATED);
			seen.await();
			call.chunk(DELTA);
			call.chunk("data: {\"type\":\"response.completed\",\"response\":{}}\n\n");
			call.endChunks();
		}, UNUSED);
		long begin = System.nanoTime();
		try (RawClient client = stand.streamResponse()) {
			client.readUntil(CREATED);
			assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThan(Duration.ofMillis(900));
			seen.send();
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(DELTA);
		}
	}

	private static void assertStreamedBySecond(Stand stand) {
		try (RawClient client = stand.stream()) {
			assertThat(client.readUntil(DONE + "\r\n" + LAST_CHUNK)).startsWith("HTTP/1.1 200 OK\r\n")
				.containsIgnoringCase("x-weir-backend: " + stand.secondName() + "\r\n")
				.containsIgnoringCase("x-weir-attempts: 2\r\n")
				.containsOnlyOnce(CONTENT)
				.doesNotContain("error")
				.doesNotContain("choices\":[]");
		}
		assertThat(stand.first().requests()).hasSize(1);
		assertThat(stand.second().requests()).hasSize(1);
	}

	/** The bytes that are sent before a late first event. */
	enum Late {

		NOTHING {

			@Override
			void begin(RawBackend.Call call) {
				// not a byte
			}

		},

		HALF_AN_EVENT {

			@Override
			void begin(RawBackend.Call call) throws IOException {
				call.chunk("data: {\"choices\":[{\"del");
			}

		};

		abstract void begin(RawBackend.Call call) throws IOException;

	}

}
