package dev.weir.upstream;

import java.net.SocketAddress;
import java.time.Duration;

import com.github.benmanes.caffeine.cache.Ticker;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import org.jspecify.annotations.Nullable;
import reactor.netty.ChannelPipelineConfigurer;
import reactor.netty.Connection;
import reactor.netty.ConnectionObserver;
import reactor.netty.NettyPipeline;

/**
 * What passes on an HTTP/1.1 connection to a backend during a call: whether the
 * connection served a call before, when the last byte of the request was written, and
 * whether a byte of the response came.
 */
final class StaleConnectionDetector extends ChannelDuplexHandler {

	/**
	 * A server that closes an idle connection at the moment when a request arrives does
	 * so at once. What takes longer to close has read the request.
	 */
	static final Duration STALE = Duration.ofSeconds(1);

	private final Ticker ticker;

	private volatile boolean used;

	private volatile boolean reused;

	private volatile boolean responseBegan;

	private volatile boolean written;

	private volatile long writtenAt;

	private StaleConnectionDetector(Ticker ticker) {
		this.ticker = ticker;
	}

	/**
	 * Installs it for each connection, between TLS and what decodes HTTP/1.1.
	 * @param ticker a monotonic clock in nanoseconds
	 * @return what to call when a channel is made
	 */
	static ChannelPipelineConfigurer installer(Ticker ticker) {
		return (ConnectionObserver observer, Channel channel, @Nullable SocketAddress remote) -> {
			if (channel.pipeline().get(NettyPipeline.HttpCodec) != null) {
				channel.pipeline()
					.addBefore(NettyPipeline.HttpCodec, StaleConnectionDetector.class.getName(),
							new StaleConnectionDetector(ticker));
			}
		};
	}

	/**
	 * Begins a call on a connection.
	 * @param connection the connection
	 * @return its use, or {@code null} if that is not known, as with HTTP/2, which says
	 * by itself what was not processed (RFC 9113, section 6.8)
	 */
	static @Nullable StaleConnectionDetector begin(Connection connection) {
		StaleConnectionDetector use = connection.channel().pipeline().get(StaleConnectionDetector.class);
		if (use != null) {
			use.reused = use.used;
			use.used = true;
			use.responseBegan = false;
			use.written = false;
		}
		return use;
	}

	/**
	 * Whether the connection, which has just closed, was stale when the call began: the
	 * server closed it for its idleness, and the request crossed that on the way.
	 * @return whether it had served a call before, no byte of a response came, and the
	 * last byte of the request was written no longer than {@link #STALE} ago, if at all
	 */
	boolean isStale() {
		return this.reused && !this.responseBegan
				&& !(this.written && this.ticker.read() - this.writtenAt > STALE.toNanos());
	}

	@Override
	public void channelRead(ChannelHandlerContext context, Object message) {
		this.responseBegan = true;
		context.fireChannelRead(message);
	}

	@Override
	public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
		context.write(message, promise.unvoid().addListener((sent) -> {
			if (sent.isSuccess()) {
				this.writtenAt = this.ticker.read();
				this.written = true;
			}
		}));
	}

}
