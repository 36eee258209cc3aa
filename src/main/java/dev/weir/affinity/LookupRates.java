package dev.weir.affinity;

import java.time.Duration;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

/**
 * Limits the lookups of all clients together. One client of several gets at most half of
 * the permits, so that its made-up ids leave the other half to the others. Safe for many
 * threads.
 */
final class LookupRates {

	/** An unused limit has all its permits again after this time at most. */
	private static final Duration KEEP_UNUSED = Duration.ofSeconds(2);

	private static final int MAX_CLIENTS = 10_000;

	private final LookupRate ofAll;

	private final LoadingCache<String, LookupRate> ofClients;

	LookupRates(Ticker ticker) {
		this.ofAll = new LookupRate(ticker);
		this.ofClients = Caffeine.newBuilder()
			.ticker(ticker)
			.executor(Runnable::run)
			.expireAfterAccess(KEEP_UNUSED)
			.maximumSize(MAX_CLIENTS)
			.build((client) -> new LookupRate(ticker));
	}

	/**
	 * Takes a permit.
	 * @param client the client, or {@code null} if there are no other clients
	 * @param perSecond the limit for all clients together
	 * @return whether there was one
	 */
	boolean tryAcquire(@Nullable String client, int perSecond) {
		// a client must not lose permits to a refusal that others have caused
		return (client == null || (this.ofAll.timeToPermit(perSecond).isZero()
				&& this.ofClients.get(client).tryAcquire(perSecond / 2.0))) && this.ofAll.tryAcquire(perSecond);
	}

}
