package dev.weir.backend;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

/**
 * How long responses take to begin: an exponentially weighted moving average that rises
 * to a slower response at once and falls slowly, like Finagle's {@code PeakEwma}. It is
 * an average over time, not over responses: a value ten seconds older has 1/e of the
 * weight. Safe for many threads, never blocks.
 */
final class Latency {

	private static final double DECAY_NANOS = Duration.ofSeconds(10).toNanos();

	/**
	 * The assumed latency before the first response, and the least latency of a failure,
	 * because its request has to wait for another backend.
	 */
	static final Duration ASSUMED = Duration.ofSeconds(1);

	private final Ticker ticker;

	private final AtomicReference<@Nullable Sample> last = new AtomicReference<>();

	private final AtomicInteger waiting = new AtomicInteger();

	Latency(Ticker ticker) {
		this.ticker = ticker;
	}

	/** Records that a request begins to wait for a response. */
	void onWaitStart() {
		this.waiting.incrementAndGet();
	}

	/** Records that a request no longer waits, whether its response has begun or not. */
	void onWaitEnd() {
		this.waiting.decrementAndGet();
	}

	/**
	 * Records how long a response took to begin.
	 * @param nanos the time in nanoseconds
	 */
	void record(long nanos) {
		long now = this.ticker.read();
		this.last.updateAndGet((sample) -> (sample == null || nanos >= sample.nanos) ? new Sample(nanos, now)
				: new Sample(nanos + (sample.nanos - nanos) * weight(sample, now), now));
	}

	/**
	 * Records that a response would have taken longer than this. Never lowers the
	 * average.
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
	 * How long the next response may take to begin. While no request waits, the value
	 * decreases, so that a lane that was slow is tried again by one request. Before the
	 * first response the value is zero, so that one request tries the lane, and
	 * {@link #ASSUMED} while that request waits.
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
	 * The average at the time of the last response.
	 * @return the average, or {@code null} before the first response
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
