package dev.weir.failover;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.TimeUnit;

import reactor.core.Disposable;
import reactor.test.scheduler.VirtualTimeScheduler;

import dev.weir.request.RequestLoop;
import dev.weir.queue.Timing;

/**
 * Time that a test advances: the same for the ticker, the wall clock and the timers. All
 * tasks run on the thread that advances it.
 */
public final class VirtualTime extends Clock {

	// as System.nanoTime() may, the ticker passes Long.MAX_VALUE soon
	private static final long TICKER_START = Long.MAX_VALUE - TimeUnit.SECONDS.toNanos(5);

	private static final Instant CLOCK_START = Instant.parse("2026-02-28T23:59:55.250Z");

	private final VirtualTimeScheduler scheduler = VirtualTimeScheduler.create();

	/**
	 * The time since the beginning.
	 * @return nanoseconds, 0 or more
	 */
	long now() {
		return this.scheduler.now(TimeUnit.NANOSECONDS);
	}

	public Timing timing() {
		return new Timing(this::ticks, this.scheduler);
	}

	/**
	 * The loop of requests: tasks run at once, timers at this time.
	 * @return the loop
	 */
	public RequestLoop loop() {
		return new RequestLoop() {

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

	public long ticks() {
		return TICKER_START + now();
	}

	/**
	 * Does something later.
	 * @param nanos how much later
	 * @param action what to do
	 * @return takes it back
	 */
	Disposable after(long nanos, Runnable action) {
		return this.scheduler.schedule(action, nanos, TimeUnit.NANOSECONDS);
	}

	/**
	 * How many timers were ever set.
	 * @return the number
	 */
	public long timersSet() {
		return this.scheduler.getScheduledTaskCount();
	}

	public void advance(long millis) {
		pass(Duration.ofMillis(millis));
	}

	void pass(Duration time) {
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
