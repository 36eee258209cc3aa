package dev.weir.websocket;

import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

import com.jayway.jsonpath.JsonPath;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

import dev.weir.memory.BufferBudget;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawWebSocket;
import dev.weir.testing.RawWebSocket.Frame;
import dev.weir.testing.Signal;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Responses over WebSocket with backends and clients that are late, slow or wrong.
 */
class ResponsesSocketFaultTests {

	@AutoClose
	private final OpenResources resources = new OpenResources();

	private static String create(String model, String more) {
		return "{\"type\":\"response.create\",\"model\":\"" + model + "\"" + more + "}";
	}

	private static String created(String id) {
		return "{\"type\":\"response.created\",\"response\":{\"id\":\"" + id + "\"}}";
	}

	private static String delta(String text) {
		return "{\"type\":\"response.output_text.delta\",\"delta\":\"" + text + "\"}";
	}

	private static String completed(String id) {
		return "{\"type\":\"response.completed\",\"response\":{\"id\":\"" + id
				+ "\",\"usage\":{\"input_tokens\":3,\"output_tokens\":4,\"total_tokens\":7}}}";
	}

	private WeirServer start(String pool, String... backends) {
		return this.resources.add(WeirServer.start(WeirServer.pool(pool, backends)));
	}

	private RawWebSocket connect(WeirServer weir) {
		RawWebSocket client = this.resources.add(RawWebSocket.connect(weir, "/v1/responses"));
		assertThat(client.reply().status()).isEqualTo(101);
		return client;
	}

