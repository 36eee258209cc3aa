package dev.weir.server;

import java.util.Map;
import java.util.Set;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import reactor.netty.NettyPipeline;

/**
 * Switches the connection of a client from HTTP to another protocol (RFC 9110, section
 * 15.2.2): sends the reply 101, and replaces all handlers for HTTP. Reactor Netty still
 * observes the end of the connection, and takes it for the end of the request.
 */
public final class ProtocolSwitch {

	private static final Set<String> OF_HTTP = Set.of(NettyPipeline.HttpCodec, NettyPipeline.HttpTrafficHandler,
			NettyPipeline.AccessLogHandler, NettyPipeline.HttpMetricsHandler, NettyPipeline.CompressionHandler,
			NettyPipeline.IdleTimeoutHandler);

	private ProtocolSwitch() {
	}

	/**
	 * Switches a connection. Must be called on its event loop, while a request waits for
	 * its reply.
	 * @param channel the connection
	 * @param headers the headers of the reply
	 * @param handlers the handlers for the new protocol, from the socket on
	 * @throws IllegalStateException if the connection does not speak HTTP/1.1
	 */
	public static void perform(Channel channel, HttpHeaders headers, ChannelHandler... handlers) {
		ChannelPipeline pipeline = channel.pipeline();
		ChannelHandlerContext guard = pipeline.context(RequestGuard.class);
		if (guard == null) {
			throw new IllegalStateException("Only connections with HTTP/1.1 can switch their protocol");
		}
		DefaultFullHttpResponse reply = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1,
				HttpResponseStatus.SWITCHING_PROTOCOLS);
		reply.headers().set(headers).remove(HttpHeaderNames.TRANSFER_ENCODING).remove(HttpHeaderNames.CONTENT_LENGTH);
		guard.writeAndFlush(reply);
		String last = NettyPipeline.HttpCodec;
		for (ChannelHandler handler : handlers) {
			String name = "weir." + handler.getClass().getSimpleName();
			pipeline.addAfter(last, name, handler);
			last = name;
		}
		for (Map.Entry<String, ChannelHandler> entry : pipeline.toMap().entrySet()) {
			if (OF_HTTP.contains(entry.getKey()) || isOwn(entry.getValue())) {
				// a decoder passes the bytes that it has not read to the next handler
				pipeline.remove(entry.getValue());
			}
		}
		channel.config().setAutoRead(true);
	}

	private static boolean isOwn(ChannelHandler handler) {
		return handler instanceof ReplyEncoder || handler instanceof RequestGuard
				|| handler instanceof RequestTimeoutHandler || handler instanceof OverloadHandler
				|| handler instanceof BrokenBodyHandler;
	}

}
