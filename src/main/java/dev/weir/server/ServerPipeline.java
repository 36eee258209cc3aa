package dev.weir.server;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerUpgradeHandler;
import reactor.netty.NettyPipeline;
import reactor.netty.http.server.HttpRequestDecoderSpec;

import dev.weir.memory.OutOfMemoryHandler;

/**
 * Adds Weir's handlers to the pipeline of each client's connection. Where HTTP/2 is
 * switched on, the protocol is known with the first bytes only.
 */
final class ServerPipeline {

	private static final String ENCODER = "weir.responseEncoder";

	private static final String GUARD = "weir.requestGuard";

	private static final String BROKEN_BODY = "weir.brokenBodyHandler";

	private static final String DETECTOR = "weir.http1Detector";

	private static final String MEMORY = "weir.outOfMemoryHandler";

	private static final String PACE = "weir.requestPace";

	private final HttpDecoderConfig decoderConfig;

	private final ClientPace pace;

	private final OutOfMemoryHandler memory = new OutOfMemoryHandler();

	/**
	 * Makes one.
	 * @param limits the decoder's settings, which Spring Boot and users made
	 * @param pace how long a client may take
	 */
	ServerPipeline(HttpRequestDecoderSpec limits, ClientPace pace) {
		this.pace = pace;
		this.decoderConfig = new HttpDecoderConfig().setMaxInitialLineLength(limits.maxInitialLineLength())
			.setMaxHeaderSize(limits.maxHeaderSize())
			.setValidateHeaders(limits.validateHeaders())
			.setInitialBufferSize(limits.initialBufferSize())
			.setAllowDuplicateContentLengths(limits.allowDuplicateContentLengths())
			.setAllowPartialChunks(limits.allowPartialChunks());
	}

	/**
	 * Prepares a new connection, whose pipeline Reactor Netty has made.
	 * @param channel the connection
	 */
	void init(Channel channel) {
		this.pace.init(channel);
		ChannelPipeline pipeline = channel.pipeline();
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
			install(pipeline);
		}
	}

	/** Adds the handlers of a connection that speaks HTTP/1. */
	private void install(ChannelPipeline pipeline) {
		RequestMethods methods = new RequestMethods();
		pipeline.replace(HttpServerCodec.class, NettyPipeline.HttpCodec,
				new RequestDecoder(this.decoderConfig, methods));
		pipeline.addAfter(NettyPipeline.HttpCodec, ENCODER, new ResponseEncoder(methods));
		pipeline.addAfter(ENCODER, GUARD, new RequestGuard());
		pipeline.addAfter(GUARD, PACE, this.pace.requests());
		pipeline.addAfter(NettyPipeline.HttpTrafficHandler, BROKEN_BODY, new BrokenBodyHandler());
		pipeline.addAfter(BROKEN_BODY, MEMORY, this.memory);
	}

	/**
	 * Waits for the first bytes that are no HTTP/2: what negotiates the protocol stands
	 * before it and keeps HTTP/2 to itself.
	 */
	private final class Http1Detector extends ChannelInboundHandlerAdapter {

		@Override
		public void channelRead(ChannelHandlerContext context, Object message) {
			ChannelPipeline pipeline = context.pipeline();
			if (pipeline.get(HttpServerCodec.class) != null) {
				install(pipeline);
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
