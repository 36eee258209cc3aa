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
 * Streams that fail before their first event has been sent to the client, so that another
 * lane can take the request.
 */
@ExtendWith(LeakCheck.class)
class FirstEventFaultTests {

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
		stands = Stands.start(20,
				"first-event-timeout: 700ms, stream-idle-timeout: 700ms, response-timeout: 2s, deadline: 15s");
		// the first request loads classes and may take longer than these limits
		stands.next(STREAMS, STREAMS).chat();
	}

	@AfterAll
	static void stopWeir() throws InterruptedException {
		stands.close();
	}

	@Test
	void b03WithoutAFirstEventTheNextLaneServesAfterTheFirstEventTimeout() {
		Stand stand = stands.next(RawBackend.Call::awaitClose, STREAMS);
		assertStreamedBySecond(stand);
		assertHealthyAfterwards(stand);
	}

	@Test
	void b03WithoutAResponseTheNextLaneServesAfterTheResponseTimeout() {
		Stand stand = stands.next(RawBackend.Call::awaitClose, RawBackend.responding("200 OK", Bodies.COMPLETION));
		HttpResponse<String> response = stand.chat();
		assertThat(response.statusCode()).isEqualTo(200);
		assertThat(response.body()).isEqualTo(Bodies.COMPLETION);
		assertThat(stand.first().requests()).hasSize(1);
		awaitFirst(stand, new LaneFigures(0, 1, 0, 1, 1));
	}

	@ParameterizedTest
	@EnumSource
	void b04HeadersWithoutAnEventGoToTheNextLaneAndTheSlowAttemptIsCancelled(Late late) throws InterruptedException {
		CountDownLatch cancelled = new CountDownLatch(1);
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			late.begin(call);
			try {
				call.awaitClose();
			}
			finally {
				cancelled.countDown();
			}
		}, STREAMS);
		assertStreamedBySecond(stand);
		assertThat(cancelled.await(5, TimeUnit.SECONDS)).isTrue();
		assertHealthyAfterwards(stand);
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
		assertHealthyAfterwards(stand);
	}

	@ParameterizedTest
	@EnumSource
	void b06ABreakAfterTheHeadersOfAPlainResponseGoesToTheNextLane(Breaking breaking) {
		Stand stand = stands.next((call) -> {
			call.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n");
			breaking.apply(call);
		}, RawBackend.responding("200 OK", Bodies.COMPLETION));
		HttpResponse<String> response = stand.chat();
		assertThat(response.statusCode()).isEqualTo(200);
		assertThat(response.body()).isEqualTo(Bodies.COMPLETION);
		assertThat(stand.first().requests()).hasSize(1);
	}

	@Test
	void b06AStreamThatEndsBeforeItsFirstEventGoesToTheNextLane() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(FILTER);
			call.write(LAST_CHUNK);
		}, STREAMS);
		assertStreamedBySecond(stand);
	}

	@ParameterizedTest
	@ValueSource(strings = { "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\"}}\n\n",
			"data: {\"choices\":[],\"prompt_filter_results\":[]}\n\ndata: {\"error\":{\"code\":\"500\"}}\n\n",
			"event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"overloaded\"}\n\n",
			": ping\n\ndata: {\"type\":\"response.created\",\"response\":{}}\n\n"
					+ "data: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"server_error\"}}}\n\n" })
	void b10AnErrorInPlaceOfTheFirstEventGoesToTheNextLaneUnseenByTheClient(String events) {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(events);
			call.write(LAST_CHUNK);
		}, STREAMS);
		assertStreamedBySecond(stand);
		awaitFirst(stand, new LaneFigures(0, 1, 0, 1, 1));
		assertHealthyAfterwards(stand);
	}

	@Test
	void b10ARateLimitInPlaceOfTheFirstEventStartsACooldown() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk("data: {\"error\":{\"message\":\"slow down\",\"code\":\"rate_limit_exceeded\"}}\n\n");
			call.write(LAST_CHUNK);
		}, STREAMS);
		assertStreamedBySecond(stand);
		assertThat(stand.firstHealth()).contains("COOLDOWN");
	}

	@Test
	void b10AnErrorOfTheClientInPlaceOfTheFirstEventReachesTheClient() {
		String error = "data: {\"error\":{\"code\":\"content_filter\",\"message\":\"no\"}}\n\n";
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(error);
			call.write(LAST_CHUNK);
		}, UNUSED);
		try (RawClient client = stream(stand)) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(error);
		}
		assertThat(stand.second().requests()).isEmpty();
	}

	@Test
	void b10SignsOfLifeAreHeldBackForASecondAtMost() {
		Semaphore seen = new Semaphore(0);
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(CREATED);
			acquire(seen);
			call.chunk(DELTA);
			call.chunk("data: {\"type\":\"response.completed\",\"response\":{}}\n\n");
			call.write(LAST_CHUNK);
		}, UNUSED);
		long begin = System.nanoTime();
		try (RawClient client = respond(stand)) {
			client.readUntil(CREATED);
			assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThan(Duration.ofMillis(900));
			seen.release();
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(DELTA);
		}
	}

	private static void assertStreamedBySecond(Stand stand) {
		try (RawClient client = stream(stand)) {
			assertThat(client.readUntil("data: [DONE]\n\n\r\n" + LAST_CHUNK)).startsWith("HTTP/1.1 200 OK\r\n")
				.containsIgnoringCase("x-weir-backend: " + stand.secondName() + "\r\n")
				.containsIgnoringCase("x-weir-attempts: 2\r\n")
				.containsOnlyOnce(CONTENT)
				.doesNotContain("error")
				.doesNotContain("choices\":[]");
		}
		assertThat(stand.first().requests()).hasSize(1);
		assertThat(stand.second().requests()).hasSize(1);
	}

	private static void assertHealthyAfterwards(Stand stand) {
		stand.first().script(STREAMS);
		stand.second().script(STREAMS);
		try (RawClient client = stream(stand)) {
			client.readUntil("data: [DONE]\n\n\r\n" + LAST_CHUNK);
		}
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
