package dev.weir.websocket;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketClientHandshakerFactory;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler.ClientHandshakeStateEvent;
import io.netty.handler.codec.http.websocketx.WebSocketVersion;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import dev.weir.testing.EchoServer;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * 200 realtime sessions with 50 frames a second each, of 1 KB, sent back by the backend.
 * Prints the processor time of Weir's event loops and the heap. With 20 sessions and 20
 * frames a second each, prints how much later a frame comes back with Weir between. Fails
 * if the machine does not reach that load. The property {@code sockets.seconds} sets the
 * time.
 */
@Tag("soak")
class SocketLoadTests {

	private static final Load FULL = new Load(200, 20);

	/** Low enough to measure a frame and not the queue in front of a processor. */
	private static final Load LOW = new Load(20, 50);

	/** How often the direct way and the way through Weir follow each other. */
	private static final int ROUNDS = 5;

	/** Many times the usual delay, for a busy machine. */
	private static final double MAX_ADDED_MICROS = 5000;

	/** Above it, most of the direct delay is a wait for a processor. */
	private static final double MAX_DIRECT_MICROS = 2000;

	/** The part of the planned frames that must come back in time. */
	private static final double MIN_LOAD = 0.8;

	private static final int SECONDS = Integer.getInteger("sockets.seconds", 10);

	@Test
	void framesOfManySessionsPassWithoutLossAndWithoutGrowth() throws Exception {
		try (EchoServer backend = EchoServer.start();
				WeirServer weir = WeirServer
					.withBackends(WeirServer.backend("a", URI.create("http://127.0.0.1:" + backend.port())))) {
			run(FULL, backend.group(), weir.port(), 3);
			long before = heap();
			long cpu = loopTime();
			Run through = measure(FULL, backend.group(), weir.port(), SECONDS);
			double cores = (loopTime() - cpu) / 1e9 / through.seconds;
			System.out.printf(
					"%d sockets, %d of %d frames a second: Weir %.2f cores, %.1f µs a frame; heap %d → %d MB%n",
					FULL.sockets(), through.frames / through.seconds, FULL.framesPerSecond(), cores,
					cores * 1e6 * through.seconds / through.frames / 2, before >> 20, heap() >> 20);
			assertThat(heap() - before).isLessThan(32L << 20);
		}
	}

	/**
	 * The difference of two runs that follow each other shows the time that Weir adds,
	 * also on a busy machine: the median over several rounds is not that of one pause.
	 */
	@Test
	void aFrameIsDelayedByLittle() throws Exception {
		try (EchoServer backend = EchoServer.start();
				WeirServer weir = WeirServer
					.withBackends(WeirServer.backend("a", URI.create("http://127.0.0.1:" + backend.port())))) {
			run(LOW, backend.group(), weir.port(), 3);
			run(LOW, backend.group(), backend.port(), 1);
			List<Run> direct = new ArrayList<>();
			List<Run> through = new ArrayList<>();
			for (int i = 0; i < ROUNDS; i++) {
				direct.add(measure(LOW, backend.group(), backend.port(), 3));
				through.add(measure(LOW, backend.group(), weir.port(), 3));
			}
			for (int percent : new int[] { 50, 99 }) {
				double[] without = rounds((i) -> direct.get(i).percentile(percent));
				double[] with = rounds((i) -> through.get(i).percentile(percent));
				double[] added = rounds((i) -> through.get(i).percentile(percent) - direct.get(i).percentile(percent));
				System.out.printf(
						"There and back, p%d: direct %.0f µs, through Weir %.0f µs, added %.0f µs (%.0f to %.0f)%s%n",
						percent, without[ROUNDS / 2], with[ROUNDS / 2], added[ROUNDS / 2], added[0], added[ROUNDS - 1],
						(without[ROUNDS / 2] > MAX_DIRECT_MICROS) ? "; this means nothing: the machine is too busy"
								: "");
				if (percent == 50) {
					assertThat(added[ROUNDS / 2]).isLessThan(MAX_ADDED_MICROS);
				}
			}
		}
	}

	/** The values of all rounds, the smallest first. */
	private static double[] rounds(IntToDoubleFunction value) {
		return IntStream.range(0, ROUNDS).mapToDouble(value).sorted().toArray();
	}

	private static long heap() {
		System.gc();
		return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
	}

	/** The processor time of Weir's event loops. */
	private static long loopTime() {
		ThreadMXBean threads = ManagementFactory.getThreadMXBean();
		return Arrays.stream(threads.getThreadInfo(threads.getAllThreadIds()))
			.filter((thread) -> thread != null && thread.getThreadName().startsWith("reactor-http"))
			.mapToLong(ThreadInfo::getThreadId)
			.map(threads::getThreadCpuTime)
			.sum();
	}

