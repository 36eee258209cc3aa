package dev.weir.client.limit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import org.springframework.http.HttpHeaders;

import dev.weir.config.ClientPriority;
import dev.weir.config.ClientProperties;
import dev.weir.config.ModelLimitProperties;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.Reservation;
import dev.weir.request.TokenDemand;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * The limits of one client in virtual time, which begins 4.75 s before a minute and a day
 * (UTC).
 */
class ClientQuotaTests {

	private static final String GPT = "gpt-4o";

	private final VirtualTime time = new VirtualTime();

	private final LimitClock clock = new LimitClock(this.time, this.time);

	private ClientProperties settings = tokens(1000);

	private @Nullable ClientQuota quota;

	private static ClientProperties client(@Nullable Long requests, @Nullable Long tokens, @Nullable Long daily,
			@Nullable Integer concurrent, ModelLimitProperties... limits) {
		return new ClientProperties("chat", List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of(),
				List.of(), null, requests, tokens, daily, concurrent, List.of(limits), ClientPriority.NORMAL);
	}

	private static ClientProperties tokens(long perMinute) {
		return client(null, perMinute, null, null);
	}

	private ClientQuota quota() {
		if (this.quota == null) {
			this.quota = new ClientQuota(this.settings, this.clock);
		}
		return this.quota;
	}

	private Grant take(long tokens) {
		return take(GPT, tokens);
	}

	private Grant take(String model, long tokens) {
		return quota().take(this.settings, model, new TokenDemand(tokens, 0, 0, Reservation.Kind.TOKENS));
	}

	private ApiErrorException refused(long tokens) {
		return refused(GPT, tokens);
	}

	private ApiErrorException refused(String model, long tokens) {
		return catchThrowableOfType(LimitExceededException.class, () -> take(model, tokens)).toReply("chat");
	}

	private Map<String, String> refusedHeaders(long tokens) {
		return refused(tokens).headers();
	}

	private long remaining() {
		return window(0).remaining();
	}

	private ClientsEndpoint.WindowReport window(int index) {
		return quota().report("chat", this.settings).limits().get(index);
	}

	private void settle(Grant grant, long tokens) {
		grant.charge(tokens);
		grant.end(true);
	}

	@Test
	void reservedTokensAreWithinTheLimitAndTheWaitIsExact() {
		take(600);
		take(400);
		assertThat(remaining()).isZero();
		ApiErrorException refused = refused(1);
		assertThat(refused.error().status()).isEqualTo(429);
		assertThat(refused.error().type()).isEqualTo("tokens");
		assertThat(refused.error().code()).isEqualTo("rate_limit_exceeded");
		assertThat(refused.error().message()).isEqualTo(
				"The client 'chat' is at its limit of 1000 tokens per minute: used 1000, requested 1. Try again in 4.8 s.");
		assertThat(refused.headers()).containsEntry("retry-after-ms", "4750")
			.containsEntry("retry-after", "5")
			.containsEntry("x-ratelimit-limit-tokens", "1000")
			.containsEntry("x-ratelimit-remaining-tokens", "0")
			.containsEntry("x-ratelimit-reset-tokens", "4.75s")
			.doesNotContainKey("x-should-retry");
		this.time.advance(4749);
		refused(1);
		this.time.advance(1);
		take(1000);
		assertThat(refusedHeaders(1)).containsEntry("retry-after-ms", "60000");
	}

	@Test
	void aRefusedRequestTakesNothing() {
		this.settings = client(2L, 1000L, null, null);
		take(900);
		refused(200);
		assertThat(window(0).remaining()).isEqualTo(1);
		take(100);
		assertThat(refused(100).error().type()).isEqualTo("requests");
	}

	@Test
	void settlingReturnsWhatWasNotUsed() {
		Grant grant = take(1000);
		refused(100);
		settle(grant, 40);
		assertThat(remaining()).isEqualTo(960);
		take(960);
	}

