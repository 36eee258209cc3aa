package dev.weir.upstream;

import java.net.SocketAddress;
import java.time.Duration;

import com.github.benmanes.caffeine.cache.Ticker;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import org.jspecify.annotations.Nullable;
import reactor.netty.ChannelPipelineConfigurer;
import reactor.netty.Connection;
import reactor.netty.ConnectionObserver;
import reactor.netty.NettyPipeline;

/**
 * Detects whether an HTTP/1.1 connection to a backend was stale when a request was sent
 * on it. It records whether the connection served a request before, when the last byte of
 * the request was written, and whether a byte of the response arrived.
 */
final class StaleConnectionDetector extends ChannelDuplexHandler {

	/**
	 * A server that closes an idle connection while a request is on its way does so at
	 * once. A server that closes it later may have read the request.
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
	 * Adds a detector to each new connection, between TLS and the HTTP/1.1 codec.
	 * @param ticker a monotonic clock in nanoseconds
	 * @return the configurer of new channels
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
	 * Starts to observe a request on a connection.
	 * @param connection the connection
	 * @return its detector, or {@code null} if it has none, as with HTTP/2, where the
	 * server itself reports which requests it did not process (RFC 9113, section 6.8)
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

	static void removeFrom(ChannelPipeline pipeline) {
		if (pipeline.get(StaleConnectionDetector.class) != null) {
			pipeline.remove(StaleConnectionDetector.class);
		}
	}

	/**
	 * Whether the connection, which has just closed, was stale when the request was sent:
	 * the server closed the idle connection while the request was on its way.
	 * @return whether the connection had served a request before, no byte of a response
	 * arrived, and the request was either not written or written at most {@link #STALE}
	 * ago
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
