package dev.weir.failover;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import dev.weir.backend.Attempts;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/**
 * Where a pool's requests wait for a lane when none is free. It is bounded, and fair: of
 * those that can use a lane the first in line gets it. Waiting uses no thread; one timer
 * wakes the line when its first lane does, and every request that ends looks, too.
 */
final class WaitingLine {

	// where it is not known when a lane will be free, such as while a circuit breaker
	// waits for its probes
	private static final Duration LOOK = Duration.ofMillis(50);

	private final int max;

	private final Timing timing;

	private final SerialExecutor turn = new SerialExecutor();

	private final Set<Waiter> waiters = new LinkedHashSet<>();

	private volatile int length;

	private @Nullable Disposable timer;

	private long wakesAt;

	/**
	 * Opens a line.
	 * @param max how many may wait at once
	 * @param timing what time is told by
	 */
	WaitingLine(int max, Timing timing) {
		this.max = max;
		this.timing = timing;
	}

	boolean isEmpty() {
		return this.length == 0;
	}

	int length() {
		return this.length;
	}

	/**
	 * Waits for a lane.
	 * @param attempts the request's attempts, which tell whether one is free for it
	 * @param atMost how long to wait
	 * @return whether a lane may be free: {@code false} at the end of the time, or at
	 * once if as many wait already as may. A request that finds one taken after all may
	 * wait again
	 */
	Mono<Boolean> await(Attempts attempts, Duration atMost) {
		return Mono.create((sink) -> {
			Waiter waiter = new Waiter(attempts, this.timing.ticker().read() + atMost.toNanos());
			waiter.sink = sink.onCancel(() -> this.turn.execute(() -> leave(waiter)));
			this.turn.execute(() -> join(waiter));
		});
	}

	/** Looks whether somebody can go: something may be free now. */
	void look() {
		if (this.length > 0) {
			this.turn.execute(this::serve);
		}
	}

	private void join(Waiter waiter) {
		if (waiter.left) {
			return;
		}
		if (this.waiters.isEmpty() && waiter.attempts.hasAnother()) {
			waiter.tell(true);
		}
		else if (this.waiters.size() >= this.max) {
			// where others fill the line, a lane that none of them can use is no less
			// free
			waiter.tell(waiter.attempts.hasAnother());
		}
		else {
			this.waiters.add(waiter);
			this.length = this.waiters.size();
			if (waiter.attempts.hasAnother()) {
				serve();
			}
			else {
				wakeIn(waiter.patience(this.timing.ticker().read()));
			}
		}
	}

	private void leave(Waiter waiter) {
		waiter.left = true;
		this.waiters.remove(waiter);
		this.length = this.waiters.size();
	}

	private void serve() {
		long next = Long.MAX_VALUE;
		// a copy: who goes may come back at once
		for (Waiter waiter : List.copyOf(this.waiters)) {
			long now = this.timing.ticker().read();
			boolean free = waiter.attempts.hasAnother();
			if (free || waiter.isOver(now)) {
				leave(waiter);
				waiter.tell(free);
			}
			else {
				next = Math.min(next, waiter.patience(now));
			}
		}
		if (next != Long.MAX_VALUE) {
			wakeIn(next);
		}
	}

	private void wakeIn(long nanos) {
		long at = this.timing.ticker().read() + nanos;
		if (this.timer != null && !this.timer.isDisposed()) {
			if (this.wakesAt - at <= 0) {
				return;
			}
			this.timer.dispose();
		}
		this.wakesAt = at;
		this.timer = this.timing.timers().schedule(() -> this.turn.execute(this::wake), nanos, TimeUnit.NANOSECONDS);
	}

	private void wake() {
		this.timer = null;
		serve();
	}

	/** A request that waits. Two are never equal. */
	private static final class Waiter {

		private final Attempts attempts;

		private final long until;

		private @Nullable MonoSink<Boolean> sink;

		// a client may be gone before its request has joined
		private boolean left;

		Waiter(Attempts attempts, long until) {
			this.attempts = attempts;
			this.until = until;
		}

		void tell(boolean free) {
			if (this.sink != null) {
				this.sink.success(free);
			}
		}

		boolean isOver(long now) {
			return this.until - now <= 0;
		}

		/** In how many nanoseconds to look again. */
		long patience(long now) {
			Duration free = this.attempts.freeIn();
			long lane = (free == null || free.isZero()) ? LOOK.toNanos() : free.toNanos();
			return Math.max(1, Math.min(lane, this.until - now));
		}

	}

}