	@Test
	void whatSettlingOverdrawsIsTakenFromTheNextWindow() {
		settle(take(900), 1300);
		assertThat(window(0).used()).isEqualTo(1300);
		// 300 of the next 1,000 are gone
		assertThat(refusedHeaders(700)).containsEntry("retry-after-ms", "4750");
		assertThat(refusedHeaders(701)).containsEntry("retry-after-ms", "64750")
			.containsEntry("x-should-retry", "false");
		this.time.advance(4750);
		assertThat(remaining()).isEqualTo(700);
		take(700);
		refused(1);
		this.time.advance(Duration.ofMinutes(1));
		assertThat(remaining()).isEqualTo(1000);
	}

	@Test
	void aDebtOfSeveralWindowsIsPaidWindowByWindow() {
		settle(take(1000), 3500);
		for (long left : new long[] { -1500, -500, 500, 1000 }) {
			this.time.advance((left == -1500) ? Duration.ofMillis(4750) : Duration.ofMinutes(1));
			assertThat(window(0).allowed() - window(0).used()).isEqualTo(left);
		}
	}

	@Test
	void theResetIsTheTimeUntilTheLimitIsWholeAgain() {
		Grant grant = take(1000);
		assertThat(headers(grant)).containsEntry("x-ratelimit-reset-tokens", "4.75s");
		grant.charge(3500);
		assertThat(headers(grant)).containsEntry("x-ratelimit-remaining-tokens", "0")
			.containsEntry("x-ratelimit-reset-tokens", "3m4.75s");
		grant.charge(0);
		assertThat(headers(grant)).containsEntry("x-ratelimit-remaining-tokens", "1000")
			.containsEntry("x-ratelimit-reset-tokens", "0s");
	}

	private static Map<String, String> headers(Grant grant) {
		HttpHeaders headers = new HttpHeaders();
		headers.set("X-RateLimit-Remaining-Requests", "99");
		headers.set("content-type", "application/json");
		grant.writeHeaders(headers);
		assertThat(headers.containsHeader("x-ratelimit-remaining-requests")).isFalse();
		assertThat(headers.containsHeader("content-type")).isTrue();
		return headers.toSingleValueMap();
	}

	@Test
	void tokensOfAnEarlierWindowDoNotReturnToALaterOne() {
		Grant grant = take(1000);
		this.time.advance(4750);
		take(1000);
		settle(grant, 0);
		// otherwise 2,000 tokens could pass in this window
		assertThat(remaining()).isZero();
		refused(1);
	}

	@Test
	void tokensOfAnEarlierWindowReduceWhatThatWindowHasTakenFromThisOne() {
		Grant first = take(600);
		Grant second = take(400);
		settle(second, 900);
		this.time.advance(4750);
		assertThat(remaining()).isEqualTo(500);
		settle(first, 100);
		// 100 and 900 were used: the earlier window owes nothing
		assertThat(remaining()).isEqualTo(1000);
	}

	@Test
	void anOverdraftAfterTheWindowIsTakenFromTheRunningOne() {
		Grant first = take(600);
		Grant second = take(400);
		this.time.advance(4750);
		settle(second, 900);
		assertThat(remaining()).isEqualTo(500);
		settle(first, 300);
		assertThat(remaining()).isEqualTo(800);
	}

	@Test
	void aUsageThatGrowsInALaterWindowIsChargedBeyondTheReservationOnly() {
		Grant grant = take(600);
		grant.end(true);
		this.time.advance(Duration.ofMinutes(3));
		for (long total : new long[] { 20, 300, 600 }) {
			grant.settle(total);
			assertThat(remaining()).as("of " + total).isEqualTo(1000);
		}
		grant.settle(750);
		assertThat(remaining()).isEqualTo(850);
	}

