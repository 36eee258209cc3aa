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
 * The token of one scope. While it serves it is given out at once, even if its refresh is
 * late or fails. Whoever needs a token that is not there joins the one fetch in flight;
 * the fetch belongs to nobody, so that who leaves takes it from no one else.
 * <p>
 * Azure's {@code SimpleTokenCache} is not used: there the fetch is cancelled with the
 * subscriber that happened to start it, that subscriber waits for it although the old
 * token serves, and no one can ask for another token after a 401.
 */
final class TokenCache {

	/** How long a caller waits for a token. */
	static final Duration WAIT_LIMIT = Duration.ofSeconds(10);

	/** How long a fetch may take; {@code az} on a laptop needs some seconds. */
	static final Duration FETCH_LIMIT = Duration.ofSeconds(30);

	/** How often at most a token is refreshed ahead of time, or renewed after a 401. */
	static final Duration REFRESH_PAUSE = Duration.ofSeconds(30);

	/** How long a failure answers for all who come after it. */
	static final Duration FAILURE_PAUSE = Duration.ofSeconds(5);

	private static final Logger logger = LoggerFactory.getLogger(TokenCache.class);

	private final String scope;

	private final Supplier<TokenSource> source;

	private final Scheduler scheduler;

	private final LongSupplier nanoTime;

	private volatile @Nullable HeldToken held;

	private volatile long nextRefresh;

	private long nextRenewal;

	// of signals, since Reactor logs an error that finds its subscriber gone
	private @Nullable CompletableFuture<Signal<HeldToken>> fetch;

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
			HeldToken token = this.held;
			long now = this.nanoTime.getAsLong();
			if (token == null || token.hasExpired(now)) {
				return await(fetchMissing());
			}
			if (token.isDue(now) && now - this.nextRefresh >= 0) {
				refreshAhead();
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
	 * @param refused whether a token is the refused one
	 * @return whether there is another token now
	 */
	Mono<Boolean> renew(Predicate<String> refused) {
		return renewed(refused).timeout(WAIT_LIMIT, this.scheduler).onErrorReturn(false);
	}

	private Mono<Boolean> renewed(Predicate<String> refused) {
		return Mono.defer(() -> {
			HeldToken token = this.held;
			if (token == null || !refused.test(token.value())) {
				return Mono.just(token != null);
			}
			CompletableFuture<Signal<HeldToken>> renewal = startRenewal(token.value());
			if (renewal == null) {
				return Mono.just(false);
			}
			// again, since the fetch in flight may have been a plain one that brought the
			// refused token once more; the pause between renewals ends it
			return Mono.fromFuture(renewal, true).then(renewed(refused));
		});
	}

	private Mono<String> await(CompletableFuture<Signal<HeldToken>> fetch) {
		return Mono.fromFuture(fetch, true)
			.<HeldToken>dematerialize()
			.map(HeldToken::value)
			.timeout(WAIT_LIMIT, this.scheduler)
			.onErrorMap(TimeoutException.class, (ex) -> Failures.describe(this.scope, ex));
	}

	private synchronized CompletableFuture<Signal<HeldToken>> fetchMissing() {
		HeldToken token = this.held;
		long now = this.nanoTime.getAsLong();
		if (token != null && !token.hasExpired(now)) {
			return CompletableFuture.completedFuture(Signal.next(token));
		}
		if (this.failure != null && this.failure.answersAt(now)) {
			return CompletableFuture.completedFuture(Signal.error(this.failure.exception()));
		}
		return start(Mono.defer(() -> this.source.get().fetch(this.scope)));
	}

	private synchronized void refreshAhead() {
		if (this.nanoTime.getAsLong() - this.nextRefresh >= 0) {
			start(Mono.defer(() -> this.source.get().fetch(this.scope)));
		}
	}

	private synchronized @Nullable CompletableFuture<Signal<HeldToken>> startRenewal(String refused) {
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

	private synchronized CompletableFuture<Signal<HeldToken>> start(Mono<Token> request) {
		if (this.fetch != null && !this.fetch.isDone()) {
			return this.fetch;
		}
		this.nextRefresh = this.nanoTime.getAsLong() + REFRESH_PAUSE.toNanos();
		CompletableFuture<Signal<HeldToken>> started = new CompletableFuture<>();
		this.fetch = started;
		request.subscribeOn(this.scheduler)
			.timeout(FETCH_LIMIT, this.scheduler)
			.switchIfEmpty(Mono.error(() -> new IllegalStateException("no token")))
			.map(this::hold)
			.onErrorMap(this::remember)
			.materialize()
			.toFuture()
			.thenAccept(started::complete);
		return started;
	}

	private synchronized HeldToken hold(Token token) {
		HeldToken held = HeldToken.of(token, this.nanoTime.getAsLong());
		this.failure = null;
		this.held = held;
		return held;
	}

	private synchronized CredentialException remember(Throwable error) {
		CredentialException exception = Failures.describe(this.scope, error);
		this.failure = new RecentFailure(exception, this.nanoTime.getAsLong() + FAILURE_PAUSE.toNanos());
		logger.warn(exception.getMessage());
		return exception;
	}

	/**
	 * A failure that answers for a while instead of another fetch.
	 */
	private record RecentFailure(CredentialException exception, long until) {

		boolean answersAt(long now) {
			return now - this.until < 0;
		}

	}

}
