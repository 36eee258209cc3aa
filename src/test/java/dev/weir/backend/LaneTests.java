package dev.weir.backend;

import java.time.Duration;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import dev.weir.testing.Outcomes;
import dev.weir.testing.VirtualTime;
import dev.weir.testing.TestPools;
import dev.weir.request.RequestContext;
import dev.weir.testing.TestRequests;

import static org.assertj.core.api.Assertions.assertThat;

class LaneTests {

	private static final Outcome.Failed FAILED = new Outcome.Failed(Outcome.Failure.STATUS, "503", null);

	private final VirtualTime time = new VirtualTime();

	private final Pool pool = TestPools.pool(this.time, TestPools.backend("openai1"));

	private final Lane chat = this.pool.lanes("gpt-4o").get(0);

	private final Lane embeddings = this.pool.lanes("embedding").get(0);

	@Test
	void throttlingStartsACooldownOfThatLaneOnly() {
		end(new Outcome.Throttled(Duration.ofSeconds(7)));
		assertThat(this.chat.isAvailable()).isFalse();
		assertThat(this.chat.cooldownLeft()).isEqualTo(Duration.ofSeconds(7));
		assertThat(this.chat.cooldownReason()).isEqualTo(CooldownReason.THROTTLED);
		assertThat(this.embeddings.isAvailable()).isTrue();
	}

	@Test
	void throttlingDoesNotCountAsFailure() {
		for (int i = 0; i < 100; i++) {
			end(new Outcome.Throttled(Duration.ofMillis(1)));
			this.time.advance(Duration.ofMillis(1));
		}
		assertThat(breaker().getState()).isEqualTo(CircuitBreaker.State.CLOSED);
		assertThat(breaker().getMetrics().getNumberOfFailedCalls()).isZero();
		assertThat(breaker().getMetrics().getNumberOfSuccessfulCalls()).isZero();
	}

	@Test
	void aUsedUpQuotaStartsALongCooldownOfTheBackend() {
		end(Outcomes.outOfQuota());
		assertThat(this.embeddings.cooldownLeft()).isEqualTo(Duration.ofMinutes(5));
		assertThat(this.embeddings.cooldownReason()).isEqualTo(CooldownReason.OUT_OF_QUOTA);
	}

	@Test
	void aDeniedCredentialStartsACooldownOfTheBackend() {
		end(Outcomes.denied());
		assertThat(this.embeddings.isAvailable()).isFalse();
		assertThat(this.embeddings.cooldownReason()).isEqualTo(CooldownReason.DENIED);
	}

	@Test
	void aMissingDeploymentStartsACooldownOfThatLaneOnly() {
		end(Outcomes.modelNotServed());
		assertThat(this.chat.cooldownLeft()).isEqualTo(Duration.ofMinutes(5));
		assertThat(this.embeddings.isAvailable()).isTrue();
	}

	@Test
	void aFailureWithADelayStartsACooldownOfTheBackend() {
		end(new Outcome.Failed(Outcome.Failure.STATUS, "503", Duration.ofSeconds(3)));
		assertThat(this.embeddings.cooldownLeft()).isEqualTo(Duration.ofSeconds(3));
	}

	@Test
	void failuresOpenTheBreakerOfTheWholeBackend() {
		for (int i = 0; i < 5; i++) {
			end(FAILED);
		}
		assertThat(this.chat.isAvailable()).isFalse();
		assertThat(this.embeddings.isAvailable()).isFalse();
		assertThat(this.chat.tryBegin()).isNull();
		assertThat(this.pool.backends().get(0).breakerOpenFor()).isEqualTo(Duration.ofSeconds(60));
	}

	@Test
	void aClientThatLeavesIsNotAFailure() {
		for (int i = 0; i < 10; i++) {
			end(new Outcome.Cancelled());
		}
		assertThat(breaker().getMetrics().getNumberOfBufferedCalls()).isZero();
		assertThat(this.chat.isAvailable()).isTrue();
		assertThat(this.chat.counts()).isEqualTo(new LaneCounts(0, 10, 0, 0, 0, 0));
	}

	@Test
	void aBreakInTheMiddleOfAResponseIsAFailure() {
		Attempt attempt = begin();
		attempt.onResponseStart();
		attempt.end(new Outcome.Broken());
		assertThat(breaker().getMetrics().getNumberOfFailedCalls()).isEqualTo(1);
		assertThat(this.chat.counts().failed()).isEqualTo(1);
	}

	@Test
	void theBreakerGetsOneResultAtTheEndOfAnAttempt() {
		Attempt attempt = begin();
		attempt.onResponseStart();
		assertThat(breaker().getMetrics().getNumberOfBufferedCalls()).isZero();
		attempt.end(new Outcome.Broken());
		attempt.end(new Outcome.Served(200));
		assertThat(breaker().getMetrics().getNumberOfFailedCalls()).isEqualTo(1);
		assertThat(breaker().getMetrics().getNumberOfSuccessfulCalls()).isZero();
	}

