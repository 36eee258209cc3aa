package dev.weir.backend;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

/**
 * Limits the requests after a cooldown, so that a lane that has just recovered is not
 * overloaded. As soon as a response says how much of the quota remains, that many
 * requests may begin, and one more, whose response says when there will be quota again.
 * While responses say nothing, the first step takes one request. When a request of a step
 * was served, or some time has passed since the first one of the step began, the next
 * step takes twice as many. After the last step there is no limit. A new cooldown
 * restarts the ramp. Like TCP's slow start (RFC 5681, section 3.1), with the remaining
 * quota in place of the receiver's window. Safe for many threads, never blocks. Without a
 * cooldown it costs one read of a field.
 */
final class Ramp {

	/**
	 * How long a step waits for one of its requests to be served: a response may take
	 * much longer to begin than a 429.
	 */
	static final Duration WAIT = Duration.ofMillis(250);

	/** How many requests the last step takes. */
	static final int LAST = 64;

	/**
	 * How long the remaining quota is followed after a cooldown. Quotas are counted by
	 * the minute, so that a lane without another 429 in this time has enough.
	 */
	static final Duration FOLLOW = Duration.ofMinutes(1);

	private static final int ALL = Integer.MAX_VALUE;

	private final Ticker ticker;

	private final AtomicReference<Step> current = new AtomicReference<>(new Step(0, 0, ALL, false, 0, 0, 0, 0, 0, 1));

	Ramp(Ticker ticker) {
		this.ticker = ticker;
	}

	/**
	 * Restarts with few requests, because the backend has failed.
	 */
	void restart() {
		this.current.updateAndGet((step) -> step.restarted(1));
	}

	/**
	 * Restarts because of a cooldown. If the responses after the last cooldown said what
	 * remained, half as many requests begin at once, up to the size of the last step. If
	 * one of them is refused before any response said so again, this is forgotten.
	 * @param cause the step of the request that was refused
	 */
	void restart(Step cause) {
		this.current.updateAndGet((step) -> step.restarted(step.hasMisledTo(cause) ? 1 : step.first));
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
			this.current.updateAndGet((it) -> (it.isSame(step) && !it.informed) ? it.next() : it);
		}
	}

	/**
	 * Records how many further requests the quota allowed when a request was accepted. A
	 * request from before the cooldown, or from before another one that has said so, has
	 * no effect.
	 * @param step the step it belongs to
	 * @param remaining the number of further requests, 0 or more
	 */
	void onRemaining(Step step, long remaining) {
		if (!step.takesAll()) {
			this.current.updateAndGet((it) -> it.isOlderThan(step) ? it.informed(step, remaining) : it);
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
	 * Whether it allows a few requests only.
	 * @return whether there was a cooldown, the last step is not over, and no response
	 * has said that there is quota for many
	 */
	boolean isActive() {
		Step step = this.current.get();
		return !step.takesAll() && !(step.informed && step.size - step.begun >= LAST);
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
	 * @param ramp increases with every restart
	 * @param number increases with every step, also across restarts
	 * @param size how many requests it takes
	 * @param informed whether the size is the remaining quota
	 * @param begun how many of them have begun
	 * @param since when the first of them began, or the last one if it is informed
	 * @param total how many requests have begun since the restart
	 * @param startedAt when the first of these began
	 * @param informedBy the position among these requests of the last one whose response
	 * said what remains, 0 if none did
	 * @param first how many requests the first step takes after the next cooldown
	 */
	record Step(long ramp, long number, int size, boolean informed, int begun, long since, long total, long startedAt,
			long informedBy, int first) {

		boolean takesAll() {
			return this.size == ALL;
		}

		private boolean isFull() {
			return this.begun >= this.size;
		}

		private boolean isSame(Step other) {
			return this.number == other.number && !takesAll();
		}

		private boolean isOlderThan(Step other) {
			return this.ramp == other.ramp && !takesAll() && other.total > this.informedBy;
		}

		/** Whether a request was refused of those that could begin at once. */
		private boolean hasMisledTo(Step cause) {
			return this.ramp == cause.ramp && this.informedBy == 0 && cause.total <= this.first;
		}

		private Step restarted(int most) {
			return new Step(this.ramp + 1, this.number + 1, most, false, 0, 0, 0, 0, 0, most);
		}

		/** This step, or the next one if the time of this one is over. */
		private Step due(long now) {
			if (takesAll() || this.begun == 0) {
				return this;
			}
			if (this.informed && now - this.startedAt >= FOLLOW.toNanos()) {
				return sized(ALL);
			}
			return ((!this.informed || isFull()) && now - this.since >= WAIT.toNanos()) ? next() : this;
		}

		private Step next() {
			return sized(this.informed ? 1 : (this.size < LAST) ? 2 * this.size : ALL);
		}

		private Step sized(int next) {
			return new Step(this.ramp, this.number + 1, next, false, 0, 0, this.total, this.startedAt, this.informedBy,
					this.first);
		}

		private Step informed(Step by, long remaining) {
			long left = Math.max(0, remaining - (this.total - by.total));
			int atFirst = (this.informedBy == 0) ? (int) Math.max(1, Math.min(LAST, remaining / 2)) : this.first;
			return new Step(this.ramp, this.number + 1, (int) Math.min(ALL - 1, left + 1), true, 0, 0, this.total,
					this.startedAt, by.total, atFirst);
		}

		private Step plusOne(long now) {
			return takesAll() ? this
					: new Step(this.ramp, this.number, this.size, this.informed, this.begun + 1,
							(this.begun == 0 || this.informed) ? now : this.since, this.total + 1,
							(this.total == 0) ? now : this.startedAt, this.informedBy, this.first);
		}

		private Step minusOne() {
			return new Step(this.ramp, this.number, this.size, this.informed, this.begun - 1, this.since,
					this.total - 1, this.startedAt, this.informedBy, this.first);
		}

	}

}