	@Test
	void noWindowAdmitsMoreThanItsLimitWhateverIsSettled() {
		RandomGenerator random = new Random(14);
		List<Open> open = new ArrayList<>();
		long window = 0;
		long admitted = 0;
		for (int i = 0; i < 20_000; i++) {
			this.time.advance(random.nextInt(4000));
			long current = this.clock.now() / 60_000_000_000L;
			admitted = (current == window) ? admitted : 0;
			window = current;
			long before = window(0).used();
			TokenDemand demand = new TokenDemand(1 + random.nextInt(300), 0, Math.max(0, random.nextInt(600) - 300),
					Reservation.Kind.TOKENS);
			try {
				Grant grant = quota().take(this.settings, GPT, demand);
				long tokens = window(0).used() - before;
				open.add(new Open(grant, tokens, window));
				admitted += tokens;
			}
			catch (LimitExceededException ex) {
				// expected
			}
			if (open.size() > random.nextInt(20)) {
				Open settled = open.remove(random.nextInt(open.size()));
				long used = random.nextInt((int) settled.tokens() + 20);
				settle(settled.grant(), used);
				admitted -= (settled.window() == window) ? Math.max(0, settled.tokens() - used) : 0;
			}
			assertThat(admitted).isLessThanOrEqualTo(1000);
		}
	}

	@Test
	void aRequestLargerThanTheLimitIsNeverServed() {
		ApiErrorException refused = refused(1001);
		assertThat(refused.error().status()).isEqualTo(429);
		assertThat(refused.error().message()).contains("1000 tokens per minute", "1001");
		assertThat(refused.headers()).containsEntry("x-should-retry", "false")
			.containsEntry("x-ratelimit-limit-tokens", "1000")
			.containsEntry("x-ratelimit-remaining-tokens", "1000")
			.doesNotContainKeys("retry-after", "retry-after-ms");
		take(1000);
	}

	@Test
	void anAssumedOutputDoesNotMakeARequestTooLarge() {
		TokenDemand demand = new TokenDemand(900, 0, 256, Reservation.Kind.TOKENS);
		quota().take(this.settings, GPT, demand);
		assertThat(remaining()).isZero();
	}

	@Test
	void anOutputThatARequestDoesNotStateTakesNoMoreThanTheLimitLeaves() {
		this.settings = tokens(200);
		TokenDemand demand = new TokenDemand(10, 0, 256, Reservation.Kind.TOKENS);
		for (int left = 200; left >= 10; left -= 35) {
			assertThat(remaining()).isEqualTo(left);
			Grant grant = quota().take(this.settings, GPT, demand);
			assertThat(remaining()).isZero();
			settle(grant, 35);
		}
		// 6 times 35: what the last one has overdrawn is missing in the next minute
		assertThat(window(0).used()).isEqualTo(210);
		LimitExceededException refused = catchThrowableOfType(LimitExceededException.class,
				() -> quota().take(this.settings, GPT, demand));
		assertThat(refused).hasMessageContaining("used 210, requested 10");
		assertThat(refused.toReply("chat").headers()).containsEntry("retry-after-ms", "4750");
		this.time.advance(4750);
		assertThat(remaining()).isEqualTo(190);
	}

	@Test
	void anOutputThatARequestStatesIsReservedAsStated() {
		this.settings = tokens(200);
		settle(take(100), 60);
		TokenDemand demand = new TokenDemand(10, 131, 0, Reservation.Kind.TOKENS);
		assertThatExceptionOfType(LimitExceededException.class)
			.isThrownBy(() -> quota().take(this.settings, GPT, demand))
			.withMessageContaining("used 60, requested 141");
		quota().take(this.settings, GPT, new TokenDemand(10, 130, 0, Reservation.Kind.TOKENS));
		assertThat(remaining()).isZero();
	}

