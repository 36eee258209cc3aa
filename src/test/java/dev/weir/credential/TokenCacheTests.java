package dev.weir.credential;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class TokenCacheTests {

	private static final Duration DEADLINE = Duration.ofSeconds(5);

	private final VirtualTimeScheduler time = VirtualTimeScheduler.create();

	private final ManualTokenSource source = new ManualTokenSource();

	private final TokenCache cache = new TokenCache("scope", () -> this.source, this.time,
			() -> this.time.now(TimeUnit.NANOSECONDS));

	@Test
	void oneFetchServesAHundredConcurrentSubscribers() {
		List<CompletableFuture<String>> waiting = new ArrayList<>();
		for (int i = 0; i < 100; i++) {
			waiting.add(this.cache.token().toFuture());
		}
		this.source.succeed("t1");
		assertThat(waiting).allSatisfy((token) -> assertThat(token).isCompletedWithValue("t1"));
		assertThat(this.source.fetches()).isOne();
	}

	@Test
	void aCachedTokenIsEmittedOnTheSubscribingThread() {
		fetchToken("t1");
		assertThat(this.cache.token().toFuture()).isCompletedWithValue("t1");
		assertThat(this.source.fetches()).isOne();
	}

	@Test
	void theOldTokenIsUsedDuringARefresh() {
		fetchToken("t1");
		this.time.advanceTimeBy(ManualTokenSource.REFRESH_IN);
		for (int i = 0; i < 100; i++) {
			assertServed("t1");
		}
		assertThat(this.source.fetches()).isEqualTo(2);
		this.source.succeed("t2");
		assertServed("t2");
	}

	@Test
	void theOldTokenIsUsedAfterAFailedRefresh() {
		fetchToken("t1");
		this.time.advanceTimeBy(ManualTokenSource.REFRESH_IN);
		assertServed("t1");
		this.source.fail("down");
		assertServed("t1");
		assertThat(this.source.fetches()).isEqualTo(2);
		this.time.advanceTimeBy(TokenCache.REFRESH_PAUSE);
		assertServed("t1");
		assertThat(this.source.fetches()).isEqualTo(3);
		this.source.succeed("t3");
		assertServed("t3");
	}

	@Test
	void anExpiredTokenIsNotUsed() {
		fetchToken("t1");
		this.time.advanceTimeBy(ManualTokenSource.LIFETIME);
		CompletableFuture<String> token = this.cache.token().toFuture();
		assertThat(token).isNotDone();
		this.source.succeed("t2");
		assertThat(token).isCompletedWithValue("t2");
	}

	@Test
	void aFailureIsReturnedForAWhileBeforeTheNextFetch() {
		CompletableFuture<String> first = this.cache.token().toFuture();
		this.source.fail("down");
		assertRefused(first);
		for (int i = 0; i < 100; i++) {
			assertRefused(this.cache.token().toFuture());
		}
		assertThat(this.source.fetches()).isOne();
		this.time.advanceTimeBy(TokenCache.FAILURE_PAUSE);
		fetchToken("t1");
		assertServed("t1");
	}

	@Test
	void aFetchContinuesAfterASubscriberTimedOut() {
		CompletableFuture<String> token = this.cache.token().toFuture();
		this.time.advanceTimeBy(TokenCache.WAIT_LIMIT);
		assertRefused(token);
		assertThat(this.source.cancels()).isZero();
		this.source.succeed("t1");
		assertServed("t1");
		assertThat(this.source.fetches()).isOne();
	}

	@Test
	void aFetchThatNeverCompletesIsCancelled() {
		CompletableFuture<String> token = this.cache.token().toFuture();
		this.time.advanceTimeBy(TokenCache.FETCH_LIMIT);
		assertRefused(token);
		assertThat(this.source.cancels()).isOne();
		this.time.advanceTimeBy(TokenCache.FAILURE_PAUSE);
		this.cache.prefetch();
		assertThat(this.source.fetches()).isEqualTo(2);
	}

	@Test
	void aSubscriberThatCancelsDoesNotAffectOthers() {
		Disposable cancelled = this.cache.token().subscribe();
		CompletableFuture<String> other = this.cache.token().toFuture();
		cancelled.dispose();
		assertThat(this.source.cancels()).isZero();
		this.source.succeed("t1");
		assertThat(other).isCompletedWithValue("t1");
	}

	@Test
	void aRefusedTokenIsRenewedOnceForAllSubscribers() {
		fetchToken("t1");
		List<CompletableFuture<Boolean>> renewed = new ArrayList<>();
		for (int i = 0; i < 100; i++) {
			renewed.add(this.cache.renew("t1"::equals).toFuture());
		}
		assertServed("t1");
		this.source.succeed("t2");
		assertThat(renewed).allSatisfy((changed) -> assertThat(changed).isCompletedWithValue(true));
		assertThat(this.cache.renew("t1"::equals).toFuture()).isCompletedWithValue(true);
		assertServed("t2");
		assertThat(this.source.renewals()).isOne();
	}

	@Test
	void aBackendThatRefusesEveryTokenCausesOneRenewalInThirtySeconds() {
		fetchToken("t1");
		CompletableFuture<Boolean> renewed = this.cache.renew("t1"::equals).toFuture();
		this.source.succeed("t1");
		assertThat(renewed).isCompletedWithValue(false);
		for (int i = 0; i < 100; i++) {
			assertThat(this.cache.renew("t1"::equals).toFuture()).isCompletedWithValue(false);
		}
		assertThat(this.source.renewals()).isOne();
		this.time.advanceTimeBy(TokenCache.REFRESH_PAUSE);
		renewed = this.cache.renew("t1"::equals).toFuture();
		this.source.succeed("t2");
		assertThat(renewed).isCompletedWithValue(true);
		assertThat(this.source.renewals()).isEqualTo(2);
	}

	@Test
	void aRenewalThatFailsOrTakesTooLongIsNotAnError() {
		fetchToken("t1");
		CompletableFuture<Boolean> renewed = this.cache.renew("t1"::equals).toFuture();
		this.source.fail("down");
		assertThat(renewed).isCompletedWithValue(false);
		assertServed("t1");
		this.time.advanceTimeBy(TokenCache.REFRESH_PAUSE);
		renewed = this.cache.renew("t1"::equals).toFuture();
		this.time.advanceTimeBy(TokenCache.WAIT_LIMIT);
		assertThat(renewed).isCompletedWithValue(false);
	}

	@Test
	void aRenewalFollowsARefreshThatReturnedTheRefusedToken() {
		fetchToken("t1");
		this.time.advanceTimeBy(ManualTokenSource.REFRESH_IN);
		assertServed("t1");
		CompletableFuture<Boolean> renewed = this.cache.renew("t1"::equals).toFuture();
		assertThat(this.source.renewals()).isZero();
		this.source.succeed("t1");
		assertThat(renewed).isNotDone();
		this.source.succeed("t2");
		assertThat(renewed).isCompletedWithValue(true);
		assertThat(this.source.renewals()).isOne();
	}

	@Test
	void aTokenThatSeemsExpiredWhenItIsFetchedIsUsedForAWhile() {
		TokenSource late = new TokenSource() {
			@Override
			public Mono<Token> fetch(String scope) {
				return Mono.just(new Token("t1", Duration.ofMinutes(-35), Duration.ofMinutes(-30)));
			}

			@Override
			public Mono<Token> renew(String scope, String refused) {
				return fetch(scope);
			}
		};
		TokenCache skewed = new TokenCache("scope", () -> late, this.time, () -> this.time.now(TimeUnit.NANOSECONDS));
		StepVerifier.create(skewed.token()).expectNext("t1").expectComplete().verify(DEADLINE);
		assertThat(skewed.token().toFuture()).isCompletedWithValue("t1");
	}

	@Test
	void aFailureContainsNoSecret() {
		CompletableFuture<String> token = this.cache.token().toFuture();
		this.source.fail("AADSTS700016: canary-secret");
		assertThatExceptionOfType(ExecutionException.class).isThrownBy(token::get)
			.havingCause()
			.isInstanceOf(CredentialException.class)
			.withMessageContainingAll("scope", "AADSTS700016", "managed identity", "az login", "api-key")
			.withNoCause()
			.withMessageNotContaining("canary");
	}

	private void fetchToken(String value) {
		this.cache.prefetch();
		this.source.succeed(value);
	}

	private void assertServed(String value) {
		assertThat(this.cache.token().toFuture()).isCompletedWithValue(value);
	}

	private static void assertRefused(CompletableFuture<String> token) {
		assertThat(token).isCompletedExceptionally();
		assertThatExceptionOfType(ExecutionException.class).isThrownBy(token::get)
			.withCauseInstanceOf(CredentialException.class);
	}

}
