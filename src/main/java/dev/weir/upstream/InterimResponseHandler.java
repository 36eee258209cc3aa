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
 * Swallows what a backend says before its answer (1xx, RFC 9110, section 15.2), but for
 * the switch to another protocol. Reactor Netty knows 100 only; it takes a 103 for the
 * answer itself, and a client then waits for one that never comes.
 */
final class InterimResponseHandler extends ChannelInboundHandlerAdapter {

	private boolean interim;

	/**
	 * Installs it for each connection, behind what decodes HTTP.
	 * @return what to call when a channel is made
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
			// nobody behind saw anything, so nobody asks for more
			context.read();
		}
	}

}
