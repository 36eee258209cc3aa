package dev.weir.websocket;

import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import com.jayway.jsonpath.JsonPath;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawWebSocket;
import dev.weir.testing.RawWebSocket.Frame;
import dev.weir.testing.Signal;
import dev.weir.testing.WeirServer;
import dev.weir.testing.PoolsYaml;

import static dev.weir.testing.Scripts.responding;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Responses over WebSocket: each message is a request of its own.
 */
class ResponsesSocketTests {

	private static final String THROTTLED = "{\"type\":\"error\",\"status\":429,\"error\":{\"code\":\"rate_limit_exceeded\","
			+ "\"type\":\"tokens\",\"message\":\"Rate limit reached\"},\"headers\":{\"Retry-After\":\"30\"}}";

	private static final AtomicInteger ids = new AtomicInteger();

	private static TestBackend first;

	private static TestBackend second;

	private static WeirServer weir;

	private static int pools;

	private String pool;

	@AutoClose
	private final OpenResources resources = new OpenResources();

	@BeforeAll
	static void startWeir() {
		first = new TestBackend();
		second = new TestBackend();
		PoolsYaml yaml = new PoolsYaml();
		for (int i = 0; i < 40; i++) {
			yaml.pool("p" + i, "max-wait: 0ms, hold-signs-of-life: 200ms",
					WeirServer.backend("a" + i, first.server.url(), "models: {m1: one, m3: m3}"),
					WeirServer.backend("b" + i, second.server.url(), "priority: 2", "models: {m1: uno, m2: two}"));
		}
		weir = WeirServer.start(yaml.toString());
	}

	@AfterAll
	static void stop() {
		weir.close();
		first.server.close();
		second.server.close();
	}

	private RawWebSocket connect() {
		this.pool = "p" + pools++;
		first.reset();
		second.reset();
		RawWebSocket client = this.resources.add(RawWebSocket.connect(weir, "/v1/responses", "x-pool: " + this.pool));
		assertThat(client.reply().status()).isEqualTo(101);
		return client;
	}

	private static String create(String model, String more) {
		return "{ \"type\" : \"response.create\",\n\"model\":\"" + model + "\", \"input\":\"héllo \\u00e9\"" + more
				+ "}";
	}

	@Test
	void onlyTheModelOfAMessageIsReplaced() {
		RawWebSocket client = connect();
		client.text(create("m1", ", \"x\" : [1, {\"model\":\"m1\"}]"));
		assertThat(readResponse(client)).containsSubsequence("response.created", "response.completed");
		assertThat(first.received).containsExactly(create("one", ", \"x\" : [1, {\"model\":\"m1\"}]"));
		assertThat(first.server.requests().get(first.server.requests().size() - 1))
			.startsWith("GET /openai/v1/responses HTTP/1.1\r\n");
	}

	@Test
	void aFragmentedMessageIsReplacedAsWell() {
		RawWebSocket client = connect();
		byte[] message = create("m1", "").getBytes(StandardCharsets.UTF_8);
		for (int i = 0; i < message.length; i++) {
			client.frame((i == 0) ? RawWebSocket.TEXT : RawWebSocket.CONTINUATION, i == message.length - 1,
					new byte[] { message[i] });
		}
		readResponse(client);
		assertThat(first.received).containsExactly(create("one", ""));
	}

	@Test
	void aModelThatTheBackendDoesNotServeOpensASecondSocketBehindTheSameClient() {
		RawWebSocket client = connect();
		client.text(create("m3", ""));
		readResponse(client);
		client.text(create("m2", ""));
		readResponse(client);
		client.text(create("m2", ""));
		readResponse(client);
		client.text(create("m3", ""));
		readResponse(client);
		assertThat(first.received).containsExactly(create("m3", ""), create("m3", ""));
		assertThat(second.received).containsExactly(create("two", ""), create("two", ""));
		assertThat(first.opened).hasValue(1);
		assertThat(second.opened).hasValue(1);
	}

