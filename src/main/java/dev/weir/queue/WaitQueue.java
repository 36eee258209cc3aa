package dev.weir.queue;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

import dev.weir.backend.BackendCondition;
import dev.weir.backend.Lane;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;

/**
 * Requests that wait for the same lanes, and share one timer. Their order is not here,
 * because requests of other queues may compete with them. Used by one thread at a time.
 * The time of a method does not grow in proportion to the number of requests.
 */
final class WaitQueue {

	// used if the time until a lane is free is not known, for instance while a circuit
	// breaker is half open
	private static final Duration POLL = Duration.ofMillis(50);

	private final List<Lane> lanes;

	private final TreeSet<Waiter> byDeadline;

	private final Timing timing;

	private final Runnable onTimer;

	private @Nullable Disposable timer;

	private long firesAt;

	/**
	 * Creates an empty queue.
	 * @param lanes the lanes that its requests wait for
	 * @param timing the clock and the timers
	 * @param onTimer is run when a lane may be free or a request has reached its deadline
	 */
	WaitQueue(List<Lane> lanes, Timing timing, Runnable onTimer) {
		this.lanes = lanes;
		this.timing = timing;
		this.onTimer = onTimer;
		long origin = timing.ticker().read();
		// differences, because a monotonic clock may overflow
		this.byDeadline = new TreeSet<>(Comparator.<Waiter>comparingLong((waiter) -> waiter.until() - origin)
			.thenComparingLong(Waiter::arrival));
	}

	List<Lane> lanes() {
		return this.lanes;
	}

	/**
	 * The lane on a backend.
	 * @param backend the backend
	 * @return the lane, or {@code null} if none of the set is there
	 */
	@Nullable Lane laneOf(BackendCondition backend) {
		return this.lanes.stream().filter((lane) -> lane.backend().condition() == backend).findFirst().orElse(null);
	}

	/**
	 * The requests in the queue, those with the nearest deadline first.
	 * @return a copy
	 */
	List<Waiter> waiters() {
		return List.copyOf(this.byDeadline);
	}

	void add(Waiter waiter) {
		waiter.queue(this);
		this.byDeadline.add(waiter);
	}

	void remove(Waiter waiter) {
		waiter.queue(null);
		this.byDeadline.remove(waiter);
	}

	boolean isEmpty() {
		return this.byDeadline.isEmpty();
	}

	/**
	 * A request that will not be served in time: its time is over, or every lane of the
	 * set is known to be free later.
	 * @return the request, or {@code null} if there is none
	 */
	@Nullable Waiter firstUnservable() {
		if (this.byDeadline.isEmpty()) {
			return null;
		}
		Waiter first = this.byDeadline.first();
		long left = first.until() - this.timing.ticker().read();
		return (left <= 0 || freeIn() > left) ? first : null;
	}

	/**
	 * How long it takes until the first lane of the set may be free.
	 * @return the nanoseconds; 0 if one is free, or if that depends on other requests
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
	 * Sets the timer to the time when a lane may be free or a request reaches its
	 * deadline, unless it is set to an earlier time.
	 */
	void setTimer() {
		if (this.byDeadline.isEmpty()) {
			return;
		}
		long check = timeToNextCheck();
		long now = this.timing.ticker().read();
		setTimer(now, Math.max(1, Math.min(check, this.byDeadline.first().until() - now)));
	}

	/**
	 * How long it takes until the next check of the lanes: the shortest time of any lane,
	 * so that a lane without a known time does not delay the check of another one.
	 * @return the nanoseconds, positive
	 */
	private long timeToNextCheck() {
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

	/** Cancels the timer, or forgets one that has fired. */
	void clearTimer() {
		if (this.timer != null) {
			this.timer.dispose();
			this.timer = null;
		}
	}

}