	@Test
	void aRefusalIsFinalOnlyIfNoRunningRequestCanReturnWhatIsMissing() {
		this.settings = client(null, null, 5000L, null);
		this.time.advance(4750);
		settle(take(100), 100);
		Grant running = take(4900);
		assertThat(refusedHeaders(1)).containsEntry("retry-after-ms", "1000").doesNotContainKey("x-should-retry");
		// settled tokens stay used, whatever the running request uses
		assertThat(refusedHeaders(4901)).containsEntry("retry-after-ms", "86400000")
			.containsEntry("x-should-retry", "false");
		running.charge(4900);
		assertThat(refusedHeaders(1)).containsEntry("retry-after-ms", "86400000");
		running.charge(4800);
		running.end(true);
		settle(take(100), 100);
		assertThat(refusedHeaders(1)).containsEntry("x-should-retry", "false");
	}

	@Test
	void aRunningRequestOfAnEarlierWindowReturnsNothingToThisOne() {
		this.settings = client(null, null, 5000L, null);
		Grant earlier = take(5000);
		this.time.advance(4750);
		take(5000).end(true);
		assertThat(refusedHeaders(1)).containsEntry("x-should-retry", "false");
		settle(earlier, 1);
		assertThat(refusedHeaders(1)).containsEntry("x-should-retry", "false");
	}

	@Test
	void theEndOfARequestOfAnEarlierWindowChangesNothingForThoseThatRunInThisOne() {
		this.settings = client(null, null, 5000L, null);
		Grant earlier = take(5000);
		this.time.advance(4750);
		take(5000);
		settle(earlier, 1);
		assertThat(refusedHeaders(1)).containsEntry("retry-after-ms", "1000").doesNotContainKey("x-should-retry");
	}

	@Test
	void aWindowIsAMinuteOfTheClockSoThatTwoFullOnesNeedTwoMinutes() {
		this.time.advance(4749);
		take(1000);
		this.time.advance(1);
		take(1000);
		this.time.advance(59_999);
		refused(1);
		this.time.advance(1);
		take(1000);
	}

	@Test
	void aDayIsADayOfTheClock() {
		this.settings = client(null, null, 5000L, null);
		take(5000);
		assertThat(refusedHeaders(1)).containsEntry("retry-after-ms", "4750");
		this.time.advance(4750);
		settle(take(5000), 5000);
		assertThat(refusedHeaders(1)).containsEntry("retry-after-ms", "86400000")
			.containsEntry("retry-after", "86400")
			.containsEntry("x-should-retry", "false");
	}

	@Test
	void theLongestWaitOfAllLimitsCounts() {
		this.settings = client(1L, 1000L, 1000L, null);
		take(1000);
		this.time.advance(4750);
		settle(take(900), 900);
		ApiErrorException refused = refused(200);
		assertThat(refused.error().message()).contains("tokens per day");
		assertThat(refused.headers()).containsEntry("retry-after-ms", "86400000");
	}

	@Test
	void limitsForModelsHoldInAddition() {
		this.settings = client(null, 1000L, null, null, new ModelLimitProperties("gpt-4o*", null, 300L, null),
				new ModelLimitProperties("o3", 1L, null, null));
		take("gpt-4o", 200);
		take("gpt-4o-mini", 100);
		assertThat(refused("gpt-4o", 1).error().message()).contains("300 tokens per minute for the models gpt-4o*");
		take("o3", 100);
		assertThat(refused("o3", 1).error().type()).isEqualTo("requests");
		take("o4", 600);
		assertThat(refused("o4", 1).error().message()).contains("1000 tokens per minute: used 1000");
	}

	@Test
	void aRequestThatNoBackendServedIsGivenBack() {
		this.settings = client(1L, 1000L, null, null);
		Grant grant = take(500);
		grant.charge(0);
		grant.end(false);
		assertThat(window(0).remaining()).isEqualTo(1);
		assertThat(window(1).remaining()).isEqualTo(1000);
	}

