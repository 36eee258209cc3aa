package dev.weir.backend;

import java.time.Duration;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

import dev.weir.openai.quota.QuotaHeaders;

/**
 * The remaining quota of a lane, from the headers of its last responses. A value is valid
 * until its limit is reset; then nothing is known, because other clients may use the same
 * quota. Safe for many threads, never blocks.
 */
final class Headroom {

	/** The value if nothing is known: neither full nor empty. */
	static final double UNKNOWN = 0.5;

	/** How long a value is valid if the response names no reset. */
	static final Duration HOLDS = Duration.ofSeconds(10);

	private final Ticker ticker;

	private final Limit requests = new Limit();

	private final Limit tokens = new Limit();

	private volatile @Nullable Value utilization;

	Headroom(Ticker ticker) {
		this.ticker = ticker;
	}

	void record(QuotaHeaders limits) {
		long now = this.ticker.read();
		this.requests.record(limits.requests(), now);
		this.tokens.record(limits.tokens(), now);
		Double used = limits.utilization();
		if (used != null) {
			this.utilization = Value.of(1 - used, null, now);
		}
	}

	/**
	 * The smallest known share.
	 * @return the share of the quota that is left, 0 to 1, or empty if nothing is known
	 */
	OptionalDouble known() {
		long now = this.ticker.read();
		double lowest = Math.min(Value.share(this.utilization, now),
				Math.min(Value.share(this.requests.last, now), Value.share(this.tokens.last, now)));
		return (lowest <= 1) ? OptionalDouble.of(lowest) : OptionalDouble.empty();
	}

	/**
	 * The limit of tokens.
	 * @return the limit in the last response that named one, or empty
	 */
	OptionalLong tokenLimit() {
		Long limit = this.tokens.limit;
		return (limit != null) ? OptionalLong.of(limit) : OptionalLong.empty();
	}

	/**
	 * One limit. If its size is not known, the largest remaining value is used in its
	 * place.
	 */
	private static final class Limit {

		private final AtomicLong most = new AtomicLong();

		private volatile @Nullable Value last;

		private volatile @Nullable Long limit;

		void record(QuotaHeaders.@Nullable Remaining remaining, long now) {
			if (remaining == null) {
				return;
			}
			long most = this.most.accumulateAndGet(remaining.left(), Math::max);
			Long limit = remaining.limit();
			this.limit = (limit != null) ? limit : this.limit;
			long size = Math.max(1, (limit != null) ? limit : most);
			this.last = Value.of((double) remaining.left() / size, remaining.reset(), now);
		}

	}

	/**
	 * A value from a response.
	 *
	 * @param share the remaining share, 0 to 1
	 * @param until the ticker's time at which it becomes invalid
	 */
	private record Value(double share, long until) {

		static Value of(double share, @Nullable Duration reset, long now) {
			Duration holds = (reset != null) ? reset : HOLDS;
			return new Value(Math.max(0, Math.min(1, share)), now + holds.toNanos());
		}

		// larger than any share if invalid, so that a minimum ignores it
		static double share(@Nullable Value value, long now) {
			return (value != null && value.until - now > 0) ? value.share : Double.MAX_VALUE;
		}

	}

}
