package dev.weir.server;

import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Closes a connection in two steps (RFC 9112, section 9.6): closes the output, then reads
 * and drops input until the client closes its side. If both sides were closed with unread
 * input, the operating system would reset the connection, and the client could lose the
 * reply. The connection is closed at the latest after {@value #MAX_CHECKS} times
 * {@value #CHECK_SECONDS} seconds, {@value #CHECK_SECONDS} to twice as many seconds
 * without input, or {@value #MAX_BYTES} bytes.
 */
final class LingeringClose extends ChannelInboundHandlerAdapter {

	static final int CHECK_SECONDS = 5;

	static final int MAX_CHECKS = 6;

	static final long MAX_BYTES = 64L * 1024 * 1024;

	private long bytes;

	private long bytesAtCheck;

	private int checks;

	private @Nullable Future<?> check;

	@Override
	public void handlerAdded(ChannelHandlerContext context) {
		Channel channel = context.channel();
		SslHandler tls = context.pipeline().get(SslHandler.class);
		if (tls != null) {
			tls.closeOutbound().addListener((sent) -> shutdownOutput(channel));
		}
		else {
			shutdownOutput(channel);
		}
		channel.config().setAutoRead(true);
		this.check = context.executor()
			.scheduleAtFixedRate(() -> check(context), CHECK_SECONDS, CHECK_SECONDS, TimeUnit.SECONDS);
	}

	private static void shutdownOutput(Channel channel) {
		if (channel instanceof DuplexChannel socket) {
			socket.shutdownOutput();
		}
	}

	private void check(ChannelHandlerContext context) {
		this.checks++;
		if (this.bytes == this.bytesAtCheck || this.checks == MAX_CHECKS) {
			context.close();
		}
		this.bytesAtCheck = this.bytes;
	}

	/**
	 * Completes a promise when the connection has been closed.
	 * @param promise the promise
	 */
	void whenClosed(ChannelPromise promise) {
		if (!promise.isVoid()) {
			promise.channel().closeFuture().addListener((closed) -> promise.trySuccess());
		}
	}

	@Override
	public void channelRead(ChannelHandlerContext context, Object message) {
		if (message instanceof ByteBuf buffer) {
			this.bytes += buffer.readableBytes();
		}
		ReferenceCountUtil.release(message);
		if (this.bytes > MAX_BYTES) {
			context.close();
		}
	}

	@Override
	public void channelInactive(ChannelHandlerContext context) {
		cancelCheck();
		context.fireChannelInactive();
	}

	@Override
	public void handlerRemoved(ChannelHandlerContext context) {
		cancelCheck();
	}

	private void cancelCheck() {
		if (this.check != null) {
			this.check.cancel(false);
		}
	}

}
