package dev.weir.backend;

import java.time.Duration;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

import dev.weir.openai.quota.QuotaHeaders;

/**
 * How much of its quota a lane last said it has left. What it said holds until the limit
 * it spoke of is reset; from then on nothing is known, since others may use the same
 * quota. Safe for many threads, never blocks.
 */
final class Headroom {

	/** What stands for a headroom that is not known: neither full nor empty. */
	static final double UNKNOWN = 0.5;

	/** How long it holds where no reset is said. */
	static final Duration HOLDS = Duration.ofSeconds(10);

	private final Ticker ticker;

	private final Limit requests = new Limit();

	private final Limit tokens = new Limit();

	private volatile @Nullable Said utilization;

	Headroom(Ticker ticker) {
		this.ticker = ticker;
	}

	void record(QuotaHeaders limits) {
		long now = this.ticker.read();
		this.requests.record(limits.requests(), now);
		this.tokens.record(limits.tokens(), now);
		Double used = limits.utilization();
		if (used != null) {
			this.utilization = Said.of(1 - used, null, now);
		}
	}

	/**
	 * The lowest of what is known.
	 * @return the share of the quota that is left, 0 to 1, or empty if nothing is known
	 */
	OptionalDouble known() {
		long now = this.ticker.read();
		double lowest = Math.min(Said.share(this.utilization, now),
				Math.min(Said.share(this.requests.said, now), Said.share(this.tokens.said, now)));
		return (lowest <= 1) ? OptionalDouble.of(lowest) : OptionalDouble.empty();
	}

	/**
	 * How many tokens there are in all.
	 * @return the limit that was said last, or empty if none was
	 */
	OptionalLong tokenLimit() {
		Long limit = this.tokens.limit;
		return (limit != null) ? OptionalLong.of(limit) : OptionalLong.empty();
	}

	/** One limit; the most that ever was left stands for its size where none is said. */
	private static final class Limit {

		private final AtomicLong most = new AtomicLong();

		private volatile @Nullable Said said;

		private volatile @Nullable Long limit;

		void record(QuotaHeaders.@Nullable Remaining remaining, long now) {
			if (remaining == null) {
				return;
			}
			long most = this.most.accumulateAndGet(remaining.left(), Math::max);
			Long limit = remaining.limit();
			this.limit = (limit != null) ? limit : this.limit;
			long size = Math.max(1, (limit != null) ? limit : most);
			this.said = Said.of((double) remaining.left() / size, remaining.reset(), now);
		}

	}

	/**
	 * What was said last.
	 *
	 * @param share the share that is left, 0 to 1
	 * @param until when it no longer holds
	 */
	private record Said(double share, long until) {

		static Said of(double share, @Nullable Duration reset, long now) {
			Duration holds = (reset != null) ? reset : HOLDS;
			return new Said(Math.max(0, Math.min(1, share)), now + holds.toNanos());
		}

		// more than any share is what does not count
		static double share(@Nullable Said said, long now) {
			return (said != null && said.until - now > 0) ? said.share : Double.MAX_VALUE;
		}

	}

}
