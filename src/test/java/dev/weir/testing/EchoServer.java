package dev.weir.testing;

import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;

/**
 * A realtime backend of Netty's WebSocket codec, which checks frames, UTF-8 and close
 * codes, responds to pings, and sends every other frame back.
 */
public final class EchoServer implements AutoCloseable {

	/** The path of a backend with the dialect of Azure's v1 API. */
	public static final String PATH = "/openai/v1/realtime";

	private static final int MAX_FRAME = 17 * 1024 * 1024;

	/**
	 * Without a close frame when it closes, which would follow that for an invalid frame.
	 */
	private static final WebSocketServerProtocolConfig CONFIGURATION = WebSocketServerProtocolConfig.newBuilder()
		.websocketPath(PATH)
		.checkStartsWith(true)
		.maxFramePayloadLength(MAX_FRAME)
		.sendCloseFrame(null)
		.build();

	private final EventLoopGroup group = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());

	private final Channel server;

	private EchoServer() throws InterruptedException {
		this.server = new ServerBootstrap().group(this.group)
			.channel(NioServerSocketChannel.class)
			.childHandler(new ChannelInitializer<>() {

				@Override
				protected void initChannel(Channel channel) {
					channel.pipeline()
						.addLast(new HttpServerCodec(), new HttpObjectAggregator(65536),
								new WebSocketServerProtocolHandler(CONFIGURATION), new Echo());
				}

			})
			.bind("127.0.0.1", 0)
			.sync()
			.channel();
	}

	/**
	 * Starts a server on a free port.
	 * @return the running server
	 * @throws InterruptedException if the thread is interrupted
	 */
	public static EchoServer start() throws InterruptedException {
		return new EchoServer();
	}

	public int port() {
		return ((InetSocketAddress) this.server.localAddress()).getPort();
	}

	/**
	 * The event loops, for clients that share them.
	 * @return the event loops
	 */
	public EventLoopGroup group() {
		return this.group;
	}

	@Override
	public void close() {
		this.server.close();
		this.group.shutdownGracefully(0, 5, TimeUnit.SECONDS);
	}

	private static final class Echo extends SimpleChannelInboundHandler<WebSocketFrame> {

		@Override
		protected void channelRead0(ChannelHandlerContext context, WebSocketFrame frame) {
			context.writeAndFlush(frame.retain());
		}

	}

}
