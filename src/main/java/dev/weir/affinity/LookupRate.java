package dev.weir.affinity;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

import com.github.benmanes.caffeine.cache.Ticker;

/**
 * Limits how many unknown objects are looked up per second, and how many of them one
 * backend is asked for: a client that makes up ids must not multiply its requests by the
 * number of backends. The limit for a second may be used at once (generic cell rate
 * algorithm, ITU-T I.371), unless permits are {@linkplain #spread spread}. Safe for many
 * threads.
 */
final class LookupRate {

	private static final long SECOND = 1_000_000_000L;

	private final Ticker ticker;

	/** When all permits would be used up if each were taken at its time. */
	private final AtomicLong usedUntil;

	LookupRate(Ticker ticker) {
		this.ticker = ticker;
		this.usedUntil = new AtomicLong(ticker.read() - SECOND);
	}

	/**
	 * The time until there is a permit.
	 * @param perSecond the limit
	 * @return the time, zero if there is one now
	 */
	Duration timeToPermit(int perSecond) {
		long excess = this.usedUntil.get() - this.ticker.read() + SECOND / perSecond - SECOND;
		return Duration.ofNanos(Math.max(0, excess));
	}

	/**
	 * Discards the permits that were not used: from a time on there is one, and then one
	 * in each interval.
	 * @param delay the time until the first one
	 * @param perSecond the limit
	 */
	void spread(Duration delay, int perSecond) {
		long from = this.ticker.read() + delay.toNanos() + SECOND - SECOND / perSecond;
		this.usedUntil.updateAndGet((used) -> (used - from > 0) ? used : from);
	}

	/**
	 * Takes a permit.
	 * @param perSecond the limit, which may be less than one
	 * @return whether there was one
	 */
	boolean tryAcquire(double perSecond) {
		long interval = (long) (SECOND / perSecond);
		long atOnce = Math.max(SECOND, interval);
		while (true) {
			long now = this.ticker.read();
			long used = this.usedUntil.get();
			long from = (used - now > 0) ? used : now;
			if (from + interval - now > atOnce) {
				return false;
			}
			if (this.usedUntil.compareAndSet(used, from + interval)) {
				return true;
			}
		}
	}

}
