package dev.weir.testing;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.TimeUnit;

import com.github.benmanes.caffeine.cache.Ticker;
import reactor.core.Disposable;
import reactor.test.scheduler.VirtualTimeScheduler;

import dev.weir.queue.Timing;
import dev.weir.request.RequestLoop;

/**
 * The only clock of the tests: ticker, wall clock and timers show the same time, which
 * moves only when a test advances it. Due timers run on the thread that advances it. A
 * test passes the view that the class under test takes: this object as {@link Ticker} or
 * {@link Clock}, {@link #timing()} or {@link #loop()}. If it takes a scheduler and
 * nothing else, Reactor's {@link VirtualTimeScheduler} does without this class.
 */
public final class VirtualTime extends Clock implements Ticker {

	// as System.nanoTime() may, the ticker passes Long.MAX_VALUE soon
	private static final long TICKER_START = Long.MAX_VALUE - TimeUnit.SECONDS.toNanos(5);

	private static final Instant CLOCK_START = Instant.parse("2026-02-28T23:59:55.250Z");

	private final VirtualTimeScheduler scheduler = VirtualTimeScheduler.create();

	/**
	 * The time since the beginning.
	 * @return nanoseconds, 0 or more
	 */
	public long now() {
		return this.scheduler.now(TimeUnit.NANOSECONDS);
	}

	public Timing timing() {
		return new Timing(this, this.scheduler);
	}

	/**
	 * The loop of requests: tasks run at once, timers at this time.
	 * @return the loop
	 */
	public RequestLoop loop() {
		return new RequestLoop() {
			@Override
			public boolean isCurrent() {
				return true;
			}

			@Override
			public void execute(Runnable task) {
				task.run();
			}

			@Override
			public Disposable schedule(Runnable task, Duration delay) {
				return after(delay.toNanos(), task);
			}

		};
	}

	@Override
	public long read() {
		return TICKER_START + now();
	}

	/**
	 * Sets a timer.
	 * @param nanos the delay in nanoseconds
	 * @param action runs when the timer is due
	 * @return cancels the timer
	 */
	public Disposable after(long nanos, Runnable action) {
		return this.scheduler.schedule(action, nanos, TimeUnit.NANOSECONDS);
	}

	/**
	 * The number of timers that were ever set.
	 * @return the number
	 */
	public long timersSet() {
		return this.scheduler.getScheduledTaskCount();
	}

	public void advance(long millis) {
		advance(Duration.ofMillis(millis));
	}

	public void advance(Duration time) {
		this.scheduler.advanceTimeBy(time);
	}

	@Override
	public Instant instant() {
		return CLOCK_START.plusNanos(now());
	}

	@Override
	public ZoneId getZone() {
		return ZoneOffset.UTC;
	}

	@Override
	public Clock withZone(ZoneId zone) {
		throw new UnsupportedOperationException();
	}

}
