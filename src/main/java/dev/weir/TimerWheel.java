package dev.weir;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

import io.netty.util.HashedWheelTimer;
import io.netty.util.Timeout;
import io.netty.util.TimerTask;
import io.netty.util.concurrent.DefaultThreadFactory;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Exceptions;
import reactor.core.scheduler.Scheduler;

/**
 * Waits. Every request has several limits of minutes that are hardly ever reached: a heap
 * of timers under a lock, which wakes a thread for each new first, costs more than all
 * else that is decided about a request. Long waits go to a wheel (Varghese and Lauck,
 * "Hashed and hierarchical timing wheels", 1987), where beginning and giving up cost an
 * entry in a queue without a lock; what waits on it may be late by {@link #TICK}. Short
 * waits are exact.
 */
final class TimerWheel implements Scheduler {

	/** How late a long wait may end. */
	static final Duration TICK = Duration.ofMillis(50);

	/** From here on a wait counts as long. */
	static final Duration LONG = Duration.ofSeconds(1);

	private static final int SLOTS = 1024;

	private final Scheduler exact;

	private final HashedWheelTimer wheel = new HashedWheelTimer(new DefaultThreadFactory("weir-timers", true),
			TICK.toMillis(), TimeUnit.MILLISECONDS, SLOTS, false);

	/**
	 * Makes one.
	 * @param exact waits for short times, and runs everything
	 */
	TimerWheel(Scheduler exact) {
		this.exact = exact;
		// otherwise the first wait starts it, and blocks an event loop until it runs
		this.wheel.start();
	}

	@Override
	public Disposable schedule(Runnable task) {
		return this.exact.schedule(task);
	}

	@Override
	public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
		if (unit.toNanos(delay) < LONG.toNanos()) {
			return this.exact.schedule(task, delay, unit);
		}
		Wait wait = new Wait(task);
		try {
			wait.timeout = this.wheel.newTimeout(wait, delay, unit);
		}
		catch (IllegalStateException ex) {
			// stopped; so is all that waits on it
			throw Exceptions.failWithRejected(ex);
		}
		return wait;
	}

	@Override
	public Disposable schedulePeriodically(Runnable task, long initialDelay, long period, TimeUnit unit) {
		return this.exact.schedulePeriodically(task, initialDelay, period, unit);
	}

	@Override
	public Worker createWorker() {
		return this.exact.createWorker();
	}

	/** Ends the waits on the wheel. What runs the tasks is not this one's to end. */
	@Override
	public void dispose() {
		this.wheel.stop();
	}

	/**
	 * A wait on the wheel. The wheel keeps what was given up until its next tick, so what
	 * it holds then must be small: the task has all of a request behind it.
	 */
	private final class Wait extends AtomicReference<@Nullable Runnable> implements Disposable, TimerTask {

		private @Nullable Timeout timeout;

		Wait(Runnable task) {
			super(task);
		}

		@Override
		public void run(Timeout due) {
			Runnable task = getAndSet(null);
			if (task != null) {
				TimerWheel.this.exact.schedule(task);
			}
		}

		@Override
		public void dispose() {
			Timeout begun = this.timeout;
			if (getAndSet(null) != null && begun != null) {
				begun.cancel();
			}
		}

		@Override
		public boolean isDisposed() {
			return get() == null;
		}

	}

}