	@Test
	void aThrottledMessageGoesToAnotherBackendAndTheLaneIsSetAside() {
		RawWebSocket client = connect();
		first.script = (socket, message) -> socket.text(THROTTLED);
		client.text(create("m1", ""));
		assertThat(readResponse(client)).containsSubsequence("response.created", "response.completed");
		assertThat(first.received).hasSize(1);
		assertThat(second.received).containsExactly(create("uno", ""));
		client.text(create("m1", ""));
		readResponse(client);
		assertThat(first.received).hasSize(1);
		String report = weir.get("/actuator/backends/a" + this.pool.substring(1)).body();
		List<Integer> left = JsonPath.read(report, "$.lanes[?(@.model=='m1')].cooldownRemainingMillis");
		assertThat(left.get(0)).isBetween(20_000, 30_000);
	}

	@Test
	void anErrorBehindAnEventWithoutContentGoesToAnotherBackendAsWell() {
		RawWebSocket client = connect();
		first.script = (socket, message) -> socket
			.text("{\"type\":\"response.created\",\"response\":{\"id\":\"resp_x\"}}")
			.text("{\"type\":\"response.failed\",\"response\":{\"id\":\"resp_x\",\"status\":\"failed\",\"error\":"
					+ "{\"code\":\"rate_limit_exceeded\",\"message\":\"Rate limit reached\"}}}");
		client.text(create("m1", ""));
		assertThat(readResponse(client)).doesNotContain("resp_x").contains("response.completed");
		assertThat(second.received).hasSize(1);
	}

	@Test
	void whenNoBackendIsLeftTheClientGetsAnErrorMessageWithTheDelayAndStaysConnected() {
		RawWebSocket client = connect();
		first.script = (socket, message) -> socket.text(THROTTLED);
		client.text(create("m3", ""));
		String error = client.nextText();
		assertThat(JsonPath.<String>read(error, "$.type")).isEqualTo("error");
		assertThat(JsonPath.<Integer>read(error, "$.status")).isEqualTo(429);
		assertThat(JsonPath.<String>read(error, "$.error.code")).isEqualTo("rate_limit_exceeded");
		assertThat(Integer.parseInt(JsonPath.read(error, "$.headers['retry-after']"))).isBetween(25, 30);
		client.text(create("m2", ""));
		readResponse(client);
	}

	@Test
	void anErrorAboutTheRequestIsPassedUnchangedAndNothingIsSetAside() {
		RawWebSocket client = connect();
		String error = "{\"type\":\"error\",\"status\":400,\"error\":{\"code\":\"invalid_value\",\"message\":\"no\"}}";
		first.script = (socket, message) -> socket.text(error);
		client.text(create("m1", ""));
		assertThat(client.nextText()).isEqualTo(error);
		assertThat(second.received).isEmpty();
		first.script = TestBackend.SERVES;
		client.text(create("m1", ""));
		readResponse(client);
		assertThat(first.received).hasSize(2);
	}

	@Test
	void invalidMessagesAndUnknownModelsGetAnErrorMessage() {
		RawWebSocket client = connect();
		client.text("{\"type\":\"response.create\",\"model\":\"nope\"}");
		assertThat(client.nextText()).contains("\"status\":404", "model_not_found");
		client.text("{\"type\":\"response.create\",\"model\":5}");
		assertThat(client.nextText()).contains("\"status\":400", "\"param\":\"model\"");
		client.text("{\"type\":\"response.create\",\"model\":\"m1\",,}");
		assertThat(client.nextText()).contains("\"status\":400", "invalid_request_body");
		assertThat(first.received).isEmpty();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '"', value = {
			"{not json | invalid_request_body | null | not valid JSON",
			"{'type':'response.cancel'} x | invalid_request_body | null | not valid JSON",
			"{'type':'response.cancel' | invalid_request_body | null | not valid JSON",
			"[{'type':'response.cancel'}] | invalid_request_body | null | must be a JSON object",
			"'response.cancel' | invalid_request_body | null | must be a JSON object",
			"5 | invalid_request_body | null | must be a JSON object",
			"{} | missing_required_parameter | 'type' | has no type",
			"{'type':'Response.Create','model':'m1'} | invalid_request_body | 'type' | in case only",
			"{'type':''} | missing_required_parameter | 'type' | has no type",
			"{'type':null} | invalid_request_body | 'type' | must be a string",
			"{'type':7} | invalid_request_body | 'type' | must be a string",
			"{'type':'response.create','type':'x','model':'m1'} | invalid_request_body | 'type' | more than one type",
			"{'type':'x','type':'response.create','model':'m1'} | invalid_request_body | 'type' | more than one type",
			"{'type':null,'model':'m1','t\\u0079pe':'response.create'} | invalid_request_body | 'type' | more than one type" })
	void aMessageThatIsNoEventGetsAnErrorAndReachesNoBackend(String message, String code, String param, String text) {
		RawWebSocket client = connect();
		client.text(message.replace('\'', '"'));
		assertThat(client.nextText()).contains("\"type\":\"error\"", "\"status\":400",
				"\"type\":\"invalid_request_error\"", "\"code\":\"" + code + "\"",
				"\"param\":" + param.replace('\'', '"'), text);
		client.frame(RawWebSocket.BINARY, true, "{\"type\":\"response.cancel\"}".getBytes(StandardCharsets.UTF_8));
		assertThat(client.nextText()).contains("\"status\":400", "invalid_request_body", "binary");
		client.text(create("m1", ""));
		assertThat(client.nextText()).contains("response.created");
		assertThat(first.received).containsExactly(create("one", ""));
		assertThat(second.received).isEmpty();
	}

