package dev.weir.server;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultHttpContent;

import dev.weir.request.BrokenBodyException;

/**
 * Fails the body of the request that is being served where its framing broke. Stands
 * behind the handler that holds pipelined requests back, so that no other request is hit.
 */
final class BrokenBodyHandler extends ChannelInboundHandlerAdapter {

	@Override
	public void channelRead(ChannelHandlerContext context, Object message) {
		if (message instanceof BrokenContent content) {
			content.release();
			// an error with nothing before it, before the body has a subscriber, would be
			// taken for a failure of the server
			context.fireChannelRead(new DefaultHttpContent(Unpooled.EMPTY_BUFFER));
			context.fireExceptionCaught(new BrokenBodyException());
		}
		else {
			context.fireChannelRead(message);
		}
	}

}
