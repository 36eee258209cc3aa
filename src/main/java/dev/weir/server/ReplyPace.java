package dev.weir.server;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes the connection of a client that has read nothing for a stated time while bytes
 * wait for it. What runs for it ends like that of any client that leaves.
 */
final class ReplyPace extends ChannelDuplexHandler {

	private static final Logger logger = LoggerFactory.getLogger(ReplyPace.class);

	private final Duration timeout;

	private @Nullable Future<?> timer;

	// where the operating system took the last bytes
	private @Nullable Object message;

	private long progress;

	/**
	 * Makes one for a connection.
	 * @param timeout how long a client may read nothing
	 */
	ReplyPace(Duration timeout) {
		this.timeout = timeout;
	}

	@Override
	public void flush(ChannelHandlerContext context) {
		context.flush();
		ChannelOutboundBuffer waiting = context.channel().unsafe().outboundBuffer();
		if (this.timer == null && waiting != null && !waiting.isEmpty()) {
			watch(context, waiting);
		}
	}

	private void watch(ChannelHandlerContext context, ChannelOutboundBuffer waiting) {
		this.message = waiting.current();
		this.progress = waiting.currentProgress();
		this.timer = context.executor().schedule(() -> check(context), this.timeout.toNanos(), TimeUnit.NANOSECONDS);
	}

	private void check(ChannelHandlerContext context) {
		this.timer = null;
		ChannelOutboundBuffer waiting = context.channel().unsafe().outboundBuffer();
		if (waiting == null || waiting.isEmpty()) {
			this.message = null;
		}
		else if (waiting.current() != this.message || waiting.currentProgress() != this.progress) {
			watch(context, waiting);
		}
		else {
			logger.info("A client read nothing of its reply for {} ms; its connection is closed",
					this.timeout.toMillis());
			// what the operating system holds for it goes, too
			context.channel().config().setOption(ChannelOption.SO_LINGER, 0);
			context.close();
		}
	}

	@Override
	public void channelInactive(ChannelHandlerContext context) {
		stop();
		context.fireChannelInactive();
	}

	@Override
	public void handlerRemoved(ChannelHandlerContext context) {
		stop();
	}

	private void stop() {
		this.message = null;
		if (this.timer != null) {
			this.timer.cancel(false);
			this.timer = null;
		}
	}

}
