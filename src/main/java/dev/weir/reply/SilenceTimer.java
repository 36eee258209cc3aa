package dev.weir.reply;

import java.time.Duration;
import java.util.function.Consumer;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;

import dev.weir.request.RequestLoop;

/**
 * Detects that a backend is silent. Only the time while Weir waits for bytes counts, not
 * the time while a client reads slowly. Sets at most one timer at a time. Used on the
 * loop of the request only.
 */
final class SilenceTimer {

	private final RequestLoop loop;

	private final Ticker ticker;

	private final Consumer<Duration> onSilence;

	private @Nullable Disposable timer;

	private Duration limit = Duration.ZERO;

	private long timerAt;

	private long due;

	private boolean waiting;

	/**
	 * Creates a timer that is not running.
	 * @param loop the loop of the request
	 * @param ticker a monotonic clock in nanoseconds
	 * @param onSilence receives the limit, on the loop, when the silence has lasted that
	 * long
	 */
	SilenceTimer(RequestLoop loop, Ticker ticker, Consumer<Duration> onSilence) {
		this.loop = loop;
		this.ticker = ticker;
		this.onSilence = onSilence;
	}

	/**
	 * Starts to measure silence, unless it is being measured.
	 * @param limit how long silence may last from now on
	 */
	void begin(Duration limit) {
		if (this.waiting) {
			return;
		}
		this.waiting = true;
		this.limit = limit;
		this.due = this.ticker.read() + limit.toNanos();
		if (this.timer != null && this.timerAt - this.due > 0) {
			this.timer.dispose();
			this.timer = null;
		}
		if (this.timer == null) {
			schedule(limit.toNanos());
		}
	}

	/** Stops measuring: bytes have arrived, or none are expected. */
	void pause() {
		this.waiting = false;
	}

	/** Stops measuring and cancels the timer. */
	void stop() {
		this.waiting = false;
		if (this.timer != null) {
			this.timer.dispose();
			this.timer = null;
		}
	}

	private void schedule(long nanos) {
		this.timerAt = this.ticker.read() + nanos;
		this.timer = this.loop.schedule(this::check, Duration.ofNanos(nanos));
	}

	private void check() {
		this.timer = null;
		if (!this.waiting) {
			return;
		}
		long left = this.due - this.ticker.read();
		if (left > 0) {
			schedule(left);
		}
		else {
			this.waiting = false;
			this.onSilence.accept(this.limit);
		}
	}

}
