package dev.weir.websocket;

import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawWebSocket;
import dev.weir.testing.Signal;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Row S9 for responses over WebSocket: the memory that a client or a backend can make
 * Weir use is bounded, also by messages that Weir itself responds to.
 */
class ResponsesSocketMemoryTests {

	/** More than the buffers of two sockets take. */
	private static final long MOST_ACCEPTED = 40_000_000;

	private static final long ALL = 120_000_000;

	private static final byte[] PINGS = repeated(RawWebSocket.bytesOf(RawWebSocket.PING, true, true, new byte[125]),
			500);

	private static final byte[] INVALID = repeated(RawWebSocket.bytesOf(RawWebSocket.TEXT, true, true,
			create("n".repeat(200)).getBytes(StandardCharsets.UTF_8)), 500);

	@AutoClose
	private final OpenResources resources = new OpenResources();

	private static byte[] repeated(byte[] bytes, int times) {
		byte[] all = new byte[bytes.length * times];
		for (int i = 0; i < times; i++) {
			System.arraycopy(bytes, 0, all, i * bytes.length, bytes.length);
		}
		return all;
	}

	private static String create(String model) {
		return "{\"type\":\"response.create\",\"model\":\"" + model + "\"}";
	}

	private static String completed(String id) {
		return "{\"type\":\"response.completed\",\"response\":{\"id\":\"" + id + "\"}}";
	}

	private static void serve(RawWebSocket socket, String id) {
		// without a variable, which would keep the message
		while (socket.next().opcode() == RawWebSocket.TEXT) {
			socket.text(completed(id));
		}
	}

	private RawBackend serving(String id) {
		return this.resources.backend((call) -> serve(RawWebSocket.accept(call), id));
	}

	private WeirServer start(String settings, RawBackend one, RawBackend two) {
		return this.resources
			.add(WeirServer.start(WeirServer.pool(settings, WeirServer.backend("a", one.url(), "models: {m1: m1}"),
					WeirServer.backend("b", two.url(), "priority: 2", "models: {m2: m2}"))));
	}

	/**
	 * A client that is connected with both backends, so that Weir responds to its pings.
	 */
	private RawWebSocket connectWithBoth(WeirServer weir) {
		RawWebSocket client = this.resources.add(RawWebSocket.connect(weir.port(), 8192, "/v1/responses"));
		for (String model : List.of("m1", "m2")) {
			client.text(create(model));
			assertThat(client.nextText()).contains("completed");
		}
		return client;
	}

	/** Sends bytes again and again on another thread. */
	private static AtomicLong flood(RawWebSocket socket, byte[] bytes) {
		AtomicLong sent = new AtomicLong();
		Thread sender = new Thread(() -> {
			try {
				while (sent.get() < ALL) {
					socket.raw(bytes);
					sent.addAndGet(bytes.length);
				}
			}
			catch (UncheckedIOException ex) {
				// the test has ended
			}
		});
		sender.setDaemon(true);
		sender.start();
		return sent;
	}

	/** On a busy machine a short pause does not show that the sender is held. */
	private static void awaitPause(AtomicLong sent) {
		AtomicLong before = new AtomicLong();
		Awaitility.await()
			.atMost(Duration.ofSeconds(30))
			.pollInterval(200, TimeUnit.MILLISECONDS)
			.during(2, TimeUnit.SECONDS)
			.until(() -> sent.get() > 0 && before.getAndSet(sent.get()) == sent.get());
		assertThat(sent.get()).isLessThan(MOST_ACCEPTED);
	}

	private static void awaitMore(RawWebSocket reader, AtomicLong sent) {
		long before = sent.get();
		while (sent.get() < before + 1_000_000) {
			assertThat(reader.next().opcode()).isNotNegative();
		}
	}

	@Test
	void s9AFloodOfPingsIsReadOnlyAsFastAsTheClientReadsThePongs() {
		RawWebSocket client = connectWithBoth(start("", serving("r1"), serving("r2")));
		AtomicLong sent = flood(client, PINGS);
		awaitPause(sent);
		awaitMore(client, sent);
		client.reset();
	}

