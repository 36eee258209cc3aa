package dev.weir.websocket;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;
import reactor.netty.NettyPipeline;

import dev.weir.backend.Outcome;
import dev.weir.backend.OutcomeException;
import dev.weir.inbound.ClientHandshake;
import dev.weir.upstream.AttemptConnection;

/**
 * The handshake with which Weir opens a WebSocket on a backend (RFC 6455, section 4.1).
 * As a handler of the connection it verifies the response. From a response 101 on, it
 * keeps the connection from Reactor Netty, which would take it for idle, and holds the
 * bytes that follow until the frames can be read.
 */
public final class BackendHandshake extends ChannelInboundHandlerAdapter {

	private static final SecureRandom RANDOM = new SecureRandom();

	private static final int KEY_LENGTH = 16;

	private final String key;

	private final String accept;

	private final List<String> protocols;

	private boolean upgraded;

	private final List<ByteBuf> early = new ArrayList<>(1);

	private BackendHandshake(String key, String accept, List<String> protocols) {
		this.key = key;
		this.accept = accept;
		this.protocols = protocols;
	}

	/**
	 * Begins a handshake.
	 * @param protocols the sub-protocols to offer
	 * @return the handshake, for one connection
	 */
	public static BackendHandshake begin(List<String> protocols) {
		byte[] random = new byte[KEY_LENGTH];
		RANDOM.nextBytes(random);
		String key = Base64.getEncoder().encodeToString(random);
		return new BackendHandshake(key, ClientHandshake.accept(key), protocols);
	}

	/**
	 * Writes the headers of the request.
	 * @param headers the headers to add to
	 */
	public void addHeaders(HttpHeaders headers) {
		headers.set(HttpHeaderNames.UPGRADE, "websocket");
		headers.set(HttpHeaderNames.CONNECTION, "Upgrade");
		headers.set(HttpHeaderNames.SEC_WEBSOCKET_VERSION, "13");
		headers.set(HttpHeaderNames.SEC_WEBSOCKET_KEY, this.key);
		if (!this.protocols.isEmpty()) {
			headers.set(HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL, String.join(", ", this.protocols));
		}
	}

	/**
	 * Observes the response on a connection.
	 * @param channel the connection, on which the request is about to be sent
	 */
	public void observe(Channel channel) {
		channel.pipeline().addAfter(NettyPipeline.HttpCodec, BackendHandshake.class.getName(), this);
	}

	@Override
	public void channelRead(ChannelHandlerContext context, Object message) {
		if (message instanceof HttpResponse response && !this.upgraded
				&& response.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS)) {
			this.upgraded = true;
			String problem = problemWith(response.headers());
			if (problem == null) {
				context.fireChannelRead(message);
			}
			else {
				ReferenceCountUtil.release(message);
				context.fireExceptionCaught(new OutcomeException(new Outcome.Failed(Outcome.Failure.CONNECTION,
						"an invalid handshake (" + problem + ")", null)));
				context.close();
			}
		}
		else if (this.upgraded && message instanceof ByteBuf bytes) {
			this.early.add(bytes);
		}
		else if (this.upgraded && message instanceof HttpObject) {
			ReferenceCountUtil.release(message);
		}
		else {
			context.fireChannelRead(message);
		}
	}

	private @Nullable String problemWith(HttpHeaders headers) {
		if (!headers.containsValue(HttpHeaderNames.UPGRADE, "websocket", true)
				|| !headers.containsValue(HttpHeaderNames.CONNECTION, "upgrade", true)) {
			return "it does not switch to a WebSocket";
		}
		String accepted = headers.get(HttpHeaderNames.SEC_WEBSOCKET_ACCEPT);
		if (accepted == null || !accepted.strip().equals(this.accept)) {
			return "its accept key is wrong";
		}
		if (headers.contains(HttpHeaderNames.SEC_WEBSOCKET_EXTENSIONS)) {
			return "it uses an extension that was not offered";
		}
		List<String> chosen = headers.getAll(HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL);
		// some servers name a sub-protocol though none was offered; it is not passed on
		boolean offered = chosen.isEmpty() || this.protocols.isEmpty()
				|| (chosen.size() == 1 && this.protocols.stream().anyMatch((it) -> it.equals(chosen.get(0).strip())));
		return offered ? null : "it uses a sub-protocol that was not offered";
	}

	/**
	 * Replaces the handlers for HTTP of a connection that has switched its protocol, and
	 * passes the bytes that have arrived to the new ones.
	 * @param channel the connection, on its event loop
	 * @param handlers the handlers for frames, from the socket on
	 * @return {@code false} if the connection has ended in the meantime
	 */
	static boolean complete(Channel channel, ChannelHandler... handlers) {
		ChannelPipeline pipeline = channel.pipeline();
		BackendHandshake handshake = pipeline.get(BackendHandshake.class);
		// both connections of a WebSocket must belong to one event loop
		if (handshake == null || !channel.isActive() || !channel.eventLoop().inEventLoop()) {
			channel.close();
			return false;
		}
		AttemptConnection.stopDetection(channel);
		// it passes the bytes that it has not read to the handshake
		pipeline.remove(NettyPipeline.HttpCodec);
		String last = BackendHandshake.class.getName();
		for (ChannelHandler handler : handlers) {
			String name = "weir." + handler.getClass().getSimpleName();
			pipeline.addAfter(last, name, handler);
			last = name;
		}
		ChannelHandlerContext context = pipeline.context(handshake);
		handshake.early.forEach(context::fireChannelRead);
		handshake.early.clear();
		context.fireChannelReadComplete();
		pipeline.remove(handshake);
		channel.config().setAutoRead(true);
		return true;
	}

	@Override
	public void channelInactive(ChannelHandlerContext context) {
		this.early.forEach(ReferenceCountUtil::release);
		this.early.clear();
		context.fireChannelInactive();
	}

}
