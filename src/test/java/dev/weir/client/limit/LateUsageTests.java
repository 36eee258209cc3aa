package dev.weir.client.limit;

import java.net.http.HttpResponse;
import java.time.Duration;

import com.jayway.jsonpath.JsonPath;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.RawWebSocket;
import dev.weir.testing.Signal;
import dev.weir.testing.VirtualTime;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tokens whose number is not in the response to the request that uses them: of responses
 * that run in the background, of streams that break off, and of transcriptions. Time
 * stands still; each test begins on a new day.
 */
class LateUsageTests {

	private static final String LIMITED = "limited-key-0123456789";

	private static final String OPERATOR = "operator-key-0123456789";

	private static final VirtualTime time = new VirtualTime();

	private static final String BACKGROUND = "{\"model\":\"gpt-4o\",\"background\":true,\"max_output_tokens\":100,\"input\":\"hi\"}";

	private static final String STREAM = "{\"model\":\"gpt-4o\",\"stream\":true,\"max_tokens\":100,"
			+ "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";

	private static final String CHUNK = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-4o\","
			+ "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%s\"},\"finish_reason\":null}]%s}\n\n";

	private static final String END = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-4o\","
			+ "\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
			+ "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-4o\",\"choices\":[],"
			+ "\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":3,\"total_tokens\":12}}\n\ndata: [DONE]\n\n";

	private static final OpenResources resources = new OpenResources();

	private static RawBackend first;

	private static RawBackend second;

	private static WeirServer weir;

	private static int count;

	private String id = "resp_" + ++count;

	@BeforeAll
	static void start() {
		first = resources.backend((call) -> call.respond("200 OK", "{}"));
		second = resources.backend((call) -> call.respond("200 OK", "{}"));
		weir = resources.add(WeirServer.start(
				(context) -> context.registerBean("limitClockOfTheTest", LimitClock.class,
						() -> new LimitClock(time, time), (definition) -> definition.setPrimary(true)),
				WeirServer.pool("resume: true", WeirServer.backend("a", first.url()),
						WeirServer.backend("b", second.url(), "priority: 2")) + """
								  clients:
								    - {name: limited, key: %s, tokens-per-minute: 1000}
								  operators:
								    - {name: ops, key: %s}
								""".formatted(LIMITED, OPERATOR)));
	}

	@AfterAll
	static void stop() {
		resources.close();
	}

	@BeforeEach
	void beginDay() {
		time.advance(Duration.ofDays(1).minusNanos(time.now() % Duration.ofDays(1).toNanos()));
	}

	private static int used() {
		try (RawClient client = RawClient.of(weir)) {
			String report = client.send("GET /actuator/clients/limited", new byte[0], "api-key: " + OPERATOR).text();
			return JsonPath.read(report, "$.limits[0].used");
		}
	}

	private static int estimate(String body) {
		return (body.length() + 3) / 4;
	}

	private static HttpResponse<String> post(String path, String body) {
		return weir.post("/v1/" + path, body, "api-key", LIMITED);
	}

	private String response(String status, String usage) {
		return "{\"id\":\"" + this.id + "\",\"object\":\"response\",\"status\":\"" + status
				+ "\",\"output\":[],\"usage\":" + usage + "}";
	}

	private static String usage(int input, int output) {
		return "{\"input_tokens\":" + input + ",\"output_tokens\":" + output + ",\"total_tokens\":" + (input + output)
				+ "}";
	}

	private void responding(String status, String usage) {
		first.script((call) -> call.respond("200 OK", response(status, usage)));
	}

	private int read(String more) {
		HttpResponse<String> reply = weir.get("/v1/responses/" + this.id + more, "api-key", LIMITED);
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
		return used();
	}

	@ParameterizedTest
	@ValueSource(strings = { "null", "{\"input_tokens\":0,\"output_tokens\":0,\"total_tokens\":0}" })
	void aBackgroundResponseIsChargedItsUsageOnceWhenItIsRead(String none) {
		responding("queued", "null");
		assertThat(post("responses", BACKGROUND).statusCode()).isEqualTo(200);
		int reserved = estimate(BACKGROUND) + 100;
		assertThat(used()).isEqualTo(reserved);
		responding("in_progress", none);
		assertThat(read("")).isEqualTo(reserved);
		responding("completed", usage(300, 200));
		for (int i = 0; i < 3; i++) {
			assertThat(read("")).isEqualTo(500);
		}
		// what is more than the reservation is taken from the minute in which it is known
		time.advance(Duration.ofMinutes(1));
		assertThat(read("")).isZero();
	}

