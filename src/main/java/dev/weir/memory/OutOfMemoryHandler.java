package dev.weir.memory;

import java.net.SocketAddress;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import org.jspecify.annotations.Nullable;
import reactor.netty.ChannelPipelineConfigurer;
import reactor.netty.ConnectionObserver;
import reactor.netty.NettyPipeline;

/**
 * Ends the process if an {@link OutOfMemoryError} arises on a connection, before Reactor
 * Netty handles it like an error of the peer.
 */
@Sharable
public final class OutOfMemoryHandler extends ChannelInboundHandlerAdapter implements ChannelPipelineConfigurer {

	@Override
	public void onChannelInit(ConnectionObserver observer, Channel channel, @Nullable SocketAddress remote) {
		ChannelPipeline pipeline = channel.pipeline();
		if (pipeline.get(NettyPipeline.ReactiveBridge) != null) {
			pipeline.addBefore(NettyPipeline.ReactiveBridge, OutOfMemoryHandler.class.getName(), this);
		}
	}

	@Override
	public void exceptionCaught(ChannelHandlerContext context, Throwable error) {
		OutOfMemory.check(error);
		context.fireExceptionCaught(error);
	}

}
