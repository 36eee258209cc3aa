package dev.weir.backend;

import java.util.concurrent.atomic.AtomicReference;

import com.github.benmanes.caffeine.cache.Ticker;

import dev.weir.config.RetryBudgetProperties;

/**
 * Bounds retries to a share of the requests plus a floor per second, so that retries
 * never multiply an outage. A token bucket: a request puts in its share, the passing of
 * time the floor, a retry takes one out; credit older than ten seconds is worth nothing,
 * which the capacity stands for. After Finagle's {@code RetryBudget}. Safe for many
 * threads, never blocks.
 */
public final class RetryBudget {

	private static final double CREDIT_SECONDS = 10;

	// keeps a share of many requests from adding up to a storm after a quiet time
	private static final double MAX_REQUEST_CREDIT = 1000;

	private final RetryBudgetProperties properties;

	private final Ticker ticker;

	private final AtomicReference<Credit> credit;

	RetryBudget(RetryBudgetProperties properties, Ticker ticker) {
		this.properties = properties;
		this.ticker = ticker;
		this.credit = new AtomicReference<>(new Credit(properties.minPerSecond(), 0, ticker.read()));
	}

	/**
	 * Notes that a request came in.
	 */
	public void recordRequest() {
		this.credit.updateAndGet((last) -> {
			Credit now = refill(last);
			return new Credit(now.floor, Math.min(now.share + this.properties.percent() / 100.0, MAX_REQUEST_CREDIT),
					now.time);
		});
	}

	/**
	 * Takes one retry out.
	 * @return whether there was one left
	 */
	public boolean tryRetry() {
		while (true) {
			Credit last = this.credit.get();
			Credit now = refill(last);
			Credit next;
			if (now.floor >= 1) {
				next = new Credit(now.floor - 1, now.share, now.time);
			}
			else if (now.floor + now.share >= 1) {
				next = new Credit(0, now.share - (1 - now.floor), now.time);
			}
			else {
				return false;
			}
			if (this.credit.compareAndSet(last, next)) {
				return true;
			}
		}
	}

	/**
	 * Whether there is a retry at this moment.
	 * @return whether {@link #tryRetry()} would take one out
	 */
	public boolean hasRetry() {
		Credit now = refill(this.credit.get());
		return now.floor + now.share >= 1;
	}

	private Credit refill(Credit last) {
		long time = this.ticker.read();
		double seconds = Math.max(0, (time - last.time) / 1e9);
		double perSecond = this.properties.minPerSecond();
		double floor = Math.min(last.floor + seconds * perSecond, perSecond);
		double share = last.share * Math.max(0, 1 - seconds / CREDIT_SECONDS);
		return new Credit(floor, share, time);
	}

	private record Credit(double floor, double share, long time) {
	}

}
