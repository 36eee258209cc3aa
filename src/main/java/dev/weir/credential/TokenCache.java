package dev.weir.credential;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Signal;
import reactor.core.scheduler.Scheduler;

/**
 * Caches the token of one scope. A valid token is returned at once, even while its
 * refresh is late or fails. Without a valid token all subscribers share one fetch, which
 * continues when a subscriber cancels.
 * <p>
 * Azure's {@code SimpleTokenCache} is not used: it cancels the fetch together with the
 * subscriber that started it, lets that subscriber wait while the old token is still
 * valid, and cannot replace a token after a 401.
 */
final class TokenCache {

	/** How long a subscriber waits for a token. */
	static final Duration WAIT_LIMIT = Duration.ofSeconds(10);

	/** How long a fetch may take; {@code az} on a laptop takes seconds. */
	static final Duration FETCH_LIMIT = Duration.ofSeconds(30);

	/**
	 * The minimum time between two early refreshes, and between two renewals after a 401.
	 */
	static final Duration REFRESH_PAUSE = Duration.ofSeconds(30);

	/** How long a failure is returned to later subscribers instead of a new fetch. */
	static final Duration FAILURE_PAUSE = Duration.ofSeconds(5);

	private static final Logger logger = LoggerFactory.getLogger(TokenCache.class);

	private final String scope;

	private final Supplier<TokenSource> source;

	private final Scheduler scheduler;

	private final LongSupplier nanoTime;

	private volatile @Nullable CachedToken cached;

	private volatile long nextRefresh;

	private long nextRenewal;

	// of signals, because Reactor would log an error whose subscriber has cancelled
	private @Nullable CompletableFuture<Signal<CachedToken>> fetch;

	private @Nullable RecentFailure failure;

	TokenCache(String scope, Supplier<TokenSource> source, Scheduler scheduler, LongSupplier nanoTime) {
		this.scope = scope;
		this.source = source;
		this.scheduler = scheduler;
		this.nanoTime = nanoTime;
		this.nextRefresh = nanoTime.getAsLong();
		this.nextRenewal = this.nextRefresh;
	}

	String scope() {
		return this.scope;
	}

	Mono<String> token() {
		return Mono.defer(() -> {
			CachedToken token = this.cached;
			long now = this.nanoTime.getAsLong();
			if (token == null || token.hasExpired(now)) {
				return await(fetchMissing());
			}
			if (token.needsRefresh(now) && now - this.nextRefresh >= 0) {
				refreshEarly();
			}
			return Mono.just(token.value());
		});
	}

	/**
	 * Fetches the first token in the background. A failure is only logged.
	 */
	void prefetch() {
		fetchMissing();
	}

	/**
	 * Replaces a token that a backend refused.
	 * @param refused tests whether a token is the refused one
	 * @return whether there is another token now
	 */
	Mono<Boolean> renew(Predicate<String> refused) {
		return renewed(refused).timeout(WAIT_LIMIT, this.scheduler).onErrorReturn(false);
	}

	private Mono<Boolean> renewed(Predicate<String> refused) {
		return Mono.defer(() -> {
			CachedToken token = this.cached;
			if (token == null || !refused.test(token.value())) {
				return Mono.just(token != null);
			}
			CompletableFuture<Signal<CachedToken>> renewal = startRenewal(token.value());
			if (renewal == null) {
				return Mono.just(false);
			}
			// repeated, because the shared fetch may have been a plain one that
			// returned the refused token; the pause between renewals ends the recursion
			return Mono.fromFuture(renewal, true).then(renewed(refused));
		});
	}

	private Mono<String> await(CompletableFuture<Signal<CachedToken>> fetch) {
		return Mono.fromFuture(fetch, true)
			.<CachedToken>dematerialize()
			.map(CachedToken::value)
			.timeout(WAIT_LIMIT, this.scheduler)
			.onErrorMap(TimeoutException.class, (ex) -> CredentialException.noToken(this.scope, ex));
	}

	private synchronized CompletableFuture<Signal<CachedToken>> fetchMissing() {
		CachedToken token = this.cached;
		long now = this.nanoTime.getAsLong();
		if (token != null && !token.hasExpired(now)) {
			return CompletableFuture.completedFuture(Signal.next(token));
		}
		if (this.failure != null && this.failure.isRecent(now)) {
			return CompletableFuture.completedFuture(Signal.error(this.failure.exception()));
		}
		return start(Mono.defer(() -> this.source.get().fetch(this.scope)));
	}

	private synchronized void refreshEarly() {
		if (this.nanoTime.getAsLong() - this.nextRefresh >= 0) {
			start(Mono.defer(() -> this.source.get().fetch(this.scope)));
		}
	}

	private synchronized @Nullable CompletableFuture<Signal<CachedToken>> startRenewal(String refused) {
		if (this.fetch != null && !this.fetch.isDone()) {
			return this.fetch;
		}
		long now = this.nanoTime.getAsLong();
		if (now - this.nextRenewal < 0) {
			return null;
		}
		this.nextRenewal = now + REFRESH_PAUSE.toNanos();
		return start(Mono.defer(() -> this.source.get().renew(this.scope, refused)));
	}

	private synchronized CompletableFuture<Signal<CachedToken>> start(Mono<Token> request) {
		if (this.fetch != null && !this.fetch.isDone()) {
			return this.fetch;
		}
		this.nextRefresh = this.nanoTime.getAsLong() + REFRESH_PAUSE.toNanos();
		CompletableFuture<Signal<CachedToken>> started = new CompletableFuture<>();
		this.fetch = started;
		request.subscribeOn(this.scheduler)
			.timeout(FETCH_LIMIT, this.scheduler)
			.switchIfEmpty(Mono.error(() -> new IllegalStateException("no token")))
			.map(this::store)
			.onErrorMap(this::recordFailure)
			.materialize()
			.toFuture()
			.thenAccept(started::complete);
		return started;
	}

	private synchronized CachedToken store(Token token) {
		CachedToken stored = CachedToken.of(token, this.nanoTime.getAsLong());
		this.failure = null;
		this.cached = stored;
		return stored;
	}

	private synchronized CredentialException recordFailure(Throwable error) {
		CredentialException exception = CredentialException.noToken(this.scope, error);
		this.failure = new RecentFailure(exception, this.nanoTime.getAsLong() + FAILURE_PAUSE.toNanos());
		logger.warn(exception.getMessage());
		return exception;
	}

	/**
	 * A failure that is returned instead of a new fetch until a time.
	 */
	private record RecentFailure(CredentialException exception, long until) {

		boolean isRecent(long now) {
			return now - this.until < 0;
		}

	}

}
