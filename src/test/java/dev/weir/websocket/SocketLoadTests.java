package dev.weir.websocket;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketClientHandshakerFactory;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler.ClientHandshakeStateEvent;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.codec.http.websocketx.WebSocketVersion;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * 200 realtime sessions with 50 frames a second each, of 1 KB, sent back by the backend.
 * Prints the processor time of Weir's event loops and the heap. With 20 sessions and 20
 * frames a second each, prints how much later a frame comes back with Weir between. The
 * property {@code sockets.seconds} sets the time.
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

	private static final int SECONDS = Integer.getInteger("sockets.seconds", 10);

	@Test
	void framesOfManySessionsPassWithoutLossAndWithoutGrowth() throws Exception {
		EventLoopGroup peers = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
		Channel backend = backend(peers);
		int port = ((InetSocketAddress) backend.localAddress()).getPort();
		try (WeirServer weir = WeirServer
			.withBackends(WeirServer.backend("a", URI.create("http://127.0.0.1:" + port)))) {
			run(FULL, peers, weir.port(), 3);
			long before = heap();
			long cpu = loopTime();
			Run through = run(FULL, peers, weir.port(), SECONDS);
			double cores = (loopTime() - cpu) / 1e9 / through.seconds;
			System.out.printf("%d sockets, %d frames a second: Weir %.2f cores, %.1f µs a frame; heap %d → %d MB%n",
					FULL.sockets(), through.frames / (long) through.seconds, cores,
					cores * 1e6 * through.seconds / through.frames / 2, before >> 20, heap() >> 20);
			assertThat(heap() - before).isLessThan(32L << 20);
		}
		finally {
			backend.close();
			peers.shutdownGracefully(0, 5, TimeUnit.SECONDS);
		}
	}

	/**
	 * The difference of two runs that follow each other shows the time that Weir adds,
	 * also on a busy machine: the median over several rounds is not that of one pause.
	 */
	@Test
	void aFrameIsDelayedByLittle() throws Exception {
		EventLoopGroup peers = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
		Channel backend = backend(peers);
		int port = ((InetSocketAddress) backend.localAddress()).getPort();
		try (WeirServer weir = WeirServer
			.withBackends(WeirServer.backend("a", URI.create("http://127.0.0.1:" + port)))) {
			run(LOW, peers, weir.port(), 3);
			run(LOW, peers, port, 1);
			List<Run> direct = new ArrayList<>();
			List<Run> through = new ArrayList<>();
			for (int i = 0; i < ROUNDS; i++) {
				direct.add(run(LOW, peers, port, 3));
				through.add(run(LOW, peers, weir.port(), 3));
			}
			for (int percent : new int[] { 50, 99 }) {
				double added = median(IntStream.range(0, ROUNDS)
					.mapToDouble((i) -> through.get(i).percentile(percent) - direct.get(i).percentile(percent)));
				System.out.printf("There and back, p%d: direct %.0f µs, through Weir %.0f µs, added %.0f µs%n", percent,
						median(direct.stream().mapToDouble((run) -> run.percentile(percent))),
						median(through.stream().mapToDouble((run) -> run.percentile(percent))), added);
				if (percent == 50) {
					assertThat(added).isLessThan(MAX_ADDED_MICROS);
				}
			}
		}
		finally {
			backend.close();
			peers.shutdownGracefully(0, 5, TimeUnit.SECONDS);
		}
	}

	private static double median(DoubleStream values) {
		return values.sorted().skip(ROUNDS / 2).findFirst().orElseThrow();
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

	private static Channel backend(EventLoopGroup group) throws InterruptedException {
		return new ServerBootstrap().group(group)
			.channel(NioServerSocketChannel.class)
			.childHandler(new ChannelInitializer<>() {

				@Override
				protected void initChannel(Channel channel) {
					channel.pipeline()
						.addLast(new HttpServerCodec(), new HttpObjectAggregator(65536),
								new WebSocketServerProtocolHandler("/openai/v1/realtime", null, false, 65536, false,
										true),
								new Echo());
				}

			})
			.bind("127.0.0.1", 0)
			.sync()
			.channel();
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
		for (Channel client : clients) {
			assertThat(client.isActive()).isTrue();
		}
		run.stopped = true;
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
			this.nanos = new int[load.sockets() * (1000 / load.periodMillis()) * (seconds + 5)];
		}

		void add(long time) {
			int index = this.received.getAndIncrement();
			if (!this.stopped && index < this.nanos.length) {
				this.nanos[index] = (int) Math.min(time, Integer.MAX_VALUE);
				this.frames = index;
			}
		}

		void sort() {
			Arrays.sort(this.nanos, 0, this.frames);
		}

		double percentile(int percent) {
			return this.nanos[(int) ((long) this.frames * percent / 100)] / 1000.0;
		}

	}

	private static final class Echo extends SimpleChannelInboundHandler<WebSocketFrame> {

		@Override
		protected void channelRead0(ChannelHandlerContext context, WebSocketFrame frame) {
			context.writeAndFlush(frame.retain());
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
