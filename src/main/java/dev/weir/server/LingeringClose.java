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
 * Closes a connection in halves (RFC 9112, section 9.6): the client learns at once that
 * nothing more comes, and what it still sends is read and dropped until it closes its
 * side, too. If the connection were closed with bytes unread, the operating system would
 * reset it, and the reply could be lost on the way. Ends after {@value #MAX_CHECKS} times
 * {@value #CHECK_SECONDS} seconds, after {@value #CHECK_SECONDS} to twice as many seconds
 * of silence, or after {@value #MAX_BYTES} bytes.
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
	public void handlerAdded(ChannelHandlerContext added) {
		Channel channel = added.channel();
		SslHandler tls = added.pipeline().get(SslHandler.class);
		if (tls != null) {
			tls.closeOutbound().addListener((sent) -> shutdownOutput(channel));
		}
		else {
			shutdownOutput(channel);
		}
		channel.config().setAutoRead(true);
		this.check = added.executor()
			.scheduleAtFixedRate(() -> check(added), CHECK_SECONDS, CHECK_SECONDS, TimeUnit.SECONDS);
	}

	private static void shutdownOutput(Channel channel) {
		if (channel instanceof DuplexChannel socket) {
			socket.shutdownOutput();
		}
	}

	private void check(ChannelHandlerContext added) {
		this.checks++;
		if (this.bytes == this.bytesAtCheck || this.checks == MAX_CHECKS) {
			added.close();
		}
		this.bytesAtCheck = this.bytes;
	}

	/**
	 * Completes a promise when the connection is closed.
	 * @param promise the promise
	 */
	void whenClosed(ChannelPromise promise) {
		if (!promise.isVoid()) {
			promise.channel().closeFuture().addListener((closed) -> promise.trySuccess());
		}
	}

	@Override
	public void channelRead(ChannelHandlerContext read, Object message) {
		if (message instanceof ByteBuf buffer) {
			this.bytes += buffer.readableBytes();
		}
		ReferenceCountUtil.release(message);
		if (this.bytes > MAX_BYTES) {
			read.close();
		}
	}

	@Override
	public void channelInactive(ChannelHandlerContext gone) {
		cancelCheck();
		gone.fireChannelInactive();
	}

	@Override
	public void handlerRemoved(ChannelHandlerContext removed) {
		cancelCheck();
	}

	private void cancelCheck() {
		if (this.check != null) {
			this.check.cancel(false);
		}
	}

}
