package dev.weir.simulator;

import java.time.Duration;

import org.junit.jupiter.api.Test;

import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

class TokenQuotaTests {

	private final VirtualTime time = new VirtualTime();

	private final TokenQuota quota = new TokenQuota(100, this.time);

	@Test
	void requestsAreGrantedUntilTheQuotaIsUsed() {
		Admission first = this.quota.reserve(60);
		assertThat(first.granted()).isTrue();
		assertThat(first.limit()).isEqualTo(100);
		assertThat(first.remainingTokens()).isEqualTo(40);
		assertThat(first.remainingRequests()).isEqualTo(99);
		Admission second = this.quota.reserve(40);
		assertThat(second.granted()).isTrue();
		assertThat(second.remainingTokens()).isZero();
		assertThat(second.remainingRequests()).isEqualTo(98);
		assertThat(this.quota.reserve(1).granted()).isFalse();
	}

	@Test
	void aRefusedRequestReservesNothing() {
		this.quota.reserve(90);
		Admission refused = this.quota.reserve(11);
		assertThat(refused.granted()).isFalse();
		assertThat(refused.remainingTokens()).isEqualTo(10);
		assertThat(this.quota.reserve(10).granted()).isTrue();
	}

	@Test
	void aRequestIsGrantedAfterItsDelayAndNotBefore() {
		this.quota.reserve(100);
		this.time.advance(Duration.ofMillis(20_500));
		Admission refused = this.quota.reserve(1);
		assertThat(refused.retryAfter()).isEqualTo(Duration.ofMillis(39_500));
		assertThat(refused.retryAfterSeconds()).isEqualTo(40);
		this.time.advance(refused.retryAfter().minusMillis(1));
		assertThat(this.quota.reserve(1).granted()).isFalse();
		this.time.advance(Duration.ofMillis(1));
		assertThat(this.quota.reserve(1).granted()).isTrue();
	}

	@Test
	void theDelayLastsUntilEnoughTokensAreFree() {
		this.quota.reserve(30);
		this.time.advance(Duration.ofSeconds(10));
		this.quota.reserve(30);
		this.time.advance(Duration.ofSeconds(10));
		this.quota.reserve(40);
		assertThat(this.quota.reserve(30).retryAfter()).isEqualTo(Duration.ofSeconds(40));
		assertThat(this.quota.reserve(31).retryAfter()).isEqualTo(Duration.ofSeconds(50));
		assertThat(this.quota.reserve(100).retryAfter()).isEqualTo(Duration.ofSeconds(60));
	}

	@Test
	void theWindowSlidesRequestByRequest() {
		this.quota.reserve(50);
		this.time.advance(Duration.ofSeconds(30));
		this.quota.reserve(50);
		this.time.advance(Duration.ofSeconds(30));
		Admission next = this.quota.reserve(50);
		assertThat(next.granted()).isTrue();
		assertThat(next.remainingTokens()).isZero();
		assertThat(next.remainingRequests()).isEqualTo(98);
	}

	@Test
	void reservationsOfOneSecondExpireTogetherAMinuteAfterTheLast() {
		this.quota.reserve(50);
		this.time.advance(Duration.ofMillis(999));
		this.quota.reserve(50);
		assertThat(this.quota.reserve(10).retryAfter()).isEqualTo(Duration.ofSeconds(60));
		this.time.advance(Duration.ofSeconds(60));
		assertThat(this.quota.reserve(100).granted()).isTrue();
	}

	@Test
	void steadyRequestsAreNotMergedIntoOneReservation() {
		TokenQuota large = new TokenQuota(1000, this.time);
		for (int i = 0; i < 200; i++) {
			large.reserve(1);
			this.time.advance(Duration.ofMillis(500));
		}
		assertThat(large.reserve(1).remainingTokens()).isBetween(878L, 882L);
	}

	@Test
	void aRequestLargerThanTheQuotaGetsADelayOfADay() {
		Admission refused = this.quota.reserve(101);
		assertThat(refused.granted()).isFalse();
		assertThat(refused.retryAfterSeconds()).isEqualTo(86_400);
		assertThat(refused.remainingTokens()).isEqualTo(100);
	}

	@Test
	void aDelayIsNeverRoundedDownToZero() {
		assertThat(new Admission(1, 0, 0, Duration.ofMillis(1)).retryAfterSeconds()).isEqualTo(1);
		assertThat(new Admission(1, 0, 0, Duration.ofMillis(1000)).retryAfterSeconds()).isEqualTo(1);
		assertThat(new Admission(1, 0, 0, Duration.ofMillis(1001)).retryAfterSeconds()).isEqualTo(2);
	}

}
