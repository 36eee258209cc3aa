package dev.weir.upstream;

import java.net.SocketAddress;

import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollChannelOption;
import org.jspecify.annotations.Nullable;
import reactor.netty.ChannelPipelineConfigurer;
import reactor.netty.ConnectionObserver;

/**
 * Limits the direct memory that a connection to a backend holds: one read of a response
 * that the client does not read, and the unsent part of a request that the backend does
 * not accept.
 */
final class BackendBufferConfigurer implements ChannelPipelineConfigurer {

	private static final int READ = 16 * 1024;

	private static final int FIRST_READ = 2 * 1024;

	private static final int SMALLEST_READ = 64;

	private static final int UNSENT = 64 * 1024;

	private static final WriteBufferWaterMark WAITING = new WriteBufferWaterMark(READ, 2 * READ);

	private final RecvByteBufAllocator reads = new AdaptiveRecvByteBufAllocator(SMALLEST_READ, FIRST_READ, READ);

	@Override
	public void onChannelInit(ConnectionObserver observer, Channel channel, @Nullable SocketAddress remote) {
		channel.config().setOption(ChannelOption.RECVBUF_ALLOCATOR, this.reads);
		channel.config().setOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WAITING);
		// a transport ignores options that it does not support
		channel.config().setOption(EpollChannelOption.TCP_NOTSENT_LOWAT, (long) UNSENT);
	}

}
