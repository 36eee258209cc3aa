package dev.weir.failover;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;

/**
 * Notices that a backend is silent. Only the time counts in which something is expected
 * of it: that a client reads slowly is not its fault. Has one timer at most, however
 * often it is begun. Used by one thread at a time.
 */
final class Watch {

	private final Timing timing;

	private final Executor turn;

	private final Runnable action;

	private @Nullable Disposable timer;

	private long timerAt;

	private long due;

	private boolean waiting;

	/**
	 * Makes a watch that is not running.
	 * @param timing what time is told by
	 * @param turn what the action is run by
	 * @param action what to do about silence
	 */
	Watch(Timing timing, Executor turn, Runnable action) {
		this.timing = timing;
		this.turn = turn;
		this.action = action;
	}

	/**
	 * Begins to wait, unless that has begun.
	 * @param limit how long silence may last from now on
	 */
	void begin(Duration limit) {
		if (this.waiting) {
			return;
		}
		this.waiting = true;
		this.due = this.timing.ticker().read() + limit.toNanos();
		if (this.timer != null && this.timerAt - this.due > 0) {
			this.timer.dispose();
			this.timer = null;
		}
		if (this.timer == null) {
			arm(limit.toNanos());
		}
	}

	/** Stops waiting: something has come, or nothing is expected. */
	void pause() {
		this.waiting = false;
	}

	/** Stops for good. */
	void stop() {
		this.waiting = false;
		if (this.timer != null) {
			this.timer.dispose();
			this.timer = null;
		}
	}

	private void arm(long nanos) {
		this.timerAt = this.timing.ticker().read() + nanos;
		this.timer = this.timing.timers().schedule(() -> this.turn.execute(this::look), nanos, TimeUnit.NANOSECONDS);
	}

	private void look() {
		this.timer = null;
		if (!this.waiting) {
			return;
		}
		long left = this.due - this.timing.ticker().read();
		if (left > 0) {
			arm(left);
		}
		else {
			this.waiting = false;
			this.action.run();
		}
	}

}