	/**
	 * Fails if the machine did not reach the load: the figures would be those of less.
	 */
	private static Run measure(Load load, EventLoopGroup group, int port, int seconds) throws InterruptedException {
		Run run = run(load, group, port, seconds);
		assertThat(run.frames).as("frames that came back in %d s, of %d", seconds, seconds * load.framesPerSecond())
			.isGreaterThanOrEqualTo((int) (MIN_LOAD * seconds * load.framesPerSecond()));
		return run;
	}

	private static Run run(Load load, EventLoopGroup group, int port, int seconds) throws InterruptedException {
		Run run = new Run(load, seconds);
		CountDownLatch connected = new CountDownLatch(load.sockets());
		List<Channel> clients = new ArrayList<>();
		List<Future<?>> senders = new ArrayList<>();
		for (int i = 0; i < load.sockets(); i++) {
			URI uri = URI.create("ws://127.0.0.1:" + port + "/openai/v1/realtime?model=m");
			clients
				.add(new Bootstrap().group(group).channel(NioSocketChannel.class).handler(new ChannelInitializer<>() {

					@Override
					protected void initChannel(Channel channel) {
						channel.pipeline()
							.addLast(new HttpClientCodec(), new HttpObjectAggregator(65536),
									new WebSocketClientProtocolHandler(WebSocketClientHandshakerFactory.newHandshaker(
											uri, WebSocketVersion.V13, null, false, new DefaultHttpHeaders())),
									new Receiver(run, connected));
					}

				}).connect("127.0.0.1", port).sync().channel());
		}
		assertThat(connected.await(20, TimeUnit.SECONDS)).isTrue();
		for (int i = 0; i < load.sockets(); i++) {
			Channel client = clients.get(i);
			senders.add(client.eventLoop().scheduleAtFixedRate(() -> {
				run.sent.incrementAndGet();
				client.writeAndFlush(
						new BinaryWebSocketFrame(Unpooled.buffer(1024).writeLong(System.nanoTime()).writeZero(1016)));
			}, (long) i * load.periodMillis() * 1000 / load.sockets(), load.periodMillis() * 1000L,
					TimeUnit.MICROSECONDS));
		}
		TimeUnit.SECONDS.sleep(seconds);
		run.stop();
		for (Channel client : clients) {
			assertThat(client.isActive()).isTrue();
		}
		for (Future<?> sender : senders) {
			sender.cancel(false);
		}
		Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> run.received.get() == run.sent.get());
		run.sort();
		for (Channel client : clients) {
			client.close().sync();
		}
		return run;
	}

	/**
	 * How much is sent.
	 *
	 * @param sockets the number of WebSockets
	 * @param periodMillis the time between two frames of each
	 */
	private record Load(int sockets, int periodMillis) {

		int framesPerSecond() {
			return this.sockets * 1000 / this.periodMillis;
		}

	}

	private static final class Run {

		private final int seconds;

		private final AtomicInteger sent = new AtomicInteger();

		private final AtomicInteger received = new AtomicInteger();

		private final int[] nanos;

		private volatile boolean stopped;

		private int frames;

		Run(Load load, int seconds) {
			this.seconds = seconds;
			this.nanos = new int[load.framesPerSecond() * (seconds + 5)];
		}

		void add(long time) {
			int index = this.received.getAndIncrement();
			if (!this.stopped && index < this.nanos.length) {
				this.nanos[index] = (int) Math.min(time, Integer.MAX_VALUE);
			}
		}

		/** Frames that come back later do not count. */
		void stop() {
			this.frames = Math.min(this.received.get(), this.nanos.length);
			this.stopped = true;
		}

		void sort() {
			Arrays.sort(this.nanos, 0, this.frames);
		}

		double percentile(int percent) {
			return this.nanos[(int) ((long) this.frames * percent / 100)] / 1000.0;
		}

	}

	private static final class Receiver extends SimpleChannelInboundHandler<BinaryWebSocketFrame> {

		private final Run run;

		private final CountDownLatch connected;

		Receiver(Run run, CountDownLatch connected) {
			this.run = run;
			this.connected = connected;
		}

		@Override
		protected void channelRead0(ChannelHandlerContext context, BinaryWebSocketFrame frame) {
			this.run.add(System.nanoTime() - frame.content().getLong(0));
		}

		@Override
		public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
			if (event == ClientHandshakeStateEvent.HANDSHAKE_COMPLETE) {
				this.connected.countDown();
			}
			super.userEventTriggered(context, event);
		}

	}

}