	@Test
	void streamsThatBreakOpenTheBreaker() {
		for (int i = 0; i < 5; i++) {
			Attempt attempt = begin();
			attempt.onResponseStart();
			attempt.end(new Outcome.Broken());
		}
		assertThat(breaker().getState()).isEqualTo(CircuitBreaker.State.OPEN);
	}

	@Test
	void aHalfOpenBreakerGetsASuccessWhenTheResponseBegins() {
		breaker().transitionToOpenState();
		breaker().transitionToHalfOpenState();
		for (int i = 0; i < 10; i++) {
			begin().onResponseStart();
		}
		assertThat(breaker().getState()).isEqualTo(CircuitBreaker.State.CLOSED);
	}

	@Test
	void aClientThatLeavesReleasesThePermissionOfAHalfOpenBreaker() {
		breaker().transitionToOpenState();
		breaker().transitionToHalfOpenState();
		for (int i = 0; i < 50; i++) {
			end(new Outcome.Cancelled());
			this.time.advance(Ramp.WAIT);
		}
		assertThat(this.chat.tryBegin()).isNotNull();
	}

	@Test
	void anAttemptFromBeforeTheBreakerOpenedIsNotOneOfItsProbes() {
		Attempt[] old = new Attempt[20];
		for (int i = 0; i < old.length; i++) {
			old[i] = begin();
		}
		breaker().transitionToOpenState();
		breaker().transitionToHalfOpenState();
		for (int i = 0; i < old.length; i++) {
			old[i].onResponseStart();
			old[i].end((i % 2 == 0) ? new Outcome.Served(200) : new Outcome.Cancelled());
		}
		assertThat(breaker().getState()).isEqualTo(CircuitBreaker.State.HALF_OPEN);
		for (int i = 0; i < 10; i++) {
			begin();
			this.time.advance(Ramp.WAIT);
		}
		assertThat(this.chat.tryBegin()).isNull();
	}

	@Test
	void anAttemptThatBeginsAfterItsRequestHasEndedEndsAtOnce() {
		RequestContext request = TestRequests.begin(this.pool, this.pool.lanes("gpt-4o"), this.time);
		request.release();
		assertThat(request.failover().tryBegin(this.chat)).isTrue();
		assertThat(this.chat.counts().inFlight()).isZero();
	}

	@Test
	void closingARequestEndsItsAttempt() {
		RequestContext request = TestRequests.begin(this.pool, this.pool.lanes("gpt-4o"), this.time);
		request.failover().tryBegin(this.chat);
		request.release();
		assertThat(this.chat.counts()).isEqualTo(new LaneCounts(0, 1, 0, 0, 0, 0));
	}

	@Test
	void aRefusalOfACallWithoutAModelStartsNoCooldown() {
		Lane files = this.pool.lanes("").get(0);
		for (Outcome outcome : new Outcome[] { Outcomes.denied(), Outcomes.modelNotServed() }) {
			RequestContext request = TestRequests.begin(this.pool, this.pool.lanes(""), this.time);
			request.failover().tryBegin(files);
			request.failover().attempts().end(outcome);
		}
		assertThat(files.isAvailable()).isTrue();
		assertThat(this.chat.isAvailable()).isTrue();
	}

	@Test
	void anAttemptIsInFlightUntilItsFirstEnd() {
		Attempt attempt = begin();
		assertThat(this.chat.counts().inFlight()).isEqualTo(1);
		attempt.onResponseStart();
		assertThat(this.chat.counts().inFlight()).isEqualTo(1);
		assertThat(attempt.end(new Outcome.Served(200))).isTrue();
		assertThat(attempt.end(new Outcome.Cancelled())).isFalse();
		assertThat(attempt.end(FAILED)).isFalse();
		assertThat(this.chat.counts()).isEqualTo(new LaneCounts(0, 1, 1, 0, 0, 0));
	}

	@Test
	void aRejectedRequestIsASuccessOfTheBackend() {
		end(new Outcome.Rejected(400));
		assertThat(breaker().getMetrics().getNumberOfSuccessfulCalls()).isEqualTo(1);
		assertThat(this.chat.counts().rejected()).isEqualTo(1);
	}

	@Test
	void aMissingCredentialIsShownUntilTheNextCall() {
		end(new Outcome.NoCredential("run az login"));
		Backend backend = this.chat.backend();
		assertThat(backend.credentialProblem()).isEqualTo("run az login");
		assertThat(backend.cooldownLeft()).isEqualTo(Duration.ofSeconds(5));
		assertThat(breaker().getMetrics().getNumberOfBufferedCalls()).isZero();
		this.time.advance(Duration.ofSeconds(5));
		end(new Outcome.Served(200));
		assertThat(backend.credentialProblem()).isNull();
	}

	private void end(Outcome outcome) {
		begin().end(outcome);
	}

	private Attempt begin() {
		@Nullable Attempt attempt = this.chat.tryBegin();
		assertThat(attempt).isNotNull();
		return attempt;
	}

	private CircuitBreaker breaker() {
		return this.chat.backend().breaker();
	}

}
