package dev.weir.server;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

import com.github.benmanes.caffeine.cache.Ticker;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.util.concurrent.FastThreadLocal;
import io.netty.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes the connection of a client that has read nothing for a timeout while bytes wait
 * for it. While direct memory is scarce, it also closes the connection that has been
 * stalled for longest, after {@link #GRACE}, so that clients that do not read cannot use
 * up the memory of all others. The request of a closed connection ends as if the client
 * had left.
 */
final class ReplyTimeoutHandler extends ChannelDuplexHandler {

	private static final Logger logger = LoggerFactory.getLogger(ReplyTimeoutHandler.class);

	/** How long a client may read nothing while memory is scarce. */
	static final Duration GRACE = Duration.ofSeconds(2);

	// the stalled connections of an event loop, the longest stalled first
	private static final FastThreadLocal<Set<ReplyTimeoutHandler>> STALLED = new FastThreadLocal<>() {

		@Override
		protected Set<ReplyTimeoutHandler> initialValue() {
			return new LinkedHashSet<>();
		}

	};

	private final Duration timeout;

	private final BooleanSupplier memoryScarce;

	private final Ticker ticker;

	private @Nullable ChannelHandlerContext context;

	private @Nullable Future<?> timer;

	// the first message in the outbound buffer, and how much of it was written, when the
	// timer started
	private @Nullable Object timedMessage;

	private long timedProgress;

	// the same when the connection was put into STALLED; no message if it is not in there
	private @Nullable Object stalledMessage;

	private long stalledProgress;

	private long stalledSince;

	/**
	 * Creates a handler for one connection.
	 * @param timeout how long the client may read nothing
	 * @param memoryScarce whether direct memory is scarce; tested at each flush
	 * @param ticker a monotonic clock in nanoseconds
	 */
	ReplyTimeoutHandler(Duration timeout, BooleanSupplier memoryScarce, Ticker ticker) {
		this.timeout = timeout;
		this.memoryScarce = memoryScarce;
		this.ticker = ticker;
	}

	@Override
	public void handlerAdded(ChannelHandlerContext context) {
		this.context = context;
	}

	@Override
	public void flush(ChannelHandlerContext context) {
		context.flush();
		ChannelOutboundBuffer waiting = context.channel().unsafe().outboundBuffer();
		if (waiting == null || waiting.isEmpty()) {
			return;
		}
		if (this.timer == null) {
			startTimer(context, waiting);
		}
		if (this.stalledMessage == null || hasProgressed(waiting)) {
			markStalled(waiting);
		}
		if (this.memoryScarce.getAsBoolean()) {
			closeLongestStalled();
		}
	}

	private boolean hasProgressed(ChannelOutboundBuffer waiting) {
		return waiting.current() != this.stalledMessage || waiting.currentProgress() != this.stalledProgress;
	}

	private void markStalled(ChannelOutboundBuffer waiting) {
		this.stalledMessage = waiting.current();
		this.stalledProgress = waiting.currentProgress();
		this.stalledSince = this.ticker.read();
		// to the end of the insertion order
		STALLED.get().remove(this);
		STALLED.get().add(this);
	}

	private static void closeLongestStalled() {
		Set<ReplyTimeoutHandler> stalled = STALLED.get();
		for (int unchecked = stalled.size(); unchecked > 0 && !stalled.isEmpty(); unchecked--) {
			ReplyTimeoutHandler longest = stalled.iterator().next();
			ChannelHandlerContext context = longest.context;
			ChannelOutboundBuffer waiting = (context != null) ? context.channel().unsafe().outboundBuffer() : null;
			if (context == null || waiting == null || waiting.isEmpty()) {
				longest.clearStalled();
			}
			else if (longest.hasProgressed(waiting)) {
				longest.markStalled(waiting);
			}
			else {
				if (longest.ticker.read() - longest.stalledSince >= GRACE.toNanos()) {
					logger.warn("Direct memory is scarce (-XX:MaxDirectMemorySize): closed the connection of a client"
							+ " that reads nothing of its reply");
					longest.clearStalled();
					reset(context);
				}
				return;
			}
		}
	}

	private void clearStalled() {
		this.stalledMessage = null;
		STALLED.get().remove(this);
	}

	/** Closes a connection and drops what the operating system holds for it. */
	private static void reset(ChannelHandlerContext context) {
		context.channel().config().setOption(ChannelOption.SO_LINGER, 0);
		context.close();
	}

	private void startTimer(ChannelHandlerContext context, ChannelOutboundBuffer waiting) {
		this.timedMessage = waiting.current();
		this.timedProgress = waiting.currentProgress();
		this.timer = context.executor().schedule(() -> onTimer(context), this.timeout.toNanos(), TimeUnit.NANOSECONDS);
	}

	private void onTimer(ChannelHandlerContext context) {
		this.timer = null;
		ChannelOutboundBuffer waiting = context.channel().unsafe().outboundBuffer();
		if (waiting == null || waiting.isEmpty()) {
			this.timedMessage = null;
		}
		else if (waiting.current() != this.timedMessage || waiting.currentProgress() != this.timedProgress) {
			startTimer(context, waiting);
		}
		else {
			logger.info("A client read nothing of its reply for {} ms; its connection is closed",
					this.timeout.toMillis());
			reset(context);
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
		clearStalled();
		this.timedMessage = null;
		if (this.timer != null) {
			this.timer.cancel(false);
			this.timer = null;
		}
	}

}