	@Test
	void anEventOfAnUnknownTypePassesUnchanged() {
		RawWebSocket client = connect();
		String unknown = "{ \"type\" : \"response.new_feature\", \"value\":[1] }";
		client.text(unknown);
		await().atMost(Duration.ofSeconds(10)).until(() -> first.received.contains(unknown));
	}

	@Test
	void aResponseIsContinuedOnTheBackendThatMadeIt() {
		RawWebSocket client = connect();
		first.script = (socket, message) -> socket.text(THROTTLED);
		client.text(create("m1", ""));
		String id = idOf(readResponse(client));
		first.script = TestBackend.SERVES;
		client.text(create("m1", ",\"previous_response_id\":\"" + id + "\""));
		readResponse(client);
		assertThat(second.received).hasSize(2);
		try (RawWebSocket other = RawWebSocket.connect(weir, "/v1/responses", "x-pool: " + this.pool)) {
			other.text(create("m1", ",\"previous_response_id\":\"" + id + "\""));
			readResponse(other);
		}
		assertThat(second.received).hasSize(3);
		assertThat(first.received).hasSize(1);
	}

	@Test
	void eachResponseThatRunsHasAWebSocketOfItsOwn() {
		RawWebSocket client = connect();
		Signal proceed = new Signal();
		first.script = (socket, message) -> {
			String id = "resp_" + first.received.size();
			socket.text("{\"type\":\"response.created\",\"response\":{\"id\":\"" + id + "\"}}")
				.text("{\"type\":\"response.output_text.delta\",\"delta\":\"1\"}");
			proceed.await();
			socket.text("{\"type\":\"response.completed\",\"response\":{\"id\":\"" + id
					+ "\",\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}");
		};
		client.text(create("m3", "")).text(create("m3", ""));
		String all = "";
		for (int i = 0; i < 4; i++) {
			all += client.nextText();
		}
		assertThat(first.opened).hasValue(2);
		proceed.send();
		proceed.send();
		for (int i = 0; i < 2; i++) {
			all += client.nextText();
		}
		assertThat(all).contains("resp_1", "resp_2").doesNotContain("error");
		Awaitility.await()
			.untilAsserted(() -> assertThat(JsonPath
				.<Integer>read(weir.get("/actuator/backends/a" + this.pool.substring(1)).body(), "$.inFlight"))
				.isZero());
	}

	@Test
	void messagesOfTwoBackendsAreNotMixed() {
		RawWebSocket client = connect();
		String large = "x".repeat(3 * 1024 * 1024);
		for (TestBackend backend : List.of(first, second)) {
			backend.script = (socket, message) -> {
				socket.text("{\"type\":\"response.created\",\"response\":{\"id\":\"" + backend.hashCode() + "\"}}");
				for (int i = 0; i < 3; i++) {
					socket
						.frame(RawWebSocket.TEXT, false,
								"{\"type\":\"response.output_text.delta\",\"delta\":\"".getBytes())
						.frame(RawWebSocket.CONTINUATION, false, large.getBytes())
						.frame(RawWebSocket.CONTINUATION, true, "\"}".getBytes());
				}
				socket.text("{\"type\":\"response.completed\",\"response\":{\"id\":\"" + backend.hashCode() + "\"}}");
			};
		}
		client.text(create("m3", "")).text(create("m2", ""));
		int completed = 0;
		int deltas = 0;
		while (completed < 2) {
			String message = client.nextText();
			completed += message.contains("response.completed") ? 1 : 0;
			if (message.contains("delta")) {
				deltas++;
				assertThat(message.length()).isEqualTo(large.length() + 48);
			}
		}
		assertThat(deltas).isEqualTo(6);
	}

