package dev.weir.server;

import com.github.benmanes.caffeine.cache.Ticker;
import java.util.function.Supplier;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerUpgradeHandler;
import reactor.netty.NettyPipeline;
import reactor.netty.http.server.HttpRequestDecoderSpec;

import dev.weir.memory.DirectMemory;
import dev.weir.memory.OutOfMemoryHandler;

/**
 * Bounds the buffers of each client's connection and adds Weir's handlers to its
 * pipeline. If HTTP/2 is enabled, the handlers for HTTP/1 are added when the first bytes
 * have shown the protocol.
 */
final class ServerPipeline {

	private static final String REPLY_TIMEOUT = "weir.replyTimeoutHandler";

	private static final String ENCODER = "weir.replyEncoder";

	private static final String GUARD = "weir.requestGuard";

	private static final String REQUEST_TIMEOUT = "weir.requestTimeoutHandler";

	private static final String OVERLOAD = "weir.overloadHandler";

	private static final String BROKEN_BODY = "weir.brokenBodyHandler";

	private static final String MEMORY = "weir.outOfMemoryHandler";

	private static final String DETECTOR = "weir.http1Detector";

	/** Limit of bytes buffered for one connection; one event may exceed it. */
	private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(16 * 1024, 32 * 1024);

	/**
	 * Limit of unsent bytes that the operating system buffers for one connection. Without
	 * it, the buffer of a connection that was fast grows to megabytes.
	 */
	private static final long MAX_UNSENT = 64 * 1024;

	private final HttpDecoderConfig decoderConfig;

	private final Supplier<ClientTimeouts> timeouts;

	private final EarlyRefusal refusal;

	private final OutOfMemoryHandler memory = new OutOfMemoryHandler();

	/**
	 * Creates a pipeline for all connections.
	 * @param limits the limits of the decoder, as Spring Boot and users have set them
	 * @param timeouts how long a client may take, read when it connects
	 * @param refusal which requests an overloaded Weir refuses
	 */
	ServerPipeline(HttpRequestDecoderSpec limits, Supplier<ClientTimeouts> timeouts, EarlyRefusal refusal) {
		this.refusal = refusal;
		this.timeouts = timeouts;
		this.decoderConfig = new HttpDecoderConfig().setMaxInitialLineLength(limits.maxInitialLineLength())
			.setMaxHeaderSize(limits.maxHeaderSize())
			.setValidateHeaders(limits.validateHeaders())
			.setInitialBufferSize(limits.initialBufferSize())
			.setAllowDuplicateContentLengths(limits.allowDuplicateContentLengths())
			.setAllowPartialChunks(limits.allowPartialChunks());
	}

	/**
	 * Prepares a new connection.
	 * @param channel the connection, with the pipeline that Reactor Netty has created
	 */
	void init(Channel channel) {
		channel.config().setOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK);
		// ignored by transports other than epoll
		channel.config().setOption(EpollChannelOption.TCP_NOTSENT_LOWAT, MAX_UNSENT);
		ChannelPipeline pipeline = channel.pipeline();
		pipeline.addFirst(REPLY_TIMEOUT,
				new ReplyTimeoutHandler(this.timeouts.get().reply(), DirectMemory::isScarce, Ticker.systemTicker()));
		if (pipeline.get(NettyPipeline.HttpTrafficHandler) == null) {
			// TLS negotiates the protocol
			if (pipeline.get(NettyPipeline.H2OrHttp11Codec) != null) {
				pipeline.addAfter(NettyPipeline.H2OrHttp11Codec, DETECTOR, new Http1Detector());
			}
		}
		else if (pipeline.get(NettyPipeline.H2CUpgradeHandler) != null) {
			pipeline.addAfter(NettyPipeline.H2CUpgradeHandler, DETECTOR, new Http1Detector());
		}
		else {
			addHttp1Handlers(pipeline);
		}
	}

	private void addHttp1Handlers(ChannelPipeline pipeline) {
		PendingMethods methods = new PendingMethods();
		pipeline.replace(HttpServerCodec.class, NettyPipeline.HttpCodec,
				new RequestDecoder(this.decoderConfig, methods));
		pipeline.addAfter(NettyPipeline.HttpCodec, ENCODER, new ReplyEncoder(methods));
		RequestGuard guard = new RequestGuard();
		pipeline.addAfter(ENCODER, GUARD, guard);
		ClientTimeouts current = this.timeouts.get();
		pipeline.addAfter(GUARD, REQUEST_TIMEOUT,
				new RequestTimeoutHandler(current.head(), current.body(), guard::isDiscarding));
		pipeline.addAfter(REQUEST_TIMEOUT, OVERLOAD, new OverloadHandler(this.refusal));
		pipeline.addAfter(NettyPipeline.HttpTrafficHandler, BROKEN_BODY, new BrokenBodyHandler());
		pipeline.addAfter(BROKEN_BODY, MEMORY, this.memory);
	}

	/**
	 * Waits for the first message of a connection that may speak HTTP/2. The negotiation
	 * is before it in the pipeline and consumes all messages of HTTP/2, so the first one
	 * that arrives here is HTTP/1.
	 */
	private final class Http1Detector extends ChannelInboundHandlerAdapter {

		@Override
		public void channelRead(ChannelHandlerContext context, Object message) {
			ChannelPipeline pipeline = context.pipeline();
			if (pipeline.get(HttpServerCodec.class) != null) {
				addHttp1Handlers(pipeline);
				// an upgrade to HTTP/2 is optional (RFC 9110, section 7.8) and would need
				// the whole body in memory
				if (pipeline.get(HttpServerUpgradeHandler.class) != null) {
					pipeline.remove(HttpServerUpgradeHandler.class);
				}
			}
			context.fireChannelRead(message);
			pipeline.remove(this);
		}

	}

}
