package dev.weir.websocket;

import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import dev.weir.testing.LoggedOutput;
import dev.weir.testing.OpenResources;
import dev.weir.testing.PoolsYaml;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawWebSocket;
import dev.weir.testing.RawWebSocket.Frame;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Row S5 over WebSocket: encrypted reasoning and the ids of items, also those of events
 * that are too long to be held, as in requests over HTTP.
 */
class ResponsesSocketReasoningTests {

	private static final String FAILS = "{\"type\":\"error\",\"status\":500,\"error\":{\"type\":\"server_error\","
			+ "\"code\":\"server_error\",\"message\":\"It failed\"}}";

	private static Model a;

	private static Model b;

	private static WeirServer weir;

	private static int used;

	private String pool;

	@AutoClose
	private final OpenResources resources = new OpenResources();

	@BeforeAll
	static void start() {
		a = new Model("a");
		b = new Model("b");
		PoolsYaml yaml = new PoolsYaml();
		for (int i = 0; i < 14; i++) {
			for (String policy : List.of("drop", "strict")) {
				String pool = policy + "-" + i;
				yaml.pool(pool, "max-wait: 0ms" + (policy.equals("strict") ? ", affinity: {reasoning: strict}" : ""),
						WeirServer.backend(pool + "-a", a.server.url(), "models: {m: m}"),
						WeirServer.backend(pool + "-b", b.server.url(), "priority: 2", "models: {m: m}"));
			}
		}
		weir = WeirServer.start(yaml.toString());
	}

	@AfterAll
	static void stop() {
		weir.close();
		a.server.close();
		b.server.close();
	}

	@BeforeEach
	void choosePool() {
		this.pool = "drop-" + used++;
		a.reset();
		b.reset();
	}

	private void strict() {
		this.pool = this.pool.replace("drop", "strict");
	}

	private RawWebSocket connect() {
		return this.resources.add(RawWebSocket.connect(weir, "/v1/responses", "x-pool: " + this.pool));
	}

	private static String create(String input, String more) {
		return "{\"type\":\"response.create\",\"model\":\"m\",\"store\":false,\"input\":[" + input + "]" + more + "}";
	}

	private static String reasoning(String content) {
		return "{\"type\":\"reasoning\",\"id\":\"rs_" + content.hashCode()
				+ "\",\"summary\":[],\"encrypted_content\":\"" + content
				+ "\"},{\"type\":\"message\",\"role\":\"assistant\",\"id\":\"msg_" + content.hashCode()
				+ "\",\"content\":\"ok\"}," + "{\"role\":\"user\",\"content\":\"and?\"}";
	}

	/** Sends a message, and returns the events up to the last one. */
	private static String respond(RawWebSocket client, String message) {
		client.text(message);
		StringBuilder all = new StringBuilder();
		while (true) {
			String event = client.nextText();
			all.append(event).append('\n');
			if (event.contains("response.completed") || event.contains("\"error\"")) {
				return all.toString();
			}
		}
	}

	/** The reasoning of a first turn. */
	private String firstTurn() {
		return contentIn(respond(connect(), create("{\"role\":\"user\",\"content\":\"hi\"}", "")));
	}

	private static String contentIn(String events) {
		assertThat(events).contains("response.completed");
		int from = events.indexOf("\"encrypted_content\":\"") + "\"encrypted_content\":\"".length();
		return events.substring(from, events.indexOf('"', from));
	}

	@Test
	void s5ReasoningGoesToTheBackendThatMadeIt() {
		a.fails = true;
		String made = firstTurn();
		assertThat(made).startsWith("b-").hasSizeGreaterThan(1000);
		a.reset();
		assertThat(respond(connect(), create(reasoning(made), ""))).contains("response.completed", "by-b");
		assertThat(a.received).isEmpty();
	}

	@Test
	void s5ReasoningOfABackendThatFailsIsLeftOutAndTheLogSaysSo() {
		String made = firstTurn();
		assertThat(made).startsWith("a-");
		a.fails = true;
		try (LoggedOutput log = LoggedOutput.start()) {
			assertThat(respond(connect(), create(reasoning(made), ""))).contains("response.completed", "by-b");
			assertThat(log.text()).contains("Encrypted reasoning is left out of the request, because backend "
					+ this.pool + "-a, which made it, cannot take the request");
		}
		assertThat(b.received.get(0)).doesNotContain("encrypted_content", "rs_", "msg_")
			.contains("\"role\":\"assistant\"", "and?");
	}

	@Test
	void s5WithStrictReasoningOfABackendThatFailsIsNotLeftOut() {
		strict();
		String made = firstTurn();
		a.fails = true;
		assertThat(respond(connect(), create(reasoning(made), ""))).contains("\"error\"");
		assertThat(b.received).isEmpty();
	}

	@Test
	void s5ReasoningOfUnknownOriginIsTriedOnTheOtherBackend() {
		assertThat(respond(connect(), create(reasoning("b-unknown"), ""))).contains("response.completed", "by-b")
			.doesNotContain("invalid_encrypted_content");
		assertThat(a.received).hasSize(1);
		// nothing is set aside
		assertThat(respond(connect(), create("", ""))).contains("by-a");
	}

	@Test
	void s5ReasoningThatNoBackendKnowsIsLeftOut() {
		assertThat(respond(connect(), create(reasoning("x-lost"), ""))).contains("response.completed");
		assertThat(a.received).hasSize(2);
		assertThat(b.received).hasSize(1);
		assertThat(a.received.get(1)).doesNotContain("encrypted_content", "msg_").contains("and?");
	}

