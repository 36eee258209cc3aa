package dev.weir.server;

import java.time.Duration;

import com.github.benmanes.caffeine.cache.Ticker;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollChannelOption;

import dev.weir.memory.DirectMemory;

/**
 * Bounds what a client's connection may hold, and how long the client may take.
 *
 * @param headTimeout how long the head of a request may take
 * @param bodyTimeout how long the body of a request may pause
 * @param replyTimeout how long a client may read nothing of a reply
 */
record ClientPace(Duration headTimeout, Duration bodyTimeout, Duration replyTimeout) {

	private static final String REPLIES = "weir.replyPace";

	/** What waits for a client in the process: up to this, and one event. */
	private static final WriteBufferWaterMark WAITING = new WriteBufferWaterMark(16 * 1024, 32 * 1024);

	/**
	 * What waits for a client in the operating system, beside what is on its way, where
	 * the transport can say so (Linux). Otherwise a connection that was fast holds
	 * megabytes.
	 */
	private static final int UNSENT = 64 * 1024;

	/**
	 * Prepares a new connection, whatever it speaks.
	 * @param channel the connection, whose pipeline Reactor Netty has made
	 */
	void init(Channel channel) {
		channel.config().setOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WAITING);
		// without effect on other transports
		channel.config().setOption(EpollChannelOption.TCP_NOTSENT_LOWAT, (long) UNSENT);
		channel.pipeline()
			.addFirst(REPLIES, new ReplyPace(this.replyTimeout, DirectMemory::isScarce, Ticker.systemTicker()));
	}

	/**
	 * Makes what watches the requests of a connection that speaks HTTP/1.
	 * @return a new handler
	 */
	RequestPace requests() {
		return new RequestPace(this.headTimeout, this.bodyTimeout);
	}

}
