package dev.weir.server;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;

/**
 * Refuses requests on one connection while Weir is overloaded ({@link EarlyRefusal}),
 * unless an earlier request of the connection still waits for its reply, since replies
 * must be in order. Stops reading while the client does not read the refusals.
 */
final class OverloadHandler extends ChannelDuplexHandler {

	private final EarlyRefusal refusal;

	/** The requests passed on whose replies are not complete. */
	private int pending;

	/** Whether the rest of a refused request is still to come. */
	private boolean refusing;

	/** Whether the last message belonged to a refused request. */
	private boolean refused;

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
		this.refused = this.refusing;
		if (message instanceof LastHttpContent) {
			this.refusing = false;
		}
		if (this.refused) {
			ReferenceCountUtil.release(message);
		}
		else {
			context.fireChannelRead(message);
		}
	}

	@Override
	public void channelReadComplete(ChannelHandlerContext context) {
		context.fireChannelReadComplete();
		readOn(context);
	}

	@Override
	public void channelWritabilityChanged(ChannelHandlerContext context) {
		context.fireChannelWritabilityChanged();
		readOn(context);
	}

	/** Reactor Netty reads on only for requests that it has got. */
	private void readOn(ChannelHandlerContext context) {
		if (this.refused && context.channel().isWritable()) {
			context.read();
		}
	}

	@Override
	public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
		if (message instanceof LastHttpContent && !isInterim(message)) {
			this.pending--;
		}
		context.write(message, promise);
	}

	/** Reactor Netty writes {@code 100 Continue} as a complete response. */
	private static boolean isInterim(Object message) {
		return message instanceof HttpResponse response
				&& response.status().codeClass() == HttpStatusClass.INFORMATIONAL;
	}

}
