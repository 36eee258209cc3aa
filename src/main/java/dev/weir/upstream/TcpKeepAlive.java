package dev.weir.upstream;

import java.net.SocketAddress;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.socket.nio.NioChannelOption;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;
import reactor.netty.ChannelPipelineConfigurer;
import reactor.netty.ConnectionObserver;

/**
 * Has TCP probe connections on which nothing passes, such as that of a model which thinks
 * for minutes: Azure's load balancers forget a connection after four minutes of silence,
 * and a peer that is gone without a word would otherwise be waited for in vain.
 */
final class TcpKeepAlive implements ChannelPipelineConfigurer {

	/** The silence after which the first probe goes out. */
	static final Duration IDLE = Duration.ofSeconds(60);

	/** The time between probes that nobody answers. */
	static final Duration INTERVAL = Duration.ofSeconds(15);

	/** How many unanswered probes mean that the peer is gone. */
	static final int PROBES = 4;

	private static final Map<ChannelOption<Integer>, Integer> OPTIONS = new LinkedHashMap<>();
	static {
		int idle = Math.toIntExact(IDLE.toSeconds());
		int interval = Math.toIntExact(INTERVAL.toSeconds());
		OPTIONS.put(EpollChannelOption.TCP_KEEPIDLE, idle);
		OPTIONS.put(EpollChannelOption.TCP_KEEPINTVL, interval);
		OPTIONS.put(EpollChannelOption.TCP_KEEPCNT, PROBES);
		OPTIONS.put(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPIDLE), idle);
		OPTIONS.put(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPINTERVAL), interval);
		OPTIONS.put(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPCOUNT), PROBES);
	}

	@Override
	public void onChannelInit(ConnectionObserver observer, Channel channel, @Nullable SocketAddress remote) {
		channel.config().setOption(ChannelOption.SO_KEEPALIVE, true);
		// a transport takes the options it knows and leaves the others alone
		OPTIONS.forEach(channel.config()::setOption);
	}

}
