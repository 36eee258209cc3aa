package dev.weir.server;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultHttpContent;

import dev.weir.request.BrokenBodyException;

/**
 * Fails the body of the current request when it reads {@link BrokenContent}. It is behind
 * Reactor Netty's handler for pipelined requests, so that the failure reaches the request
 * with the broken body and no other.
 */
final class BrokenBodyHandler extends ChannelInboundHandlerAdapter {

	@Override
	public void channelRead(ChannelHandlerContext context, Object message) {
		if (message instanceof BrokenContent content) {
			content.release();
			// without content before it, Reactor Netty takes an error that arrives before
			// the body has a subscriber for a failure of the server
			context.fireChannelRead(new DefaultHttpContent(Unpooled.EMPTY_BUFFER));
			context.fireExceptionCaught(new BrokenBodyException());
		}
		else {
			context.fireChannelRead(message);
		}
	}

	/**
	 * Marks the place in a request body where its framing broke. Content that failed to
	 * decode cannot be passed on for this: Reactor Netty takes it for the end of the
	 * body, and the request to the backend would be completed.
	 */
	static final class BrokenContent extends DefaultHttpContent {

		BrokenContent() {
			super(Unpooled.EMPTY_BUFFER);
		}

	}

}