	@Test
	void s9AFloodOfInvalidMessagesIsReadOnlyAsFastAsTheClientReadsTheErrors() {
		WeirServer weir = start("", serving("r1"), serving("r2"));
		RawWebSocket client = this.resources.add(RawWebSocket.connect(weir.port(), 8192, "/v1/responses"));
		AtomicLong sent = flood(client, INVALID);
		awaitPause(sent);
		awaitMore(client, sent);
		client.reset();
	}

	@Test
	void s9ErrorsThatWaitForTheEndOfAMessageAreBounded() {
		Signal proceed = new Signal();
		RawBackend slow = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.nextText();
			socket.frame(RawWebSocket.TEXT, false, new byte[1_100_000]);
			proceed.await(Duration.ofMinutes(1));
			socket.frame(RawWebSocket.CONTINUATION, true, new byte[1]).text(completed("r1")).awaitClose();
		});
		WeirServer weir = start("", slow, serving("r2"));
		RawWebSocket client = this.resources.add(RawWebSocket.connect(weir, "/v1/responses"));
		client.text(create("m1"));
		assertThat(client.next().last()).isFalse();
		AtomicLong sent = flood(client, INVALID);
		awaitPause(sent);
		proceed.send();
		awaitMore(client, sent);
		client.reset();
	}

	@Test
	void s9ABackendThatReadsNoPongsIsNotRead() throws InterruptedException {
		Signal finish = new Signal();
		Signal flooding = new Signal();
		AtomicLong sent = new AtomicLong();
		byte[] pings = repeated(RawWebSocket.bytesOf(RawWebSocket.PING, true, false, new byte[125]), 500);
		RawBackend deaf = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.nextText();
			socket.text(completed("r2"));
			flooding.await();
			while (sent.get() < ALL) {
				socket.raw(pings);
				sent.addAndGet(pings.length);
			}
			finish.await(Duration.ofMinutes(1));
		});
		RawWebSocket client = connectWithBoth(start("", serving("r1"), deaf));
		flooding.send();
		awaitPause(sent);
		client.text(create("m1"));
		assertThat(client.nextText()).contains("r1");
		client.reset();
		finish.send();
	}

	@Test
	void eventsThatAreHeldHaveABoundTogether() {
		Signal end = new Signal();
		String event = "{\"type\":\"response.in_progress\",\"response\":{\"id\":\"r1\",\"instructions\":\""
				+ "x".repeat(200_000) + "\"}}";
		RawBackend backend = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.nextText();
			for (int i = 0; i < 6; i++) {
				socket.text(event);
			}
			end.await(Duration.ofMinutes(1));
			socket.text(completed("r1")).awaitClose();
		});
		WeirServer weir = start("hold-signs-of-life: 1m, first-event-timeout: 1m", backend, serving("r2"));
		RawWebSocket client = this.resources.add(RawWebSocket.connect(weir, "/v1/responses"));
		client.text(create("m1"));
		for (int i = 0; i < 6; i++) {
			assertThat(client.nextText()).isEqualTo(event);
		}
		end.send();
		assertThat(client.nextText()).contains("completed");
	}

	@Test
	void anIdleClientDoesNotKeepTheMemoryOfItsLongestMessage() {
		WeirServer weir = start("", serving("r1"), serving("r2"));
		String message = create("m1\",\"input\":\"" + "x".repeat(8_000_000));
		List<RawWebSocket> clients = new ArrayList<>();
		for (int i = 0; i < 5; i++) {
			clients.add(this.resources.add(RawWebSocket.connect(weir, "/v1/responses")));
		}
		clients.get(0).text(create("m1")).nextText();
		long before = heap();
		clients.forEach((client) -> assertThat(client.text(message).nextText()).contains("completed"));
		Awaitility.await()
			.atMost(Duration.ofSeconds(10))
			.untilAsserted(() -> assertThat(heap() - before).isLessThan(20_000_000));
	}

	private static long heap() {
		System.gc();
		return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
	}

}
