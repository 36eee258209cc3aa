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
 * The scheduler of timeouts. Delays from {@link #LONG} are on a hashed timing wheel
 * (Varghese and Lauck, "Hashed and hierarchical timing wheels", 1987) and may be late by
 * {@link #TICK}; shorter ones are exact. Every request has several timeouts of minutes
 * that are nearly always cancelled. On the wheel, scheduling and cancelling add an entry
 * to a lock-free queue; a heap of timers would take a lock and wake a thread for each new
 * first entry.
 */
final class TimerWheel implements Scheduler {

	/** The maximum lateness of a long delay. */
	static final Duration TICK = Duration.ofMillis(50);

	/** The minimum of a long delay. */
	static final Duration LONG = Duration.ofSeconds(1);

	private static final int SLOTS = 1024;

	private final Scheduler exact;

	private final HashedWheelTimer wheel = new HashedWheelTimer(new DefaultThreadFactory("weir-timers", true),
			TICK.toMillis(), TimeUnit.MILLISECONDS, SLOTS, false);

	/**
	 * Creates a scheduler.
	 * @param exact the scheduler for short delays, which also runs all tasks
	 */
	TimerWheel(Scheduler exact) {
		this.exact = exact;
		// otherwise the first delay starts the thread and blocks an event loop meanwhile
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
		LongDelay waiting = new LongDelay(task);
		try {
			waiting.timeout = this.wheel.newTimeout(waiting, delay, unit);
		}
		catch (IllegalStateException ex) {
			// the wheel was stopped
			throw Exceptions.failWithRejected(ex);
		}
		return waiting;
	}

	@Override
	public Disposable schedulePeriodically(Runnable task, long initialDelay, long period, TimeUnit unit) {
		return this.exact.schedulePeriodically(task, initialDelay, period, unit);
	}

	@Override
	public Worker createWorker() {
		return this.exact.createWorker();
	}

	/** Stops the wheel; the scheduler that runs the tasks is not disposed. */
	@Override
	public void dispose() {
		this.wheel.stop();
	}

	/**
	 * A task with a long delay. The wheel keeps a cancelled entry until its next tick, so
	 * cancelling drops the task, which may reference a whole request.
	 */
	private final class LongDelay extends AtomicReference<@Nullable Runnable> implements Disposable, TimerTask {

		private @Nullable Timeout timeout;

		LongDelay(Runnable task) {
			super(task);
		}

		@Override
		public void run(Timeout expired) {
			Runnable task = getAndSet(null);
			if (task != null) {
				TimerWheel.this.exact.schedule(task);
			}
		}

		@Override
		public void dispose() {
			Timeout scheduled = this.timeout;
			if (getAndSet(null) != null && scheduled != null) {
				scheduled.cancel();
			}
		}

		@Override
		public boolean isDisposed() {
			return get() == null;
		}

	}

}
