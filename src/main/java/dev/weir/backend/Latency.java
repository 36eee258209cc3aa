package dev.weir.backend;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

/**
 * How long answers take to begin: an exponentially weighted moving average that jumps up
 * to a slower answer at once and comes down slowly, after Finagle's {@code PeakEwma}. An
 * average over time, not over answers: what is older by ten seconds counts e times less.
 * Safe for many threads, never blocks.
 */
final class Latency {

	private static final double DECAY_NANOS = Duration.ofSeconds(10).toNanos();

	/**
	 * What is assumed where no answer has begun yet, and the least that a failure counts
	 * as: whoever meets one has to wait for another backend.
	 */
	static final Duration ASSUMED = Duration.ofSeconds(1);

	private final Ticker ticker;

	private final AtomicReference<@Nullable Sample> last = new AtomicReference<>();

	private final AtomicInteger waiting = new AtomicInteger();

	Latency(Ticker ticker) {
		this.ticker = ticker;
	}

	/** Says that an answer is waited for. */
	void onWaitStart() {
		this.waiting.incrementAndGet();
	}

	/** Says that one less answer is waited for, whether it began or not. */
	void onWaitEnd() {
		this.waiting.decrementAndGet();
	}

	/**
	 * Says how long an answer took to begin.
	 * @param nanos the time in nanoseconds
	 */
	void record(long nanos) {
		long now = this.ticker.read();
		this.last.updateAndGet((sample) -> (sample == null || nanos >= sample.nanos) ? new Sample(nanos, now)
				: new Sample(nanos + (sample.nanos - nanos) * weight(sample, now), now));
	}

	/**
	 * Says that an answer would have taken longer than this. It never makes faster.
	 * @param nanos the time in nanoseconds
	 */
	void recordAtLeast(long nanos) {
		long now = this.ticker.read();
		this.last.updateAndGet((sample) -> {
			double known = (sample != null) ? sample.nanos * weight(sample, now) : ASSUMED.toNanos();
			return (nanos >= known) ? new Sample(nanos, now) : sample;
		});
	}

	/**
	 * How long the next answer may take to begin. While no answer is waited for it
	 * shrinks, so that what was slow once is tried again; one request then shows whether
	 * it still is. Where no answer has begun yet it is nothing, so that one request tries
	 * that too, and {@link #ASSUMED} as long as that one waits.
	 * @return the time in nanoseconds, not negative
	 */
	double expected() {
		Sample sample = this.last.get();
		boolean idle = this.waiting.get() == 0;
		if (sample == null) {
			return idle ? 0 : ASSUMED.toNanos();
		}
		return idle ? sample.nanos * weight(sample, this.ticker.read()) : sample.nanos;
	}

	/**
	 * The average as it was when an answer began last.
	 * @return the average, or {@code null} before the first answer
	 */
	@Nullable Duration average() {
		Sample sample = this.last.get();
		return (sample != null) ? Duration.ofNanos(Math.round(sample.nanos)) : null;
	}

	private static double weight(Sample sample, long now) {
		return Math.exp(-Math.max(0, now - sample.time) / DECAY_NANOS);
	}

	private record Sample(double nanos, long time) {
	}

}
