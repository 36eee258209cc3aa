package dev.weir.server;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;

/**
 * Refuses calls on one connection while Weir is overloaded ({@link EarlyRefusal}), unless
 * an earlier request of the connection still waits for its reply, since replies must be
 * in order.
 */
final class OverloadHandler extends ChannelDuplexHandler {

	private final EarlyRefusal refusal;

	/** The requests passed on whose replies are not complete. */
	private int pending;

	/** Whether the rest of a refused request is still to come. */
	private boolean refusing;

	/**
	 * Creates a handler for one connection.
	 * @param refusal the rules for all connections
	 */
	OverloadHandler(EarlyRefusal refusal) {
		this.refusal = refusal;
	}

	@Override
	public void channelRead(ChannelHandlerContext context, Object message) {
		if (message instanceof HttpRequest request) {
			this.refusing = this.pending == 0 && this.refusal.appliesTo(request);
			if (this.refusing) {
				context.writeAndFlush(this.refusal.reply(context.channel().remoteAddress()));
			}
			else {
				this.pending++;
			}
		}
		boolean refused = this.refusing;
		if (message instanceof LastHttpContent) {
			this.refusing = false;
		}
		if (refused) {
			ReferenceCountUtil.release(message);
		}
		else {
			context.fireChannelRead(message);
		}
	}

	@Override
	public void channelReadComplete(ChannelHandlerContext context) {
		context.fireChannelReadComplete();
		if (this.pending == 0) {
			// Reactor Netty reads on only for requests that it knows
			context.read();
		}
	}

	@Override
	public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
		if (this.refusing) {
			// the body of a request that has its reply already
			context.close();
		}
		else {
			context.fireExceptionCaught(cause);
		}
	}

	@Override
	public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
		if (message instanceof LastHttpContent) {
			this.pending--;
		}
		context.write(message, promise);
	}

}
