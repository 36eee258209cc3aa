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
 * Closes the connection of a client that has read nothing for a stated time while bytes
 * wait for it. What runs for it ends like that of any client that leaves. Where memory is
 * scarce, the client that has read nothing for longest is closed earlier, so that clients
 * that do not read cannot use up what all others need.
 */
final class ReplyPace extends ChannelDuplexHandler {

	private static final Logger logger = LoggerFactory.getLogger(ReplyPace.class);

	/** How long a client may read nothing where memory is scarce. */
	static final Duration GRACE = Duration.ofSeconds(2);

	// of each event loop, those for which something waits; the longest first
	private static final FastThreadLocal<Set<ReplyPace>> SLOW = new FastThreadLocal<>() {

		@Override
		protected Set<ReplyPace> initialValue() {
			return new LinkedHashSet<>();
		}

	};

	private final Duration timeout;

	private final BooleanSupplier scarce;

	private final Ticker ticker;

	private @Nullable ChannelHandlerContext context;

	private @Nullable Future<?> timer;

	// since when nothing was read, and how far it was then
	private long since;

	private @Nullable Object head;

	private long headProgress;

	// where the operating system took the last bytes
	private @Nullable Object message;

	private long progress;

	/**
	 * Makes one for a connection.
	 * @param timeout how long a client may read nothing
	 * @param scarce whether memory is scarce
	 * @param ticker a monotonic clock in nanoseconds
	 */
	ReplyPace(Duration timeout, BooleanSupplier scarce, Ticker ticker) {
		this.timeout = timeout;
		this.scarce = scarce;
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
			watch(context, waiting);
		}
		if (this.head == null || hasRead(waiting)) {
			begin(waiting);
		}
		if (this.scarce.getAsBoolean()) {
			cutSlowest();
		}
	}

	private boolean hasRead(ChannelOutboundBuffer waiting) {
		return waiting.current() != this.head || waiting.currentProgress() != this.headProgress;
	}

	private void begin(ChannelOutboundBuffer waiting) {
		this.head = waiting.current();
		this.headProgress = waiting.currentProgress();
		this.since = this.ticker.read();
		SLOW.get().remove(this);
		SLOW.get().add(this);
	}

	/** Ends the client of this event loop that has read nothing for longest. */
	private static void cutSlowest() {
		Set<ReplyPace> all = SLOW.get();
		for (int left = all.size(); left > 0 && !all.isEmpty(); left--) {
			ReplyPace client = all.iterator().next();
			ChannelHandlerContext at = client.context;
			ChannelOutboundBuffer waiting = (at != null) ? at.channel().unsafe().outboundBuffer() : null;
			if (at == null || waiting == null || waiting.isEmpty()) {
				client.leave();
			}
			else if (client.hasRead(waiting)) {
				client.begin(waiting);
			}
			else {
				if (client.ticker.read() - client.since >= GRACE.toNanos()) {
					logger.warn("Direct memory is scarce (-XX:MaxDirectMemorySize): the connection of a client that"
							+ " reads nothing of its reply is closed");
					client.leave();
					cut(at);
				}
				return;
			}
		}
	}

	private void leave() {
		this.head = null;
		SLOW.get().remove(this);
	}

	private static void cut(ChannelHandlerContext context) {
		// what the operating system holds for it goes, too
		context.channel().config().setOption(ChannelOption.SO_LINGER, 0);
		context.close();
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
			cut(context);
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
		leave();
		this.message = null;
		if (this.timer != null) {
			this.timer.cancel(false);
			this.timer = null;
		}
	}

}
