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
 * Enables TCP keep-alive probes on idle connections, such as while a model thinks for
 * minutes. Azure's load balancers drop a connection after four idle minutes, and without
 * probes Weir would not notice a peer that disappeared without closing the connection.
 */
public final class TcpKeepAlive implements ChannelPipelineConfigurer {

	/** The idle time after which the first probe is sent. */
	static final Duration IDLE = Duration.ofSeconds(60);

	/** The time between probes that are not acknowledged. */
	static final Duration INTERVAL = Duration.ofSeconds(15);

	/** The number of unacknowledged probes after which the connection is closed. */
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
		enable(channel);
	}

	/**
	 * Enables the probes on a connection.
	 * @param channel the connection
	 */
	public static void enable(Channel channel) {
		channel.config().setOption(ChannelOption.SO_KEEPALIVE, true);
		// a transport ignores options that it does not support
		OPTIONS.forEach(channel.config()::setOption);
	}

}
