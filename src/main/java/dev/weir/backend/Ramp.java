package dev.weir.backend;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

/**
 * Limits the requests after a cooldown, so that a lane that has just recovered is not
 * overloaded. The first step takes one request. When a request of a step was served, or
 * some time has passed since the first one of the step began, the next step takes twice
 * as many. After the last step there is no limit. A new cooldown restarts the ramp. Like
 * TCP's slow start (RFC 5681, section 3.1). Safe for many threads, never blocks. Without
 * a cooldown it costs one read of a field.
 */
final class Ramp {

	/**
	 * How long a step waits for one of its requests to be served: a response may take
	 * much longer to begin than a 429.
	 */
	static final Duration WAIT = Duration.ofMillis(250);

	/** How many requests the last step takes. */
	static final int LAST = 64;

	private static final int ALL = Integer.MAX_VALUE;

	private final Ticker ticker;

	private final AtomicReference<Step> current = new AtomicReference<>(new Step(0, ALL, 0, 0));

	Ramp(Ticker ticker) {
		this.ticker = ticker;
	}

	/**
	 * Restarts with one request.
	 */
	void restart() {
		this.current.updateAndGet((step) -> new Step(step.number + 1, 1, 0, 0));
	}

	/**
	 * Takes a place for a request.
	 * @return the step it belongs to, or {@code null} if there is no place now
	 */
	@Nullable Step tryEnter() {
		while (true) {
			Step last = this.current.get();
			if (last.takesAll()) {
				return last;
			}
			long now = this.ticker.read();
			Step due = last.due(now);
			if (due.isFull()) {
				return null;
			}
			Step next = due.plusOne(now);
			if (this.current.compareAndSet(last, next)) {
				return next;
			}
		}
	}

	/**
	 * Releases a place that was not used.
	 * @param step the step that the place belongs to
	 */
	void leave(Step step) {
		this.current.updateAndGet((it) -> it.isSame(step) ? it.minusOne() : it);
	}

	/**
	 * Records that a request was served. A request of an earlier step, or from before the
	 * cooldown, has no effect.
	 * @param step the step it belongs to
	 */
	void onServed(Step step) {
		if (!step.takesAll()) {
			this.current.updateAndGet((it) -> it.isSame(step) ? it.next() : it);
		}
	}

	/**
	 * Whether there is a place now.
	 * @return whether {@link #tryEnter} would find one
	 */
	boolean hasPlace() {
		Step step = this.current.get();
		return step.takesAll() || !step.due(this.ticker.read()).isFull();
	}

	/**
	 * Whether it limits requests.
	 * @return whether there was a cooldown and the last step is not over
	 */
	boolean isActive() {
		return !this.current.get().takesAll();
	}

	/**
	 * How long it takes until there is a place, if no request is served before.
	 * @return the remaining time, zero if there is a place now
	 */
	Duration timeToNextPlace() {
		Step step = this.current.get();
		long now = this.ticker.read();
		return step.due(now).isFull() ? WAIT.minusNanos(now - step.since) : Duration.ZERO;
	}

	/**
	 * A step of the ramp, and how many of its places are taken.
	 *
	 * @param number increases with every step, also across restarts
	 * @param size how many requests it takes
	 * @param begun how many of them have begun
	 * @param since when the first of them began
	 */
	record Step(long number, int size, int begun, long since) {

		private boolean takesAll() {
			return this.size == ALL;
		}

		private boolean isFull() {
			return this.begun >= this.size;
		}

		private boolean isSame(Step other) {
			return this.number == other.number && !takesAll();
		}

		/** This step, or the next one if the time of this one is over. */
		private Step due(long now) {
			return (!takesAll() && this.begun > 0 && now - this.since >= WAIT.toNanos()) ? next() : this;
		}

		private Step next() {
			return new Step(this.number + 1, (this.size < LAST) ? 2 * this.size : ALL, 0, 0);
		}

		private Step plusOne(long now) {
			return takesAll() ? this
					: new Step(this.number, this.size, this.begun + 1, (this.begun == 0) ? now : this.since);
		}

		private Step minusOne() {
			return new Step(this.number, this.size, this.begun - 1, this.since);
		}

	}

}