	@Test
	void s5WithStrictTheErrorOfTheBackendIsPassedOnIfNoBackendKnowsTheReasoning() {
		strict();
		assertThat(respond(connect(), create(reasoning("x-lost"), ""))).contains("\"status\":400",
				"invalid_encrypted_content");
		assertThat(a.received).hasSize(1);
		assertThat(b.received).hasSize(1);
	}

	@Test
	void s5OfTheReasoningOfTwoBackendsTheOlderOneIsLeftOut() {
		String first = firstTurn();
		a.fails = true;
		String second = firstTurn();
		a.reset();
		b.reset();
		assertThat(respond(connect(), create(reasoning(first) + "," + reasoning(second), ""))).contains("by-b");
		assertThat(b.received.get(0)).contains(second).doesNotContain(first);
		assertThat(a.received).isEmpty();
	}

	@Test
	void s5AContinuationKeepsItsWebSocketWhenForeignReasoningIsLeftOut() {
		RawWebSocket client = connect();
		respond(client, create("{\"role\":\"user\",\"content\":\"hi\"}", ""));
		assertThat(respond(client, create(reasoning("x-foreign"), ",\"previous_response_id\":\"resp_a1\"")))
			.contains("response.completed", "by-a");
		assertThat(a.received).hasSize(3);
		assertThat(a.received.get(2)).contains("resp_a1").doesNotContain("encrypted_content");
		assertThat(b.received).isEmpty();
	}

	@Test
	void reasoningInAnEventThatIsTooLongToBeHeldIsRecorded() {
		a.fails = true;
		b.length = 400_000;
		String made = firstTurn();
		assertThat(made).startsWith("b-").hasSizeGreaterThan(400_000);
		a.reset();
		assertThat(respond(connect(), create(reasoning(made), ""))).contains("by-b");
		assertThat(a.received).isEmpty();
	}

	@Test
	void idsInALongEventInManyFragmentsAreRecorded() {
		a.fails = true;
		b.length = 300_000;
		b.fragment = 1000;
		String made = firstTurn();
		a.reset();
		assertThat(respond(connect(), create(reasoning(made), ""))).contains("by-b");
		assertThat(a.received).isEmpty();
	}

	@Test
	void theIdOfEachItemIsRecorded() {
		a.fails = true;
		b.more = "{\"type\":\"response.completed\",\"response\":{\"id\":\"resp_b1\",\"output\":["
				+ "{\"type\":\"message\",\"id\":\"msg_first\"},{\"type\":\"message\",\"id\":\"msg_" + this.pool
				+ "\"}]}}";
		RawWebSocket client = connect();
		respond(client, create("", "").replace("\"store\":false,", ""));
		a.reset();
		assertThat(respond(connect(), create("{\"type\":\"item_reference\",\"id\":\"msg_" + this.pool + "\"}", "")))
			.contains("response.completed");
		assertThat(a.received).isEmpty();
	}

	/** A backend that reads only the reasoning that begins with its name. */
	private static final class Model {

		private final String name;

		private final List<String> received = new CopyOnWriteArrayList<>();

		private volatile boolean fails;

		private volatile int length = 2000;

		private volatile int fragment = Integer.MAX_VALUE;

		/** The last event, in place of the usual one. */
		private volatile String more = "";

		private int turn;

		private final RawBackend server;

		Model(String name) {
			this.name = name;
			this.server = RawBackend.start((call) -> {
				RawWebSocket socket = RawWebSocket.accept(call);
				for (Frame frame = socket.next(); frame.opcode() == RawWebSocket.TEXT; frame = socket.next()) {
					this.received.add(frame.text());
					try {
						respond(socket, frame.text());
					}
					catch (UncheckedIOException ex) {
						return;
					}
				}
			});
		}

		void reset() {
			this.received.clear();
			this.fails = false;
			this.length = 2000;
			this.fragment = Integer.MAX_VALUE;
			this.more = "";
			this.turn = 0;
		}

		private void respond(RawWebSocket socket, String message) {
			String[] parts = message.split("\"encrypted_content\":\"", -1);
			boolean foreign = Arrays.stream(parts).skip(1).anyMatch((part) -> !part.startsWith(this.name + "-"));
			if (this.fails) {
				socket.text(FAILS);
			}
			else if (foreign) {
				socket.text("{\"type\":\"error\",\"status\":400,\"error\":{\"type\":\"invalid_request_error\","
						+ "\"code\":\"invalid_encrypted_content\",\"message\":\"The encrypted content gAAA could not"
						+ " be verified.\",\"param\":null}}");
			}
			else {
				String id = "resp_" + this.name + ++this.turn;
				String content = this.name + "-" + System.nanoTime() + "g".repeat(this.length);
				String item = "{\"type\":\"reasoning\",\"id\":\"rs_" + content.hashCode()
						+ "\",\"summary\":[],\"encrypted_content\":\"" + content + "\"}";
				socket.text("{\"type\":\"response.created\",\"response\":{\"id\":\"" + id + "\"}}");
				send(socket, "{\"type\":\"response.output_item.done\",\"item\":" + item + "}");
				socket.text("{\"type\":\"response.output_text.delta\",\"delta\":\"by-" + this.name + "\"}");
				socket.text(this.more.isEmpty()
						? "{\"type\":\"response.completed\",\"response\":{\"id\":\"" + id + "\"}}" : this.more);
			}
		}

		private void send(RawWebSocket socket, String event) {
			byte[] bytes = event.getBytes(StandardCharsets.UTF_8);
			for (int at = 0; at < bytes.length; at += Math.min(this.fragment, bytes.length - at)) {
				int end = at + Math.min(this.fragment, bytes.length - at);
				socket.frame((at == 0) ? RawWebSocket.TEXT : RawWebSocket.CONTINUATION, end == bytes.length,
						Arrays.copyOfRange(bytes, at, end));
			}
		}

	}

}
