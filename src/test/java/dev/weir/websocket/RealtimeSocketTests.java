package dev.weir.websocket;

import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.LaneFigures;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawWebSocket;
import dev.weir.testing.RawWebSocket.Frame;
import dev.weir.testing.Signal;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;

import static dev.weir.testing.RawWebSocket.BINARY;
import static dev.weir.testing.RawWebSocket.CONTINUATION;
import static dev.weir.testing.RawWebSocket.PING;
import static dev.weir.testing.RawWebSocket.PONG;
import static dev.weir.testing.RawWebSocket.TEXT;
import static dev.weir.testing.Scripts.UNUSED;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Row S9: the frames of a realtime session, and how it ends.
 */
class RealtimeSocketTests {

	private static final RawBackend.Script ECHO = (call) -> RawWebSocket.accept(call).echo();

	private static final int MEGABYTE = 1024 * 1024;

	private static Stands stands;

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(60);
	}

	@AfterAll
	static void stopWeir() {
		stands.close();
	}

	private static RawWebSocket connect(Stand stand) {
		return connect(stand, 0);
	}

	private static RawWebSocket connect(Stand stand, int receiveBuffer) {
		RawWebSocket client = RawWebSocket.connect(stands.weir().port(), receiveBuffer,
				"/" + stand.name() + "/v1/realtime?model=gpt-4o", "Sec-WebSocket-Protocol: realtime");
		assertThat(client.reply().status()).isEqualTo(101);
		return client;
	}

	@ParameterizedTest
	@ValueSource(ints = { 0, 1, 125, 126, 127, 65535, 65536, 300_000, 2_000_000 })
	void messagesOfAnyLengthPassBothWays(int length) {
		Stand stand = stands.next(ECHO, UNUSED);
		try (RawWebSocket client = connect(stand)) {
			byte[] payload = new byte[length];
			Arrays.fill(payload, (byte) 'x');
			for (int opcode : new int[] { TEXT, BINARY }) {
				client.frame(opcode, true, payload);
				Frame frame = client.next();
				assertThat(frame.opcode()).isEqualTo(opcode);
				assertThat(frame.last()).isTrue();
				assertThat(frame.masked()).isFalse();
				assertThat(frame.payload()).isEqualTo(payload);
			}
		}
	}

	@Test
	void fragmentsAndControlFramesBetweenThemPassAsTheyCame() throws InterruptedException {
		BlockingQueue<Frame> received = new LinkedBlockingQueue<>();
		Stand stand = stands.next((call) -> {
			RawWebSocket backend = RawWebSocket.accept(call);
			for (Frame frame = backend.next(); frame.opcode() >= 0; frame = backend.next()) {
				received.add(frame);
			}
		}, UNUSED);
		try (RawWebSocket client = connect(stand)) {
			client.frame(TEXT, false, new byte[] { 'a' })
				.frame(PING, true, new byte[] { 'p' })
				.frame(CONTINUATION, false, new byte[0])
				.frame(PONG, true, new byte[0])
				.frame(CONTINUATION, true, new byte[] { 'b' });
			assertThat(describe(received)).isEqualTo("1 a");
			assertThat(describe(received)).isEqualTo("9. p");
			assertThat(describe(received)).isEqualTo("0 ");
			assertThat(describe(received)).isEqualTo("10. ");
			assertThat(describe(received)).isEqualTo("0. b");
		}
	}

	private static String describe(BlockingQueue<Frame> frames) throws InterruptedException {
		Frame frame = frames.poll(5, TimeUnit.SECONDS);
		assertThat(frame).isNotNull();
		assertThat(frame.masked()).isTrue();
		return frame.opcode() + (frame.last() ? ". " : " ") + frame.text();
	}

	@Test
	void pingsOfBothSidesReachTheOtherSide() {
		Stand stand = stands.next((call) -> {
			RawWebSocket backend = RawWebSocket.accept(call).frame(PING, true, new byte[] { 1, 2 });
			Frame pong = backend.next();
			backend.frame(pong.opcode(), true, pong.payload());
			backend.echo();
		}, UNUSED);
		try (RawWebSocket client = connect(stand)) {
			Frame ping = client.next();
			assertThat(ping.opcode()).isEqualTo(PING);
			client.frame(PONG, true, ping.payload());
			assertThat(client.next().payload()).containsExactly(1, 2);
			client.frame(PING, true, new byte[] { 3 });
			Frame pong = client.next();
			assertThat(pong.opcode()).isEqualTo(PONG);
			assertThat(pong.payload()).containsExactly(3);
		}
	}

	@ParameterizedTest
	@CsvSource({ "1000,bye", "1001,''", "1003,no", "1008,policy", "1011,broken", "1012,restart", "1013,later",
			"3000,own", "4999,own" })
	void closeCodesAndReasonsPassBothWays(int code, String reason) throws InterruptedException {
		BlockingQueue<Frame> received = new LinkedBlockingQueue<>();
		Stand fromClient = stands.next((call) -> {
			RawWebSocket backend = RawWebSocket.accept(call);
			Frame close = backend.awaitClose();
			received.add(close);
			backend.close(close.code(), close.reason());
		}, UNUSED);
		try (RawWebSocket client = connect(fromClient)) {
			client.close(code, reason);
			Frame response = client.awaitClose();
			assertThat(response.code()).isEqualTo(code);
			assertThat(client.next().opcode()).isEqualTo(-1);
		}
		Frame atBackend = received.poll(5, TimeUnit.SECONDS);
		assertThat(atBackend.code()).isEqualTo(code);
		assertThat(atBackend.reason()).isEqualTo(reason);
		Stand fromBackend = stands.next((call) -> {
			RawWebSocket backend = RawWebSocket.accept(call).close(code, reason);
			received.add(backend.awaitClose());
		}, UNUSED);
		try (RawWebSocket client = connect(fromBackend)) {
			Frame close = client.awaitClose();
			assertThat(close.code()).isEqualTo(code);
			assertThat(close.reason()).isEqualTo(reason);
			client.close(code, "");
		}
		assertThat(received.poll(5, TimeUnit.SECONDS).code()).isEqualTo(code);
	}

	@Test
	void aCloseFrameWithoutCodePassesWithoutCode() throws InterruptedException {
		BlockingQueue<Frame> received = new LinkedBlockingQueue<>();
		Stand stand = stands.next((call) -> {
			RawWebSocket backend = RawWebSocket.accept(call);
			received.add(backend.awaitClose());
			backend.frame(RawWebSocket.CLOSE, true, new byte[0]);
		}, UNUSED);
		try (RawWebSocket client = connect(stand)) {
			client.frame(RawWebSocket.CLOSE, true, new byte[0]);
			assertThat(client.awaitClose().code()).isEqualTo(1005);
		}
		assertThat(received.poll(5, TimeUnit.SECONDS).payload()).isEmpty();
		stand.awaitFirst(LaneFigures.SERVED_ONCE);
	}

	@Test
	void s9ABackendThatBreaksOffIsReportedWith1014() throws InterruptedException {
		for (boolean reset : new boolean[] { true, false }) {
			Signal proceed = new Signal();
			Stand stand = stands.next((call) -> {
				RawWebSocket backend = RawWebSocket.accept(call).text("hello");
				proceed.await();
				if (reset) {
					backend.reset();
				}
				else {
					backend.close();
				}
			}, UNUSED);
			try (RawWebSocket client = connect(stand)) {
				assertThat(client.nextText()).isEqualTo("hello");
				proceed.send();
				Frame close = client.awaitClose();
				assertThat(close.code()).isEqualTo(1014);
				client.close(1014, "");
				assertThat(client.next().opcode()).isEqualTo(-1);
			}
			stand.awaitFirst(LaneFigures.FAILED_ONCE);
		}
	}

	@ParameterizedTest
	@ValueSource(ints = { 2, 100, 100_000, 900_000 })
	void s9ABackendThatBreaksOffInTheMiddleOfAFrameIsReportedWith1014(int length) {
		byte[] frame = RawWebSocket.bytesOf(TEXT, true, false, new byte[length]);
		Stand stand = stands
			.next((call) -> RawWebSocket.accept(call).raw(Arrays.copyOf(frame, frame.length - 1)).close(), UNUSED);
		try (RawWebSocket client = connect(stand)) {
			assertThat(client.next().code()).isEqualTo(1014);
		}
		stand.awaitFirst(LaneFigures.FAILED_ONCE);
	}

	@Test
	void s9AClientThatVanishesIsReportedToTheBackendWith1011() throws InterruptedException {
		for (boolean reset : new boolean[] { true, false }) {
			BlockingQueue<Frame> received = new LinkedBlockingQueue<>();
			Stand stand = stands.next((call) -> {
				RawWebSocket backend = RawWebSocket.accept(call).text("hello");
				received.add(backend.awaitClose());
			}, UNUSED);
			RawWebSocket client = connect(stand);
			assertThat(client.nextText()).isEqualTo("hello");
			client.raw(new byte[] { (byte) 0x81 });
			if (reset) {
				client.reset();
			}
			else {
				client.close();
			}
			assertThat(received.poll(5, TimeUnit.SECONDS).code()).isEqualTo(1011);
			stand.awaitFirst(LaneFigures.NEITHER_ONCE);
		}
	}

	@Test
	void s9InvalidFramesOfAClientAreRefusedWith1002() throws InterruptedException {
		byte[][] invalid = { RawWebSocket.bytesOf(TEXT, true, false, new byte[] { 'a' }), { (byte) 0xC1, (byte) 0x80 },
				{ (byte) 0x83, (byte) 0x80 }, { (byte) 0x8B, (byte) 0x80 }, { (byte) 0x80, (byte) 0x80, 0, 0, 0, 0 },
				{ (byte) 0x09, (byte) 0x80 }, { (byte) 0x89, (byte) 0xFE, 0, 126 },
				{ (byte) 0x82, (byte) 0xFE, 0, 1, 0, 0, 0, 0 }, { (byte) 0x88, (byte) 0x81, 0, 0, 0, 0, 3 },
				{ (byte) 0x88, (byte) 0x82, 0, 0, 0, 0, 3, (byte) 0xEE },
				{ (byte) 0x88, (byte) 0x82, 0, 0, 0, 0, 3, (byte) 0xED } };
		for (byte[] frame : invalid) {
			BlockingQueue<Frame> received = new LinkedBlockingQueue<>();
			Stand stand = stands.next((call) -> received.add(RawWebSocket.accept(call).awaitClose()), UNUSED);
			try (RawWebSocket client = connect(stand)) {
				client.raw(frame);
				assertThat(client.next().code()).isEqualTo(1002);
				client.close(1002, "");
			}
			assertThat(received.poll(5, TimeUnit.SECONDS).code()).isEqualTo(1011);
		}
	}

	@Test
	void s9AnInvalidFrameOfABackendIsRefusedWith1002AndReportedWith1014() throws InterruptedException {
		BlockingQueue<Frame> received = new LinkedBlockingQueue<>();
		Stand stand = stands.next((call) -> {
			RawWebSocket backend = RawWebSocket.accept(call)
				.raw(RawWebSocket.bytesOf(TEXT, true, true, new byte[] { 'a' }));
			received.add(backend.awaitClose());
		}, UNUSED);
		try (RawWebSocket client = connect(stand)) {
			assertThat(client.next().code()).isEqualTo(1014);
		}
		assertThat(received.poll(5, TimeUnit.SECONDS).code()).isEqualTo(1002);
		stand.awaitFirst(LaneFigures.FAILED_ONCE);
	}

	@Test
	void s9AFrameOf16MegabytesPassesBothWays() {
		Stand stand = stands.next(ECHO, UNUSED);
		try (RawWebSocket client = connect(stand)) {
			byte[] payload = new byte[16 * MEGABYTE];
			for (int i = 0; i < payload.length; i += 1000) {
				payload[i] = (byte) i;
			}
			client.frame(BINARY, true, payload);
			Frame frame = client.next();
			assertThat(frame.last()).isTrue();
			assertThat(Arrays.equals(frame.payload(), payload)).isTrue();
		}
	}

	@Test
	void s9AMessageBeyondTheLimitClosesBothSidesWith1009() throws InterruptedException {
		BlockingQueue<Frame> received = new LinkedBlockingQueue<>();
		for (boolean fragmented : new boolean[] { true, false }) {
			Stand stand = stands.next((call) -> received.add(RawWebSocket.accept(call).awaitClose()), UNUSED);
			try (RawWebSocket client = connect(stand)) {
				if (fragmented) {
					for (int i = 0; i < 33; i++) {
						client.frame((i == 0) ? BINARY : CONTINUATION, false, new byte[MEGABYTE]);
					}
				}
				else {
					client.raw(
							Arrays.copyOf(RawWebSocket.bytesOf(BINARY, true, true, new byte[33 * MEGABYTE]), MEGABYTE));
				}
				assertThat(client.next().code()).isEqualTo(1009);
			}
			assertThat(received.poll(10, TimeUnit.SECONDS).code()).isEqualTo(1009);
		}
	}

	@Test
	void s9ASlowClientHoldsTheBackend() throws InterruptedException {
		AtomicLong sent = new AtomicLong();
		int total = 64 * MEGABYTE;
		Stand stand = stands.next((call) -> {
			RawWebSocket backend = RawWebSocket.accept(call);
			while (sent.get() < total) {
				backend.frame(BINARY, true, new byte[32 * 1024]);
				sent.addAndGet(32 * 1024);
			}
			backend.close(1000, "");
			backend.awaitClose();
		}, UNUSED);
		try (RawWebSocket client = connect(stand, 32 * 1024)) {
			long held = awaitStandstill(sent);
			assertThat(held).isLessThan(24L * MEGABYTE);
			long received = 0;
			for (Frame frame = client.next(); frame.opcode() == BINARY; frame = client.next()) {
				received += frame.payload().length;
			}
			assertThat(received).isEqualTo(total);
		}
	}

	@Test
	void s9ASlowBackendHoldsTheClient() throws InterruptedException {
		Signal proceed = new Signal();
		AtomicLong received = new AtomicLong();
		Signal done = new Signal();
		Stand stand = stands.next((call) -> {
			RawWebSocket backend = RawWebSocket.accept(call);
			proceed.await(Duration.ofSeconds(20));
			for (Frame frame = backend.next(); frame.opcode() == BINARY; frame = backend.next()) {
				received.addAndGet(frame.payload().length);
			}
			done.send();
		}, UNUSED);
		AtomicLong sent = new AtomicLong();
		int total = 64 * MEGABYTE;
		try (RawWebSocket client = connect(stand)) {
			Thread sender = new Thread(() -> {
				while (sent.get() < total) {
					client.frame(BINARY, true, new byte[32 * 1024]);
					sent.addAndGet(32 * 1024);
				}
				client.close(1000, "");
			});
			sender.start();
			assertThat(awaitStandstill(sent)).isLessThan(24L * MEGABYTE);
			proceed.send();
			done.await(Duration.ofSeconds(20));
			assertThat(received).hasValue(total);
			sender.join();
		}
	}

	/** Waits until nothing has been sent for half a second. */
	private static long awaitStandstill(AtomicLong sent) {
		long[] last = { -1 };
		Awaitility.await().pollInterval(Duration.ofMillis(500)).atMost(Duration.ofSeconds(15)).until(() -> {
			boolean same = sent.get() == last[0] && sent.get() > 0;
			last[0] = sent.get();
			return same;
		});
		return last[0];
	}

	@Test
	void s9AFloodOfPingsIsPassedOnAndHeldLikeOtherFrames() throws InterruptedException {
		int count = 200_000;
		AtomicLong sent = new AtomicLong();
		Stand stand = stands.next(ECHO, UNUSED);
		try (RawWebSocket client = connect(stand, 32 * 1024)) {
			byte[] pings = new byte[1000 * 6];
			byte[] ping = RawWebSocket.bytesOf(PING, true, true, new byte[0]);
			for (int i = 0; i < 1000; i++) {
				System.arraycopy(ping, 0, pings, i * ping.length, ping.length);
			}
			Thread sender = new Thread(() -> {
				for (int i = 0; i < count / 1000; i++) {
					client.raw(pings);
					sent.addAndGet(1000);
				}
				client.text("end");
			});
			sender.start();
			for (int i = 0; i < count; i++) {
				assertThat(client.next().opcode()).isEqualTo(PONG);
			}
			assertThat(client.nextText()).isEqualTo("end");
			sender.join();
		}
	}

	@Test
	void theSessionIsInFlightUntilItEnds() {
		Stand stand = stands.next(ECHO, UNUSED);
		RawWebSocket client = connect(stand);
		client.text("hi");
		assertThat(client.nextText()).isEqualTo("hi");
		assertThat(LaneFigures.of(stands.weir(), stand.name() + "-a")).isEqualTo(new LaneFigures(1, 1, 0, 0, 0));
		client.close(1000, "");
		assertThat(client.awaitClose().code()).isEqualTo(1000);
		stand.awaitFirst(LaneFigures.SERVED_ONCE);
		client.close();
	}

	@Test
	void framesThatFollowTheHandshakeOfTheBackendAtOnceAreNotLost() {
		Stand stand = stands.next((call) -> {
			String head = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
					+ "sec-websocket-accept: "
					+ RawWebSocket.acceptKey(RawWebSocket.header(call.request(), "sec-websocket-key")) + "\r\n\r\n";
			byte[] frame = RawWebSocket.bytesOf(TEXT, true, false, "first".getBytes());
			byte[] all = Arrays.copyOf(head.getBytes(), head.length() + frame.length);
			System.arraycopy(frame, 0, all, head.length(), frame.length);
			call.socket().getOutputStream().write(all);
			call.awaitClose();
		}, UNUSED);
		try (RawWebSocket client = connect(stand)) {
			assertThat(client.nextText()).isEqualTo("first");
		}
	}

}
