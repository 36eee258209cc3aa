package dev.weir.client.limit;

import java.time.Instant;
import java.time.InstantSource;

import com.github.benmanes.caffeine.cache.Ticker;

/**
 * The clock of the windows. It reads the wall clock once, at the start, and adds the time
 * of the monotonic clock. A jump of the wall clock therefore opens no window.
 */
public final class LimitClock {

	private final Ticker ticker;

	private final long offset;

	/**
	 * Creates the clock.
	 * @param clock the wall clock, read once
	 * @param ticker a monotonic clock in nanoseconds
	 */
	public LimitClock(InstantSource clock, Ticker ticker) {
		this.ticker = ticker;
		Instant start = clock.instant();
		this.offset = start.getEpochSecond() * 1_000_000_000 + start.getNano() - ticker.read();
	}

	/**
	 * The current time.
	 * @return nanoseconds since 1970
	 */
	public long now() {
		return this.offset + this.ticker.read();
	}

}
