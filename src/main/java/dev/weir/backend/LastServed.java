package dev.weir.backend;

import java.time.Duration;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

/**
 * The size of the last request that a lane served. If the lane has just served a smaller
 * request, then a larger one with a delay of a day exceeds the whole quota. Safe for many
 * threads.
 */
final class LastServed {

	/** How long it is valid: quotas of tokens are counted by the minute. */
	static final Duration HOLDS = Duration.ofMinutes(1);

	private final Ticker ticker;

	private volatile @Nullable Size last;

	LastServed(Ticker ticker) {
		this.ticker = ticker;
	}

	void onServed(long size) {
		this.last = new Size(size, this.ticker.read());
	}

	/**
	 * Whether the last served request was smaller.
	 * @param size the length of a request's body in bytes, 0 if it is not known
	 * @return whether one was served within the last minute
	 */
	boolean isSmallerThan(long size) {
		Size known = this.last;
		return known != null && known.bytes < size && this.ticker.read() - known.at < HOLDS.toNanos();
	}

	private record Size(long bytes, long at) {
	}

}