	@Test
	void aBackgroundResponseThatIsReadInALaterMinuteIsChargedThen() {
		responding("queued", "null");
		post("responses", BACKGROUND);
		int reserved = estimate(BACKGROUND) + 100;
		time.advance(Duration.ofMinutes(3));
		responding("completed", usage(300, 200));
		assertThat(read("")).isEqualTo(500 - reserved);
		assertThat(read("")).isEqualTo(500 - reserved);
	}

	@Test
	void theCancellationOfABackgroundResponseReportsItsUsage() {
		responding("queued", "null");
		post("responses", BACKGROUND);
		responding("cancelled", usage(30, 5));
		assertThat(post("responses/" + this.id + "/cancel", "{}").statusCode()).isEqualTo(200);
		assertThat(used()).isEqualTo(35);
	}

	@Test
	void aStreamOfABackgroundResponseThatTheClientLeavesIsSettledWhenItIsResumed() {
		String created = "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":"
				+ response("in_progress", "null") + "}\n\n";
		String delta = "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\","
				+ "\"sequence_number\":%s,\"delta\":\"a\"}\n\n";
		Signal closed = new Signal();
		first.script((call) -> {
			call.beginEvents();
			call.chunk(created + delta.formatted(1) + delta.formatted(2));
			call.awaitClose(closed);
		});
		String body = BACKGROUND.replace("}", ",\"stream\":true}");
		try (RawClient client = RawClient.of(weir)) {
			client.post("/v1/responses", body, "api-key: " + LIMITED);
			client.readUntil("\"sequence_number\":2");
		}
		await().until(() -> used() == estimate(body) + 2);
		first.script((call) -> {
			call.beginEvents();
			call.chunk(delta.formatted(3)
					+ "event: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":4,\"response\":"
					+ response("completed", usage(300, 200)) + "}\n\n");
			call.endChunks();
		});
		assertThat(read("?stream=true&starting_after=2")).isEqualTo(500);
	}

	@Test
	void aStreamThatContinuesAtAnotherBackendIsChargedForBoth() {
		first.script((call) -> {
			call.beginEvents();
			call.chunk(CHUNK.formatted("one ", "") + CHUNK.formatted("two ", ""));
			call.reset();
		});
		second.script((call) -> {
			call.beginEvents();
			call.chunk(CHUNK.formatted("one ", "") + CHUNK.formatted("two ", "") + CHUNK.formatted("three", "") + END);
			call.endChunks();
		});
		assertThat(post("chat/completions", STREAM).body()).contains("three", "[DONE]");
		// the prompt and two deltas of the first, the usage of the second
		await().untilAsserted(() -> assertThat(used()).isEqualTo(estimate(STREAM) + 2 + 12));
	}

	@ParameterizedTest
	@ValueSource(strings = { "", ",\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2,\"total_tokens\":9}" })
	void aStreamThatCannotContinueIsChargedForWhatTheClientHasGot(String usage) {
		first.script((call) -> {
			call.beginEvents();
			call.chunk(CHUNK.formatted("one ", "") + CHUNK.formatted("two ", usage));
			call.reset();
		});
		second.script((call) -> call.respond("429 Too Many Requests", "{}", "retry-after: 1"));
		try (RawClient client = RawClient.of(weir)) {
			client.post("/v1/chat/completions", STREAM, "api-key: " + LIMITED);
			assertThat(client.readUntil("stream_interrupted")).contains("two");
		}
		await().untilAsserted(() -> assertThat(used()).isEqualTo(usage.isEmpty() ? estimate(STREAM) + 2 : 9));
	}

	@Test
	void theUsageOfAStreamThatBreaksOffIsNotChargedAgainForTheNext() {
		String model = "gpt-4o-" + this.id;
		String body = STREAM.replace("gpt-4o", model)
			.replace("\"stream\":true", "\"stream\":true,\"stream_options\":{\"include_usage\":true}");
		first.script((call) -> {
			call.beginEvents();
			call.chunk(CHUNK.formatted("one ", "") + CHUNK.formatted("two ",
					",\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2,\"total_tokens\":9}"));
			call.reset();
		});
		second.script((call) -> {
			call.beginEvents();
			call.chunk(CHUNK.formatted("one ", "") + CHUNK.formatted("two ", "") + CHUNK.formatted("three", "")
					+ END.substring(0, END.indexOf("data: {", 1)) + "data: [DONE]\n\n");
			call.endChunks();
		});
		assertThat(post("chat/completions", body).body()).contains("three", "[DONE]");
		// the usage of the first, the prompt and three deltas of the second
		await().untilAsserted(() -> assertThat(used()).isEqualTo(9 + estimate(body) + 3));
	}