	@Test
	void s9ABackendThatBreaksOffEndsItsResponseWithAnErrorAndTheSocketWith1014() {
		RawWebSocket client = connect();
		first.script = (socket, message) -> socket.text("{\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}")
			.text("{\"type\":\"response.output_text.delta\",\"delta\":\"a\"}")
			.reset();
		client.text(create("m1", ""));
		assertThat(client.nextText()).contains("created");
		assertThat(client.nextText()).contains("delta");
		assertThat(client.nextText()).contains("\"status\":502", "stream_interrupted");
		assertThat(client.awaitClose().code()).isEqualTo(1014);
	}

	@Test
	void s9ABackendThatBreaksOffBeforeTheFirstEventIsReplaced() {
		RawWebSocket client = connect();
		first.script = (socket, message) -> socket.reset();
		client.text(create("m1", ""));
		assertThat(readResponse(client)).contains("response.completed");
		assertThat(second.received).hasSize(1);
	}

	@Test
	void s9AClientThatVanishesCancelsItsResponsesAndTheBackendGets1011() throws InterruptedException {
		RawWebSocket client = connect();
		first.script = (socket, message) -> socket.text("{\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}")
			.text("{\"type\":\"response.output_text.delta\",\"delta\":\"a\"}");
		client.text(create("m1", ""));
		client.nextText();
		client.nextText();
		client.reset();
		first.awaitClose(1011);
		String name = "a" + this.pool.substring(1);
		Awaitility.await().untilAsserted(() -> {
			String report = weir.get("/actuator/backends/" + name).body();
			assertThat(JsonPath.<Integer>read(report, "$.inFlight")).isZero();
			assertThat(JsonPath.<List<Integer>>read(report, "$.lanes[?(@.model=='m1')].counts.failed"))
				.containsExactly(0);
		});
	}

	@Test
	void theCloseOfAClientAndOfABackendPass() throws InterruptedException {
		RawWebSocket client = connect();
		client.text(create("m1", ""));
		readResponse(client);
		client.close(3001, "bye");
		first.awaitClose(3001);
		assertThat(client.awaitClose().code()).isEqualTo(3001);
		RawWebSocket other = connect();
		first.script = (socket, message) -> socket.close(1001, "60 minutes");
		other.text("{\"type\":\"anything\"}");
		Frame close = other.awaitClose();
		assertThat(close.code()).isEqualTo(1001);
		assertThat(close.reason()).isEqualTo("60 minutes");
	}

	@Test
	void otherMessagesGoToTheBackendOfTheirResponse() {
		RawWebSocket client = connect();
		first.script = (socket, message) -> {
			if (message.contains("cancel")) {
				socket.text("{\"type\":\"response.cancelled\",\"response\":{\"id\":\"r1\"}}");
			}
			else {
				socket.text("{\"type\":\"response.created\",\"response\":{\"id\":\"r1\"}}")
					.text("{\"type\":\"response.output_text.delta\",\"delta\":\"a\"}");
			}
		};
		client.text(create("m3", ""));
		client.nextText();
		client.nextText();
		client.text(create("m2", ""));
		readResponse(client);
		client.text("{\"type\":\"response.cancel\",\"response_id\":\"r1\"}");
		assertThat(client.nextText()).contains("response.cancelled");
		assertThat(second.received).hasSize(1);
	}