	/** Serves each message with the events of one response. */
	private RawBackend serving(String id) {
		return this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			for (Frame frame = socket.next(); frame.opcode() == RawWebSocket.TEXT; frame = socket.next()) {
				socket.text(created(id)).text(delta(id)).text(completed(id));
			}
		});
	}

	@Test
	void eventsOfABackendThatRespondsTooLateDoNotReachTheClient() {
		Signal late = new Signal();
		Signal sent = new Signal();
		RawBackend slow = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.nextText();
			late.await();
			socket.text(created("SLOW")).text(delta("SLOW")).text(completed("SLOW"));
			sent.send();
			socket.awaitClose();
		});
		RawBackend fast = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.nextText();
			socket.text(created("FAST")).text(delta("FAST"));
			late.send();
			sent.await();
			socket.nextText();
			socket.text(completed("FAST"));
			socket.awaitClose();
		});
		WeirServer weir = start("first-event-timeout: 300ms, hold-signs-of-life: 0ms",
				WeirServer.backend("a", slow.url(), "models: {m1: m1}"),
				WeirServer.backend("b", fast.url(), "priority: 2", "models: {m1: m1}"));
		RawWebSocket client = connect(weir);
		client.text(create("m1", ""));
		assertThat(client.nextText()).contains("FAST");
		assertThat(client.nextText()).contains("FAST");
		client.text("{\"type\":\"proceed\"}");
		assertThat(client.nextText()).contains("completed", "FAST");
	}

	@Test
	void aSecondMessageDoesNotDisturbTheResponseThatRuns() {
		Signal done = new Signal();
		AtomicInteger sockets = new AtomicInteger();
		RawBackend backend = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			if (sockets.incrementAndGet() == 1) {
				socket.nextText();
				socket.text(created("r1")).text(delta("1"));
				done.await();
				socket.text(completed("r1"));
				socket.awaitClose();
			}
			else {
				// silent
				socket.nextText();
				socket.awaitClose();
			}
		});
		WeirServer weir = start("first-event-timeout: 300ms, max-wait: 0ms",
				WeirServer.backend("a", backend.url(), "models: {m1: m1}"),
				WeirServer.backend("b", serving("r2").url(), "priority: 2", "models: {m1: m1}"));
		RawWebSocket client = connect(weir);
		client.text(create("m1", "")).text(create("m1", ""));
		String all = "";
		for (int i = 0; i < 5; i++) {
			all += client.nextText();
		}
		done.send();
		all += client.nextText();
		assertThat(all).contains("r1", "r2").doesNotContain("error");
		assertThat(sockets).hasValue(2);
	}

	@Test
	void aContinuationWaitsForItsTurnOnTheWebSocketOfItsPreviousResponse() {
		Signal proceed = new Signal();
		List<String> received = new CopyOnWriteArrayList<>();
		AtomicInteger sockets = new AtomicInteger();
		RawBackend backend = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			sockets.incrementAndGet();
			for (int i = 1; i < 4; i++) {
				Frame frame = socket.next();
				if (frame.opcode() != RawWebSocket.TEXT) {
					return;
				}
				received.add(frame.text());
				socket.text(created("resp_" + i)).text(delta("x"));
				if (i == 2) {
					proceed.await();
				}
				socket.text(completed("resp_" + i));
			}
			socket.awaitClose();
		});
		WeirServer weir = start("first-event-timeout: 300ms, response-timeout: 5s",
				WeirServer.backend("a", backend.url(), "models: {m1: m1}"));
		RawWebSocket client = connect(weir);
		client.text(create("m1", ""));
		for (int i = 0; i < 3; i++) {
			client.nextText();
		}
		String more = ",\"store\":false,\"previous_response_id\":\"resp_1\"";
		client.text(create("m1", more)).text(create("m1", more));
		client.nextText();
		client.nextText();
		Awaitility.await().during(500, TimeUnit.MILLISECONDS).until(() -> received.size() == 2);
		proceed.send();
		assertThat(client.nextText()).contains("completed", "resp_2");
		assertThat(client.nextText()).contains("created", "resp_3");
		client.nextText();
		assertThat(client.nextText()).contains("completed", "resp_3");
		assertThat(sockets).hasValue(1);
	}

	@Test
	void anAnnouncedLengthTakesNoMemoryAndAnUnfinishedFrameIsPassedOnInParts() throws InterruptedException {
		BlockingQueue<Integer> lengths = new LinkedBlockingQueue<>();
		RawBackend backend = this.resources.backend((call) -> {
			RawWebSocket.accept(call);
			byte[] bytes = new byte[64 * 1024];
			for (int count = call.socket().getInputStream().read(bytes); count >= 0; count = call.socket()
				.getInputStream()
				.read(bytes)) {
				lengths.add(count);
			}
		});
		WeirServer weir = this.resources.add(WeirServer.start("weir.max-buffered: 16MB\nweir.body-timeout: 1s\n"
				+ WeirServer.pool("", WeirServer.backend("a", backend.url(), "models: {m1: m1}"))));
		BufferBudget budget = weir.beans(BufferBudget.class).values().iterator().next();
		byte[] whole = RawWebSocket.bytesOf(RawWebSocket.TEXT, true, true, new byte[1_000_000]);
		for (int i = 0; i < 4; i++) {
			this.resources.add(RawWebSocket.connect(weir, "/v1/realtime?model=m1")).raw(Arrays.copyOf(whole, 100_015));
		}
		Awaitility.await().until(() -> budget.used() > 300_000);
		assertThat(budget.used()).isLessThan(410_000);
		int total = 0;
		while (total < 400_000) {
			Integer length = lengths.poll(10, TimeUnit.SECONDS);
			assertThat(length).isNotNull();
			total += length;
		}
		Awaitility.await().until(() -> budget.used() == 0);
	}

	@Test
	void anUnfinishedMessageIsGivenUpAfterBodyTimeout() {
		WeirServer weir = this.resources.add(WeirServer.start("weir.body-timeout: 1s\n"
				+ WeirServer.pool("", WeirServer.backend("a", serving("r").url(), "models: {m1: m1}"))));
		BufferBudget budget = weir.beans(BufferBudget.class).values().iterator().next();
		RawWebSocket client = connect(weir);
		client.frame(RawWebSocket.TEXT, false, new byte[100_000]);
		Frame close = client.awaitClose();
		assertThat(close.code()).isEqualTo(1008);
		Awaitility.await().until(() -> budget.used() == 0);
	}

	@Test
	void unfinishedMessagesYieldTheirMemoryToOtherRequests() {
		WeirServer weir = this.resources.add(WeirServer.start("weir.max-buffered: 1MB\n"
				+ WeirServer.pool("", WeirServer.backend("a", serving("r").url(), "models: {m1: m1}"))));
		BufferBudget budget = weir.beans(BufferBudget.class).values().iterator().next();
		RawWebSocket client = connect(weir);
		client.frame(RawWebSocket.TEXT, false, new byte[600_000]);
		Awaitility.await().until(() -> budget.used() >= 600_000);
		Awaitility.await().until(() -> {
			try (BufferBudget.Share other = budget.open()) {
				return other.grow(700_000);
			}
		});
		assertThat(client.awaitClose().code()).isEqualTo(1013);
	}

	@Test
	void s9AFloodOfPingsIsReadOnlyAsFastAsTheBackendReads() throws InterruptedException {
		Signal end = new Signal();
		RawBackend stalled = this.resources.backend((call) -> {
			RawWebSocket.accept(call);
			end.await();
		});
		WeirServer weir = start("", WeirServer.backend("a", stalled.url(), "models: {m1: m1}"));
		RawWebSocket client = connect(weir);
		byte[] ping = RawWebSocket.bytesOf(RawWebSocket.PING, true, true, new byte[125]);
		byte[] many = new byte[ping.length * 1000];
		for (int i = 0; i < 1000; i++) {
			System.arraycopy(ping, 0, many, i * ping.length, ping.length);
		}
		AtomicLong sent = new AtomicLong();
		Thread sender = new Thread(() -> {
			try {
				while (sent.get() < 100_000_000) {
					client.raw(many);
					sent.addAndGet(many.length);
				}
			}
			catch (UncheckedIOException ex) {
				// the test has ended
			}
		});
		sender.setDaemon(true);
		sender.start();
		AtomicLong before = new AtomicLong();
		Awaitility.await()
			.pollInterval(500, TimeUnit.MILLISECONDS)
			.until(() -> sent.get() > 0 && before.getAndSet(sent.get()) == sent.get());
		assertThat(sent.get()).isLessThan(50_000_000);
		end.send();
		client.reset();
		sender.join(5000);
	}

	@Test
	void aClientIsReadAgainAfterABackendThatDidNotReadWasGivenUp() {
		AtomicInteger sockets = new AtomicInteger();
		Signal end = new Signal();
		RawBackend backend = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			if (sockets.incrementAndGet() == 1) {
				end.await();
				return;
			}
			socket.nextText();
			socket.text(created("r2")).text(completed("r2"));
			socket.awaitClose();
		});
		WeirServer weir = start("first-event-timeout: 500ms, response-timeout: 1s, max-wait: 0ms, max-attempts: 1",
				WeirServer.backend("a", backend.url(), "models: {m1: m1}"));
		RawWebSocket client = connect(weir);
		client.text(create("m1", ",\"input\":\"" + "x".repeat(12_000_000) + "\""));
		assertThat(client.nextText()).contains("\"status\":504");
		client.text(create("m1", ""));
		assertThat(client.nextText()).contains("r2");
		end.send();
	}

	@Test
	void anErrorAboutAnotherMessageDoesNotEndTheResponseThatRuns() {
		Signal go = new Signal();
		RawBackend backend = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.nextText();
			socket.text(created("r")).text(delta("1"));
			socket.nextText();
			socket.text("{\"type\":\"error\",\"status\":404,\"error\":{\"message\":\"no such response\"}}");
			go.await();
			socket.text(completed("r"));
			socket.awaitClose();
		});
		WeirServer weir = start("hold-signs-of-life: 0ms", WeirServer.backend("a", backend.url(), "models: {m1: m1}"));
		RawWebSocket client = connect(weir);
		client.text(create("m1", ""));
		client.nextText();
		client.nextText();
		client.text("{\"type\":\"response.cancel\",\"response_id\":\"nope\"}");
		assertThat(client.nextText()).contains("no such response");
		assertThat(JsonPath.<Integer>read(weir.get("/actuator/backends/a").body(), "$.inFlight")).isEqualTo(1);
		go.send();
		assertThat(client.nextText()).contains("completed");
		Awaitility.await()
			.untilAsserted(() -> assertThat(weir.get("/actuator/prometheus").body())
				.containsPattern("gen_ai_client_token_usage_tokens?_sum\\{[^}]*type=\"output\"[^}]*} 4.0"));
	}

	@Test
	void anErrorWithoutAnIdEndsTheResponseThatRunsIfNothingElseIsOpen() {
		RawBackend backend = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.nextText();
			socket.text(created("r")).text(delta("1"));
			socket.text("{\"type\":\"error\",\"status\":500,\"error\":{\"message\":\"failed\"}}");
			socket.awaitClose();
		});
		WeirServer weir = start("", WeirServer.backend("a", backend.url(), "models: {m1: m1}"));
		RawWebSocket client = connect(weir);
		client.text(create("m1", ""));
		client.nextText();
		client.nextText();
		assertThat(client.nextText()).contains("failed");
		Awaitility.await()
			.until(() -> JsonPath.<Integer>read(weir.get("/actuator/backends/a").body(), "$.inFlight") == 0);
	}

	@Test
	void aContinuationWithAModelThatItsBackendDoesNotServeIsRefused() {
		WeirServer weir = start("", WeirServer.backend("a", serving("resp_r").url(), "models: {m1: m1}"),
				WeirServer.backend("b", serving("resp_b").url(), "priority: 2", "models: {m2: m2}"));
		RawWebSocket client = connect(weir);
		client.text(create("m1", ""));
		for (int i = 0; i < 3; i++) {
			client.nextText();
		}
		client.text(create("m2", ",\"previous_response_id\":\"resp_r\""));
		assertThat(client.nextText()).contains("\"status\":400", "model_not_found", "Backend a", "resp_r");
		RawWebSocket other = connect(weir);
		other.text(create("m2", ",\"previous_response_id\":\"resp_r\""));
		assertThat(other.nextText()).contains("\"status\":400", "model_not_found", "Backend a", "resp_r");
	}

	@Test
	void aMessageGoesToTheBackendThatStoresItsObjects() {
		RawBackend with = lookedUp("file-1", "WITH");
		RawBackend without = lookedUp("none", "WITHOUT");
		WeirServer weir = start("", WeirServer.backend("a", without.url(), "models: {m1: m1}"),
				WeirServer.backend("b", with.url(), "priority: 2", "models: {m1: m1}"));
		RawWebSocket client = connect(weir);
		client.text(create("m1", ",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_file\","
				+ "\"file_id\":\"file-1\"}]}]"));
		assertThat(client.nextText()).contains("WITH\"");
		client.nextText();
		client.nextText();
		client.text(create("m1", ",\"previous_response_id\":\"resp_unknown\""));
		assertThat(client.nextText()).contains("\"status\":4", "resp_unknown");
	}

	@Test
	void aContinuationThatNamesAnObjectOfAnotherBackendIsRefusedWithTheNamesOfBoth() {
		RawBackend one = lookedUp("none", "resp_one");
		RawBackend two = lookedUp("file-1", "resp_two");
		WeirServer weir = start("", WeirServer.backend("a", one.url(), "models: {m1: m1}"),
				WeirServer.backend("b", two.url(), "priority: 2", "models: {m1: m1}"));
		String file = ",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_file\",\"file_id\":\"file-1\"}]}]";
		RawWebSocket client = connect(weir);
		for (String more : List.of("", file)) {
			client.text(create("m1", more));
			for (int i = 0; i < 3; i++) {
				client.nextText();
			}
		}
		client.text(create("m1", ",\"previous_response_id\":\"resp_one\"" + file));
		assertThat(client.nextText()).contains("\"status\":400", "objects_on_different_backends", "resp_one",
				"on backend a", "file-1", "on backend b");
		client.text(create("m1", ",\"previous_response_id\":\"resp_two\"" + file));
		for (int i = 0; i < 3; i++) {
			assertThat(client.nextText()).contains("resp_two");
		}
	}

	@Test
	void aResponseThatIsNotStoredIsNotSoughtOnItsBackend() {
		RawBackend one = lookedUp("none", "resp_one");
		RawBackend two = lookedUp("none", "resp_two");
		WeirServer weir = start("", WeirServer.backend("a", one.url(), "models: {m1: m1}"),
				WeirServer.backend("b", two.url(), "priority: 2", "models: {m1: m1}"));
		RawWebSocket client = connect(weir);
		client.text(create("m1", ",\"store\":false"));
		for (int i = 0; i < 3; i++) {
			client.nextText();
		}
		client.text(create("m1", ",\"store\":false,\"previous_response_id\":\"resp_one\""));
		for (int i = 0; i < 3; i++) {
			assertThat(client.nextText()).contains("resp_one");
		}
		RawWebSocket other = connect(weir);
		other.text(create("m1", ",\"previous_response_id\":\"resp_one\""));
		assertThat(other.nextText()).contains("\"status\":4", "resp_one").doesNotContain("created");
	}

	/** Serves messages, and knows one object. */
	private RawBackend lookedUp(String object, String id) {
		return this.resources.backend((call) -> {
			if (!call.request().toLowerCase(Locale.ROOT).contains("upgrade: websocket")) {
				boolean known = call.request().lines().findFirst().orElse("").contains(object);
				String body = known ? "{\"id\":\"" + object + "\"}"
						: "{\"error\":{\"message\":\"not found\",\"code\":\"not_found\"}}";
				call.write("HTTP/1.1 " + (known ? "200 OK" : "404 Not Found")
						+ "\r\ncontent-type: application/json\r\ncontent-length: " + body.length() + "\r\n\r\n" + body);
				return;
			}
			RawWebSocket socket = RawWebSocket.accept(call);
			for (Frame frame = socket.next(); frame.opcode() == RawWebSocket.TEXT; frame = socket.next()) {
				socket.text(created(id)).text(delta(id)).text(completed(id));
			}
		});
	}

	@Test
	void aHeldEventIsSentWhenItsTimeIsOver() {
		Signal end = new Signal();
		RawBackend backend = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.nextText();
			socket.text(created("r"));
			end.await();
			socket.text(completed("r"));
			socket.awaitClose();
		});
		WeirServer weir = start("hold-signs-of-life: 200ms",
				WeirServer.backend("a", backend.url(), "models: {m1: m1}"));
		RawWebSocket client = connect(weir);
		client.text(create("m1", ""));
		assertThat(client.nextText()).contains("created");
		end.send();
		assertThat(client.nextText()).contains("completed");
	}

	@Test
	void aBackendGets1011IfTheClientBreaksOffWhileItsRequestWaits() throws InterruptedException {
		BlockingQueue<Frame> closes = new LinkedBlockingQueue<>();
		Signal got = new Signal();
		RawBackend backend = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.nextText();
			got.send();
			closes.add(socket.awaitClose());
		});
		WeirServer weir = start("", WeirServer.backend("a", backend.url(), "models: {m1: m1}"));
		RawWebSocket client = connect(weir);
		client.text(create("m1", ""));
		got.await();
		client.reset();
		Frame close = closes.poll(5, TimeUnit.SECONDS);
		assertThat(close).isNotNull();
		assertThat(close.code()).isEqualTo(1011);
	}

	@Test
	void theBestErrorHasTheDelayOfTheNextTryAndCountsWithItsStatus() {
		RawBackend backend = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.nextText();
			socket.text("{\"type\":\"error\",\"status\":429,\"error\":{\"code\":\"rate_limit_exceeded\","
					+ "\"type\":\"tokens\",\"message\":\"Rate limit reached\"},\"headers\":{\"Retry-After\":\"30\"}}");
			socket.awaitClose();
		});
		RawBackend broken = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.nextText();
			socket.text("{\"type\":\"error\",\"status\":500,\"error\":{\"code\":\"server_error\","
					+ "\"type\":\"server_error\",\"message\":\"It failed\"}}");
			socket.awaitClose();
		});
		WeirServer weir = start("max-wait: 0ms", WeirServer.backend("a", broken.url(), "models: {m1: m1}"),
				WeirServer.backend("b", backend.url(), "models: {m2: m2}"));
		RawWebSocket client = connect(weir);
		client.text(create("m1", ""));
		String error = client.nextText();
		int status = JsonPath.read(error, "$.status");
		assertThat(status).isBetween(500, 503);
		Awaitility.await()
			.untilAsserted(() -> assertThat(weir.get("/actuator/prometheus").body())
				.containsPattern("weir_requests_seconds_count\\{pool=\"openai\",status=\"" + status + "\"} 1"));
		client.text(create("m2", ""));
		assertThat(client.nextText()).contains("\"status\":429", "retry-after");
	}

	@Test
	void aMessageOfTheClientIsNotKeptDuringItsResponse() {
		Signal end = new Signal();
		RawBackend backend = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.nextText();
			socket.text(created("r")).text(delta("1"));
			end.await();
			socket.text(completed("r"));
			socket.awaitClose();
		});
		WeirServer weir = start("", WeirServer.backend("a", backend.url(), "models: {m1: m1}"));
		BufferBudget budget = weir.beans(BufferBudget.class).values().iterator().next();
		RawWebSocket client = connect(weir);
		client.text(create("m1", ",\"input\":\"" + "x".repeat(1_000_000) + "\""));
		client.nextText();
		client.nextText();
		Awaitility.await().until(() -> budget.used() == 0);
		end.send();
		assertThat(client.nextText()).contains("completed");
	}

	@Test
	void aCloseThatComesWithTheHandshakeOfABackendReachesTheClient() {
		RawBackend backend = this.resources.backend((call) -> {
			String key = RawWebSocket.header(call.request(), "sec-websocket-key");
			byte[] close = RawWebSocket.bytesOf(RawWebSocket.CLOSE, true, false, new byte[] { 0x0B, (byte) 0xB9 });
			call.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
					+ "sec-websocket-accept: " + RawWebSocket.acceptKey(key) + "\r\n\r\n"
					+ new String(close, StandardCharsets.ISO_8859_1));
			call.socket().getInputStream().read();
		});
		WeirServer weir = start("", WeirServer.backend("a", backend.url(), "models: {m1: m1}"));
		RawWebSocket client = connect(weir);
		assertThat(client.awaitClose().opcode()).isEqualTo(RawWebSocket.CLOSE);
	}

	@Test
	void anIdleClientIsClosedButNotWhileAResponseRuns() throws InterruptedException {
		Signal end = new Signal();
		BlockingQueue<Frame> closes = new LinkedBlockingQueue<>();
		RawBackend backend = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			Frame frame = socket.next();
			if (frame.opcode() == RawWebSocket.CLOSE) {
				closes.add(frame);
				return;
			}
			socket.text(created("r")).text(delta("1"));
			end.await();
			socket.text(completed("r")).awaitClose();
		});
		WeirServer weir = this.resources.add(WeirServer.start("weir.websocket-idle-timeout: 1s\n"
				+ WeirServer.pool("", WeirServer.backend("a", backend.url(), "models: {m1: m1}"))));
		RawWebSocket busy = connect(weir);
		busy.text(create("m1", ""));
		RawWebSocket idle = connect(weir);
		Frame close = idle.awaitClose();
		assertThat(close.code()).isEqualTo(1001);
		assertThat(close.reason()).isEqualTo("No message for 1 s");
		Frame atBackend = closes.poll(5, TimeUnit.SECONDS);
		assertThat(atBackend).isNotNull();
		assertThat(atBackend.code()).isEqualTo(1001);
		end.send();
		busy.nextText();
		busy.nextText();
		assertThat(busy.nextText()).contains("completed");
	}

	@Test
	void ifABackendBreaksOffInTheMiddleOfAMessageTheOthersAreClosedWithThatReason() throws InterruptedException {
		Signal breakOff = new Signal();
		BlockingQueue<Frame> closes = new LinkedBlockingQueue<>();
		RawBackend broken = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.nextText();
			socket.text(created("r1")).text(delta("1"));
			socket.frame(RawWebSocket.TEXT, false, delta("x".repeat(100_000)).getBytes(StandardCharsets.UTF_8));
			breakOff.await();
			socket.reset();
		});
		RawBackend other = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.nextText();
			socket.text(created("r2")).text(delta("2"));
			closes.add(socket.awaitClose());
		});
		WeirServer weir = start("", WeirServer.backend("a", broken.url(), "models: {m1: m1}"),
				WeirServer.backend("b", other.url(), "models: {m2: m2}"));
		RawWebSocket client = connect(weir);
		client.text(create("m2", ""));
		assertThat(client.nextText()).contains("r2");
		client.nextText();
		client.text(create("m1", ""));
		assertThat(client.nextText()).contains("r1");
		client.nextText();
		assertThat(client.next().last()).isFalse();
		breakOff.send();
		assertThat(client.awaitClose().code()).isEqualTo(1014);
		Frame close = closes.poll(5, TimeUnit.SECONDS);
		assertThat(close).isNotNull();
		assertThat(close.code()).isEqualTo(1001);
		assertThat(close.reason()).isEqualTo("Another backend of the client failed");
		Awaitility.await()
			.untilAsserted(() -> assertThat(weir.get("/actuator/prometheus").body())
				.containsPattern("weir_attempts_\\w*count\\{[^}]*backend=\"b\"[^}]*outcome=\"cancelled\"[^}]*} 1")
				.containsPattern("weir_attempts_\\w*count\\{[^}]*backend=\"a\"[^}]*outcome=\"broken\"[^}]*} 1"));
	}

	@Test
	void s9ABackendThatWaitsForAMessageOfAnotherOneIsNotRead() throws InterruptedException {
		Signal proceed = new Signal();
		AtomicLong sent = new AtomicLong();
		RawBackend first = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.nextText();
			socket.text(created("r1")).text(delta("1"));
			socket.frame(RawWebSocket.TEXT, false, new byte[100_000]);
			proceed.await();
			for (int i = 0; i < 40; i++) {
				socket.frame(RawWebSocket.CONTINUATION, false, new byte[100_000]);
			}
			proceed.await();
			socket.frame(RawWebSocket.CONTINUATION, true, new byte[1]).text(completed("r1")).awaitClose();
		});
		byte[] event = delta("y".repeat(50_000)).getBytes(StandardCharsets.UTF_8);
		RawBackend second = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.nextText();
			socket.text(created("r2")).text(delta("2"));
			for (int i = 0; i < 300; i++) {
				socket.frame(RawWebSocket.TEXT, true, event);
				sent.addAndGet(event.length);
			}
			socket.text(completed("r2")).awaitClose();
		});
		WeirServer weir = start("", WeirServer.backend("a", first.url(), "models: {m1: m1}"),
				WeirServer.backend("b", second.url(), "models: {m2: m2}"));
		// each few bytes that it reads make it writable again
		RawWebSocket client = this.resources.add(RawWebSocket.connect(weir.port(), 8192, "/v1/responses"));
		client.text(create("m1", ""));
		client.nextText();
		client.nextText();
		assertThat(client.next().last()).isFalse();
		client.text(create("m2", ""));
		AtomicLong before = new AtomicLong();
		Awaitility.await()
			.pollInterval(200, TimeUnit.MILLISECONDS)
			.until(() -> sent.get() > 0 && before.getAndSet(sent.get()) == sent.get());
		assertThat(before.get()).isLessThan(15_000_000);
		proceed.send();
		for (int i = 0; i < 40; i++) {
			client.next();
		}
		Awaitility.await().during(200, TimeUnit.MILLISECONDS).until(() -> sent.get() == before.get());
		proceed.send();
		client.next();
		int completed = 0;
		while (completed < 2) {
			completed += client.next().text().contains("response.completed") ? 1 : 0;
		}
	}

	@Test
	void aMessageWithoutABackendGetsAnError() {
		RawBackend silent = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.nextText();
			Frame close = socket.awaitClose();
			socket.close(close.code(), "");
		});
		WeirServer weir = start("first-event-timeout: 200ms, response-timeout: 300ms, max-wait: 0ms, max-attempts: 1",
				WeirServer.backend("a", silent.url(), "models: {m1: m1}"));
		RawWebSocket client = connect(weir);
		client.text(create("m1", ""));
		assertThat(client.nextText()).contains("\"status\":504");
		client.text("{\"type\":\"response.cancel\",\"response_id\":\"r\"}");
		assertThat(client.nextText()).contains("\"status\":503", "no_backend_connected");
	}

}
