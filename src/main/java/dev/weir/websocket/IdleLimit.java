package dev.weir.websocket;

import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;

import dev.weir.request.RequestContext;

/**
 * Measures how long a client has sent no message, and no response has ended. One timer,
 * whatever the number of messages. Used on the event loop of the client only.
 */
final class IdleLimit {

	private final RequestContext context;

	private final Supplier<Duration> limit;

	private final Consumer<Duration> onIdle;

	private long last;

	private @Nullable Disposable timer;

	private boolean stopped;

	/**
	 * Starts to measure.
	 * @param context has the clock and the event loop
	 * @param limit the current limit, which a reload may change
	 * @param onIdle is run with the limit once it is reached, and again after each
	 * further time of that length
	 */
	IdleLimit(RequestContext context, Supplier<Duration> limit, Consumer<Duration> onIdle) {
		this.context = context;
		this.limit = limit;
		this.onIdle = onIdle;
		onActivity();
		schedule(limit.get());
	}

	void onActivity() {
		this.last = this.context.ticker().read();
	}

	private void schedule(Duration delay) {
		this.timer = this.context.loop().schedule(this::check, delay);
	}

	private void check() {
		Duration most = this.limit.get();
		Duration left = most.minusNanos(this.context.ticker().read() - this.last);
		if (!left.isNegative() && !left.isZero()) {
			schedule(left);
			return;
		}
		this.onIdle.accept(most);
		if (!this.stopped) {
			schedule(most);
		}
	}

	void stop() {
		this.stopped = true;
		if (this.timer != null) {
			this.timer.dispose();
		}
	}

}