	@ParameterizedTest
	@ValueSource(strings = { "rate_limit_exceeded", "server_error", "invalid_prompt" })
	void aResponseOnAWebSocketThatFailsAfterItsBeginIsChargedItsPromptAndTheDeltasThatCame(String code) {
		first.script((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.nextText();
			socket.text("{\"type\":\"response.created\",\"response\":" + response("in_progress", "null") + "}");
			for (int i = 0; i < 5; i++) {
				socket.text("{\"type\":\"response.output_text.delta\",\"response_id\":\"" + this.id
						+ "\",\"delta\":\"a\"}");
			}
			socket.text("{\"type\":\"response.failed\",\"response\":" + response("failed", "null").replace("}", "")
					+ ",\"error\":{\"code\":\"" + code + "\",\"message\":\"It failed.\"}}}");
			socket.awaitClose();
		});
		String create = "{\"type\":\"response.create\",\"model\":\"gpt-4o-" + this.id + "\",\"input\":\"hi\"}";
		try (RawWebSocket client = RawWebSocket.connect(weir, "/v1/responses", "api-key: " + LIMITED)) {
			client.text(create);
			String last = "";
			while (!last.contains("response.failed")) {
				last = client.nextText();
			}
			await().untilAsserted(() -> assertThat(used()).isEqualTo(estimate(create) + 5));
		}
	}

	@ParameterizedTest
	@ValueSource(ints = { 60_000, 70_000, 1_500_000 })
	void aLongDeltaOnAWebSocketIsCharged(int length) {
		first.script((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.nextText();
			socket.text("{\"type\":\"response.created\",\"response\":" + response("in_progress", "null") + "}");
			for (int i = 0; i < 3; i++) {
				socket.text("{\"type\":\"response.output_text.delta\",\"delta\":\"" + "x".repeat(length) + "\"}");
			}
			socket.awaitClose();
		});
		String create = "{\"type\":\"response.create\",\"model\":\"gpt-4o-" + this.id + "\",\"input\":\"hi\"}";
		try (RawWebSocket client = RawWebSocket.connect(weir, "/v1/responses", "api-key: " + LIMITED)) {
			client.text(create);
			for (int i = 0; i < 4; i++) {
				client.nextText();
			}
		}
		await().untilAsserted(() -> assertThat(used()).isEqualTo(estimate(create) + 3));
	}

	@Test
	void theDeltasOfAResponseAreChargedThatRunsWhenItsRealtimeSessionEnds() {
		first.script((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.next();
			socket.text("{\"type\":\"response.created\",\"response\":{}}");
			socket.text("{\"type\":\"response.output_text.delta\",\"delta\":\"a\"}");
			socket.text("{\"type\":\"response.done\",\"response\":{\"usage\":" + usage(10, 5) + "}}");
			socket.text("{\"type\":\"response.created\",\"response\":{}}");
			for (int i = 0; i < 4; i++) {
				socket.text("{\"type\":\"response.output_text.delta\",\"delta\":\"a\"}");
			}
			socket.awaitClose();
		});
		try (RawWebSocket client = RawWebSocket.connect(weir, "/v1/realtime?model=gpt-4o", "api-key: " + LIMITED)) {
			client.text("{}");
			for (int i = 0; i < 8; i++) {
				client.nextText();
			}
		}
		await().untilAsserted(() -> assertThat(used()).isEqualTo(15 + 4));
	}

	@Test
	void aTranscriptionInARealtimeSessionIsCharged() {
		first.script((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			while (socket.next().opcode() == RawWebSocket.TEXT) {
				socket.text("{\"type\":\"conversation.item.input_audio_transcription.completed\",\"event_id\":\"e\","
						+ "\"transcript\":\"hi\",\"usage\":{\"type\":\"tokens\",\"total_tokens\":22,\"input_tokens\":13,\"output_tokens\":9}}");
				socket.text("{\"type\":\"conversation.item.input_audio_transcription.completed\",\"event_id\":\"e\","
						+ "\"transcript\":\"hi\",\"usage\":{\"type\":\"duration\",\"seconds\":3}}");
				socket.text("{\"type\":\"response.done\",\"response\":{\"usage\":" + usage(10, 5) + "}}");
			}
			socket.close(1000, "");
		});
		try (RawWebSocket client = RawWebSocket.connect(weir, "/v1/realtime?model=gpt-4o", "api-key: " + LIMITED)) {
			client.text("{}");
			for (int i = 0; i < 3; i++) {
				client.nextText();
			}
			await().until(() -> used() == 22 + 15);
		}
	}

}
