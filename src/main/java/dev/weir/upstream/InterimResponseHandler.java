package dev.weir.upstream;

import java.net.SocketAddress;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;
import reactor.netty.ChannelPipelineConfigurer;
import reactor.netty.ConnectionObserver;
import reactor.netty.NettyPipeline;

/**
 * Drops interim responses (1xx, RFC 9110, section 15.2) except 101, which switches to
 * another protocol. Reactor Netty handles only 100; it takes a 103 for the final
 * response, and the client then waits for a reply that never comes.
 */
final class InterimResponseHandler extends ChannelInboundHandlerAdapter {

	private boolean interim;

	/**
	 * Adds a handler to each new connection, after the HTTP decoder.
	 * @return the configurer of new channels
	 */
	static ChannelPipelineConfigurer installer() {
		return (ConnectionObserver observer, Channel channel, @Nullable SocketAddress remote) -> channel.pipeline()
			.addBefore(NettyPipeline.ReactiveBridge, InterimResponseHandler.class.getName(),
					new InterimResponseHandler());
	}

	@Override
	public void channelRead(ChannelHandlerContext context, Object message) {
		if (message instanceof HttpResponse response) {
			this.interim = response.status().codeClass() == HttpStatusClass.INFORMATIONAL
					&& !response.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS);
		}
		if (!this.interim || !(message instanceof HttpObject)) {
			context.fireChannelRead(message);
			return;
		}
		boolean last = message instanceof LastHttpContent;
		ReferenceCountUtil.release(message);
		if (last) {
			this.interim = false;
			// later handlers received nothing, so they do not request another read
			context.read();
		}
	}

}