	@Test
	void s9AtTheStopARunningResponseEndsBeforeTheSocketIsClosed() throws Exception {
		Signal proceed = new Signal();
		RawBackend backend = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.nextText();
			socket.text("{\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}")
				.text("{\"type\":\"response.output_text.delta\",\"delta\":\"a\"}");
			proceed.await();
			socket.text("{\"type\":\"response.completed\",\"response\":{\"id\":\"r\"}}").awaitClose();
		});
		WeirServer stopping = this.resources.add(WeirServer.withBackends(WeirServer.backend("a", backend.url())));
		OpenSockets open = stopping.beans(OpenSockets.class).values().iterator().next();
		RawWebSocket client = this.resources.add(RawWebSocket.connect(stopping, "/v1/responses"));
		client.text(create("m1", ""));
		client.nextText();
		client.nextText();
		CompletableFuture<Void> stopped = CompletableFuture.runAsync(stopping::close);
		Awaitility.await().until(() -> !open.isRunning());
		client.text(create("m1", ""));
		assertThat(client.nextText()).contains("\"status\":503");
		proceed.send();
		assertThat(client.nextText()).contains("response.completed");
		assertThat(client.awaitClose().code()).isEqualTo(1001);
		client.close(1001, "");
		stopped.get(5, TimeUnit.SECONDS);
	}

	@Test
	void theHandshakeForASecondModelFailsOver() {
		RawBackend refusing = this.resources.backend(responding("503 Service Unavailable", "{}"));
		WeirServer own = this.resources
			.add(WeirServer.start(WeirServer.pool("", WeirServer.backend("x", first.server.url(), "models: {m1: one}"),
					WeirServer.backend("y", refusing.url(), "priority: 2", "models: {m2: two}"),
					WeirServer.backend("z", second.server.url(), "priority: 3", "models: {m2: zwei}"))));
		first.reset();
		second.reset();
		RawWebSocket client = this.resources.add(RawWebSocket.connect(own, "/v1/responses"));
		client.text(create("m1", ""));
		readResponse(client);
		client.text(create("m2", ""));
		readResponse(client);
		assertThat(second.received).containsExactly(create("zwei", ""));
		assertThat(refusing.requests()).hasSize(1);
		Awaitility.await()
			.untilAsserted(() -> assertThat(own.get("/actuator/prometheus").body())
				.containsPattern("weir_requests_seconds_count\\{pool=\"openai\",status=\"200\"} 2")
				.containsPattern(
						"gen_ai_client_token_usage_tokens?_sum\\{[^}]*backend=\"z\"[^}]*type=\"output\"[^}]*} 4.0"));
	}

	private static String readResponse(RawWebSocket client) {
		StringBuilder all = new StringBuilder();
		while (true) {
			String message = client.nextText();
			all.append(message).append('\n');
			if (message.contains("response.completed") || message.contains("\"error\"")) {
				assertThat(message).contains("response.completed");
				return all.toString();
			}
		}
	}

	private static String idOf(String events) {
		return JsonPath.read(events.lines().findFirst().orElseThrow(), "$.response.id");
	}

	/** A backend that serves messages, each with a script. */
	private static final class TestBackend {

		private static final Reaction SERVES = (socket, message) -> {
			String id = "resp_" + ids.incrementAndGet();
			socket.text("{\"type\":\"response.created\",\"response\":{\"id\":\"" + id + "\"}}")
				.text("{\"type\":\"response.output_text.delta\",\"delta\":\"hi\"}")
				.text("{\"type\":\"response.completed\",\"response\":{\"id\":\"" + id
						+ "\",\"usage\":{\"input_tokens\":3,\"output_tokens\":4,\"total_tokens\":7}}}");
		};

		private final List<String> received = new CopyOnWriteArrayList<>();

		private final AtomicInteger opened = new AtomicInteger();

		private final BlockingQueue<Frame> closes = new LinkedBlockingQueue<>();

		private volatile Reaction script = SERVES;

		private final RawBackend server = RawBackend.start((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			this.opened.incrementAndGet();
			while (true) {
				StringBuilder text = new StringBuilder();
				Frame frame = socket.next();
				if (frame.opcode() == RawWebSocket.CLOSE) {
					this.closes.add(frame);
					socket.close(frame.code(), "");
					socket.close();
					return;
				}
				if (frame.opcode() < 0) {
					return;
				}
				text.append(frame.text());
				this.received.add(text.toString());
				try {
					this.script.react(socket, text.toString());
				}
				catch (UncheckedIOException ex) {
					// the script or Weir has closed the connection
					return;
				}
			}
		});

		void reset() {
			this.received.clear();
			this.opened.set(0);
			this.closes.clear();
			this.script = SERVES;
		}

		/** Other tests close their connections in their own time. */
		void awaitClose(int code) {
			Awaitility.await().until(() -> {
				Frame close = this.closes.poll();
				return close != null && close.code() == code;
			});
		}

		interface Reaction {

			void react(RawWebSocket socket, String message) throws InterruptedException;

		}

	}

}
