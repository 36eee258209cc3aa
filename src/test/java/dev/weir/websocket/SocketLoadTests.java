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
 * Prints the processor time of Weir's event loops, the heap, and how long a frame takes
 * to come back, with and without Weir between. The property {@code sockets.seconds} sets
 * the time.
 */
@Tag("soak")
class SocketLoadTests {

	private static final int SOCKETS = 200;

	private static final int PERIOD_MILLIS = 20;

	private static final int SECONDS = Integer.getInteger("sockets.seconds", 10);

	@Test
	void framesOfManySessionsPassWithoutLossAndWithoutGrowth() throws Exception {
		EventLoopGroup peers = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
		Channel backend = backend(peers);
		int port = ((InetSocketAddress) backend.localAddress()).getPort();
		try (WeirServer weir = WeirServer
			.withBackends(WeirServer.backend("a", URI.create("http://127.0.0.1:" + port)))) {
			run(peers, weir.port(), 3);
			Run direct = run(peers, port, Math.min(SECONDS, 10));
			long before = heap();
			long cpu = loopTime();
			Run through = run(peers, weir.port(), SECONDS);
			double cores = (loopTime() - cpu) / 1e9 / through.seconds;
			System.out.printf("%d sockets, %d frames a second: Weir %.2f cores, %.1f µs a frame; heap %d → %d MB%n",
					SOCKETS, through.frames / (long) through.seconds, cores,
					cores * 1e6 * through.seconds / through.frames / 2, before >> 20, heap() >> 20);
			System.out.printf(
					"There and back: direct p50 %.0f µs, p99 %.0f µs; through Weir p50 %.0f µs, p99 %.0f µs%n",
					direct.percentile(50), direct.percentile(99), through.percentile(50), through.percentile(99));
			assertThat(heap() - before).isLessThan(32L << 20);
		}
		finally {
			backend.close();
			peers.shutdownGracefully(0, 5, TimeUnit.SECONDS);
		}
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

	private static Run run(EventLoopGroup group, int port, int seconds) throws InterruptedException {
		Run run = new Run(seconds);
		CountDownLatch connected = new CountDownLatch(SOCKETS);
		List<Channel> clients = new ArrayList<>();
		List<Future<?>> senders = new ArrayList<>();
		for (int i = 0; i < SOCKETS; i++) {
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
		for (int i = 0; i < SOCKETS; i++) {
			Channel client = clients.get(i);
			senders.add(client.eventLoop().scheduleAtFixedRate(() -> {
				run.sent.incrementAndGet();
				client.writeAndFlush(
						new BinaryWebSocketFrame(Unpooled.buffer(1024).writeLong(System.nanoTime()).writeZero(1016)));
			}, (long) i * PERIOD_MILLIS * 1000 / SOCKETS, PERIOD_MILLIS * 1000L, TimeUnit.MICROSECONDS));
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

	private static final class Run {

		private final int seconds;

		private final AtomicInteger sent = new AtomicInteger();

		private final AtomicInteger received = new AtomicInteger();

		private final int[] nanos;

		private volatile boolean stopped;

		private int frames;

		Run(int seconds) {
			this.seconds = seconds;
			this.nanos = new int[SOCKETS * (1000 / PERIOD_MILLIS) * (seconds + 5)];
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
