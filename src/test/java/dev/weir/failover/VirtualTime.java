package dev.weir.failover;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

import reactor.test.scheduler.VirtualTimeScheduler;

/**
 * Time that a test moves by hand: the clocks and the timers go together. The monotonic
 * clock starts close to where a long overflows, as {@link System#nanoTime()} may.
 */
final class VirtualTime {

	private static final long BEGIN = Long.MAX_VALUE - Duration.ofMillis(50).toNanos();

	private final VirtualTimeScheduler timers = VirtualTimeScheduler.create();

	private final Timing timing = new Timing(this::nanos, () -> Instant.EPOCH.plusNanos(elapsed()), this.timers);

	Timing timing() {
		return this.timing;
	}

	long nanos() {
		return BEGIN + elapsed();
	}

	void advance(long millis) {
		this.timers.advanceTimeBy(Duration.ofMillis(millis));
	}

	/**
	 * How many timers were ever set.
	 * @return the number
	 */
	long timersSet() {
		return this.timers.getScheduledTaskCount();
	}

	private long elapsed() {
		return this.timers.now(TimeUnit.NANOSECONDS);
	}

}