	@Test
	void onlySoManyRequestsRunAtOnce() {
		this.settings = client(null, null, null, 2);
		Grant first = take(1);
		take(1);
		ApiErrorException refused = refused(1);
		assertThat(refused.error().status()).isEqualTo(429);
		assertThat(refused.error().message()).contains("2 requests running");
		assertThat(refused.headers())
			.containsExactlyInAnyOrderEntriesOf(Map.of("retry-after-ms", "1000", "retry-after", "1"));
		first.end(true);
		take(1);
		assertThat(quota().report("chat", this.settings)).extracting("inFlight", "refused").containsExactly(2, 1L);
	}

	@Test
	void aRefusalOverMaxConcurrentShowsTheOtherLimits() {
		this.settings = client(10L, 1000L, null, 1);
		take(100);
		assertThat(refusedHeaders(1)).containsEntry("retry-after-ms", "1000")
			.containsEntry("x-ratelimit-limit-requests", "10")
			.containsEntry("x-ratelimit-remaining-requests", "9")
			.containsEntry("x-ratelimit-limit-tokens", "1000")
			.containsEntry("x-ratelimit-remaining-tokens", "900");
	}

	@Test
	void aChangedLimitForgetsNothingOfTheRunningWindow() {
		Grant grant = take(900);
		this.settings = tokens(2000);
		assertThat(remaining()).isEqualTo(1100);
		this.settings = tokens(500);
		assertThat(remaining()).isZero();
		refused(1);
		settle(grant, 100);
		// as many as were given back, but not more than the new limit leaves
		assertThat(remaining()).isEqualTo(500);
		this.time.advance(4750);
		assertThat(remaining()).isEqualTo(500);
		refused(501);
	}

	@Test
	void aLowerLimitMakesNoDebt() {
		take(900);
		this.settings = tokens(100);
		assertThat(remaining()).isZero();
		this.time.advance(4750);
		assertThat(remaining()).isEqualTo(100);
	}

	@Test
	void aDebtStaysWhenTheLimitChanges() {
		settle(take(1000), 1300);
		this.settings = tokens(500);
		this.time.advance(4750);
		assertThat(remaining()).isEqualTo(200);
	}

	@Test
	void w05AWallClockThatJumpsOpensNoWindow() {
		take(1000);
		assertThat(this.time.instant()).isNotNull();
		// the clock of limits reads the wall clock once
		LimitClock jumping = new LimitClock(() -> this.time.instant(), this.time);
		long before = jumping.now();
		this.time.advance(10);
		assertThat(jumping.now() - before).isEqualTo(10_000_000);
	}

	@Test
	void theUseOfManyThreadsIsCountedExactly() throws InterruptedException {
		this.settings = client(null, 1_000_000L, null, null);
		ClientQuota shared = quota();
		Thread[] threads = new Thread[4];
		for (int i = 0; i < threads.length; i++) {
			threads[i] = new Thread(() -> {
				for (int k = 0; k < 10_000; k++) {
					Grant grant = shared.take(this.settings, GPT, new TokenDemand(7, 0, 0, Reservation.Kind.TOKENS));
					grant.charge(5 + ThreadLocalRandom.current().nextInt(5));
					grant.charge(3);
					grant.end(true);
				}
			});
			threads[i].start();
		}
		for (Thread thread : threads) {
			thread.join();
		}
		assertThat(window(0).used()).isEqualTo(4 * 10_000 * 3);
		assertThat(shared.report("chat", this.settings).inFlight()).isZero();
	}

	private record Open(Grant grant, long tokens, long window) {
	}

	@Test
	void aLimitThatDoesNotApplyCostsNothing() {
		this.settings = client(null, 10L, null, null);
		Grant grant = quota().take(this.settings, "", new TokenDemand(0, 0, 0, Reservation.Kind.REQUEST));
		assertThat(grant.limitsTokens()).isFalse();
		assertThatExceptionOfType(LimitExceededException.class).isThrownBy(() -> take(11));
	}

}
