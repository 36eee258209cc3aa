package dev.weir.backend;

import java.util.concurrent.atomic.AtomicReference;

import com.github.benmanes.caffeine.cache.Ticker;

import dev.weir.config.RetryBudgetProperties;

/**
 * Limits retries to a share of the requests plus a minimum per second, so that retries do
 * not multiply the load of an outage. It is a token bucket: each request adds its share,
 * time adds the minimum, and a retry takes one token. Tokens expire within ten seconds.
 * Like Finagle's {@code RetryBudget}. Safe for many threads, never blocks.
 */
public final class RetryBudget {

	private static final double CREDIT_SECONDS = 10;

	// limits how many retries the shares of many requests allow at once
	private static final double MAX_REQUEST_CREDIT = 1000;

	private final RetryBudgetProperties properties;

	private final Ticker ticker;

	private final AtomicReference<Credit> credit;

	RetryBudget(RetryBudgetProperties properties, Ticker ticker) {
		this(properties, ticker, new AtomicReference<>(new Credit(properties.minPerSecond(), 0, ticker.read())));
	}

	private RetryBudget(RetryBudgetProperties properties, Ticker ticker, AtomicReference<Credit> credit) {
		this.properties = properties;
		this.ticker = ticker;
		this.credit = credit;
	}

	/**
	 * Returns a budget with other settings and the same credit.
	 * @param changed the settings
	 * @return the budget
	 */
	RetryBudget with(RetryBudgetProperties changed) {
		return new RetryBudget(changed, this.ticker, this.credit);
	}

	/**
	 * Records a request.
	 */
	public void recordRequest() {
		this.credit.updateAndGet((last) -> {
			Credit now = refill(last);
			return new Credit(now.floor, Math.min(now.share + this.properties.percent() / 100.0, MAX_REQUEST_CREDIT),
					now.time);
		});
	}

	/**
	 * Takes one retry.
	 * @return whether there was one
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
	 * Whether there is a retry now.
	 * @return whether {@link #tryRetry()} would succeed
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
