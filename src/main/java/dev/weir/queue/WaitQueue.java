package dev.weir.queue;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

import dev.weir.backend.Lane;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;

/**
 * Requests that wait for the same lanes: each of them can use any lane of the set, so
 * that only the first has to be looked at. One timer serves all. Used by one thread at a
 * time; no method takes time in proportion to the number of requests.
 */
final class WaitQueue {

	// where it is not known when a lane will be free, such as while a circuit breaker
	// waits for its probes
	private static final Duration POLL = Duration.ofMillis(50);

	private final List<Lane> lanes;

	private final WaitOrder order;

	private final TreeSet<Waiter> byDeadline;

	private final Timing timing;

	private final Runnable onTimer;

	private @Nullable Disposable timer;

	private long firesAt;

	/**
	 * Makes an empty queue.
	 * @param lanes what its requests wait for, at least one
	 * @param order the order in which they are served
	 * @param timing where time comes from
	 * @param onTimer is run when a lane may be free or a request has waited long enough
	 */
	WaitQueue(List<Lane> lanes, WaitOrder order, Timing timing, Runnable onTimer) {
		this.lanes = lanes;
		this.order = order;
		this.timing = timing;
		this.onTimer = onTimer;
		long origin = timing.ticker().read();
		// differences, because a monotonic clock may pass Long.MAX_VALUE
		this.byDeadline = new TreeSet<>(Comparator.<Waiter>comparingLong((waiter) -> waiter.until() - origin)
			.thenComparingLong(Waiter::arrival));
	}

	List<Lane> lanes() {
		return this.lanes;
	}

	void add(Waiter waiter) {
		waiter.queue(this);
		this.order.add(waiter);
		this.byDeadline.add(waiter);
	}

	void remove(Waiter waiter) {
		waiter.queue(null);
		this.order.remove(waiter);
		this.byDeadline.remove(waiter);
	}

	boolean isEmpty() {
		return this.byDeadline.isEmpty();
	}

	/**
	 * The request that is served next.
	 * @return the request, or {@code null} if none waits
	 */
	@Nullable Waiter first() {
		return this.order.first();
	}

	/**
	 * A request that waits in vain: its time is over, or every lane of the set is known
	 * to be free later than that.
	 * @return the request, or {@code null} if there is none
	 */
	@Nullable Waiter firstInVain() {
		if (this.byDeadline.isEmpty()) {
			return null;
		}
		Waiter first = this.byDeadline.first();
		long left = first.until() - this.timing.ticker().read();
		return (left <= 0 || freeIn() > left) ? first : null;
	}

	/**
	 * When the first lane of the set may be free.
	 * @return the nanoseconds until then; 0 if one is free or that depends on other
	 * requests
	 */
	private long freeIn() {
		long soonest = Long.MAX_VALUE;
		for (Lane lane : this.lanes) {
			Duration time = lane.freeIn();
			soonest = Math.min(soonest, (time != null) ? time.toNanos() : 0);
		}
		return soonest;
	}

	/**
	 * Sets the timer to the time when a lane may be free or a request has waited long
	 * enough, if it is not set to an earlier time already.
	 */
	void setTimer() {
		if (this.byDeadline.isEmpty()) {
			return;
		}
		long look = nextLook();
		long now = this.timing.ticker().read();
		setTimer(now, Math.max(1, Math.min(look, this.byDeadline.first().until() - now)));
	}

	/**
	 * How long the lanes need not be looked at. One of which it is not known when it will
	 * be free does not put off the look at another whose rest ends sooner.
	 * @return the nanoseconds until then, positive
	 */
	private long nextLook() {
		long soonest = Long.MAX_VALUE;
		for (Lane lane : this.lanes) {
			Duration time = lane.freeIn();
			soonest = Math.min(soonest, ((time == null || time.isZero()) ? POLL : time).toNanos());
		}
		return soonest;
	}

	private void setTimer(long now, long delay) {
		if (this.timer != null) {
			if (this.firesAt - (now + delay) <= 0) {
				return;
			}
			this.timer.dispose();
		}
		this.firesAt = now + delay;
		this.timer = this.timing.timers().schedule(this.onTimer, delay, TimeUnit.NANOSECONDS);
	}

	/** Takes the timer back, or forgets one that has fired. */
	void clearTimer() {
		if (this.timer != null) {
			this.timer.dispose();
			this.timer = null;
		}
	}

}
