package dev.weir.failover;

import java.time.Duration;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.openai.call.ApiCall;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.call.Operation;
import dev.weir.backend.Lane;
import dev.weir.backend.Lanes;
import dev.weir.backend.Outcome;
import dev.weir.backend.TimeLimit;
import dev.weir.backend.Outcome.Failure;
import dev.weir.backend.Pool;
import dev.weir.backend.RequestTraits;
import dev.weir.testing.Outcomes;
import dev.weir.testing.VirtualTime;
import dev.weir.testing.TestPools;
import dev.weir.request.RequestContext;
import dev.weir.testing.TestRequests;

import static org.assertj.core.api.Assertions.assertThat;

class ExhaustionTests {

	private final VirtualTime time = new VirtualTime();

	private final Pool pool = TestPools.pool(this.time, TestPools.backend("a"), TestPools.backend("b"));

	private final Lanes lanes = this.pool.lanes("gpt-4o");

	private final RequestContext request = TestRequests.begin(this.pool, this.lanes, this.time);

	@Test
	void theReplyNamesTheTimeUntilTheFirstThrottledLaneIsFree() {
		end(0, new Outcome.Throttled(Duration.ofMillis(7250)));
		end(1, new Outcome.Throttled(Duration.ofSeconds(30)));
		ApiErrorException reply = reply();
		assertThat(reply.error().status()).isEqualTo(429);
		assertThat(reply.error().code()).isEqualTo("rate_limit_exceeded");
		assertThat(reply.error().type()).isEqualTo("requests");
		assertThat(reply.error().message())
			.isEqualTo("All 2 backends of pool openai that serve gpt-4o are at the limit; the first is free in 7.3 s.");
		assertThat(reply.headers()).containsEntry("retry-after-ms", "7250").containsEntry("retry-after", "8");
	}

	@Test
	void aDelayIsAtLeastAMillisecondAndAtMostAMinute() {
		end(0, new Outcome.Failed(Failure.STATUS, "503", Duration.ofMinutes(5)));
		end(1, new Outcome.Failed(Failure.STATUS, "503", Duration.ofMinutes(5)));
		assertThat(reply().headers()).containsEntry("retry-after-ms", "60000").containsEntry("retry-after", "60");
	}

	@Test
	void aCooldownThatHasJustEndedStillGivesADelay() {
		end(0, new Outcome.Throttled(Duration.ofMillis(10)));
		end(1, new Outcome.Throttled(Duration.ofMillis(10)));
		this.time.advance(Duration.ofMillis(20));
		ApiErrorException reply = reply();
		assertThat(reply.error().status()).isEqualTo(429);
		assertThat(reply.headers()).containsEntry("retry-after-ms", "1000");
	}

	@Test
	void aDelayIsRoundedUp() {
		end(0, new Outcome.Throttled(Duration.ofNanos(2_000_000_001)));
		end(1, new Outcome.Throttled(Duration.ofSeconds(30)));
		assertThat(reply().headers()).containsEntry("retry-after-ms", "2001").containsEntry("retry-after", "3");
	}

	@Test
	void aUsedUpQuotaOfAllBackendsAsksClientsNotToRetry() {
		end(0, Outcomes.outOfQuota());
		end(1, Outcomes.outOfQuota());
		ApiErrorException reply = reply();
		assertThat(reply.error().status()).isEqualTo(429);
		assertThat(reply.error().code()).isEqualTo("insufficient_quota");
		assertThat(reply.headers()).containsOnly(Map.entry("x-should-retry", "false"));
	}

	@Test
	void theMessageForASingleBackendIsInTheSingular() {
		Pool one = TestPools.pool(this.time, TestPools.backend("a"));
		RequestContext single = TestRequests.begin(one, one.lanes("gpt-4o"), this.time);
		single.failover().tryBegin(one.lanes("gpt-4o").get(0));
		single.failover().attempts().end(new Outcome.Throttled(Duration.ofSeconds(7)));
		assertThat(reply(single, call()).error().message())
			.isEqualTo("The one backend of pool openai that serves gpt-4o is at the limit; the first is free in 7 s.");
	}

	@Test
	void aModelWithoutADeploymentDoesNotExist() {
		end(0, Outcomes.modelNotServed());
		end(1, Outcomes.modelNotServed());
		assertThat(reply().error().status()).isEqualTo(404);
		assertThat(reply().error().code()).isEqualTo("model_not_found");
		assertThat(reply().error().param()).isEqualTo("model");
	}

	@Test
	void eachKindOfFailureHasItsStatus() {
		assertThat(statusAfter(new Outcome.Failed(Failure.TIMEOUT, "no response", null))).isEqualTo(504);
		assertThat(statusAfter(new Outcome.Failed(Failure.CONNECTION, "refused", null))).isEqualTo(502);
		assertThat(statusAfter(new Outcome.Failed(Failure.STATUS, "500", null))).isEqualTo(503);
		assertThat(statusAfter(Outcomes.denied())).isEqualTo(502);
		assertThat(statusAfter(new Outcome.NoCredential("az login"))).isEqualTo(502);
	}

	@Test
	void theLimitThatABackendExceededIsNamed() {
		end(0, Outcome.Failed.silence(TimeLimit.response(this.pool.properties())));
		assertThat(reply().error().message()).contains("(weir.pools.openai.response-timeout)");
		end(1, Outcome.Failed.notAccepted(TimeLimit.streamIdle(this.pool.properties())));
		assertThat(reply().error().message()).contains("(weir.pools.openai.stream-idle-timeout)");
	}

	@Test
	void openBreakersOfAllBackendsAreOutOfService() {
		this.lanes.forEach((lane) -> lane.backend().breaker().transitionToOpenState());
		ApiErrorException reply = reply();
		assertThat(reply.error().status()).isEqualTo(503);
		assertThat(reply.headers()).containsEntry("retry-after", "60");
		assertThat(reply.error().message()).contains("out of service");
	}

	@Test
	void oneThrottledLaneMakesThePoolThrottled() {
		end(0, new Outcome.Throttled(Duration.ofSeconds(5)));
		end(1, new Outcome.Failed(Failure.CONNECTION, "refused", null));
		assertThat(reply().error().status()).isEqualTo(429);
		assertThat(reply().error().message()).contains("are at the limit or failed; the next try is possible in 1 s");
		assertThat(Exhaustion.of(this.request.failover(), false).isFailure()).isFalse();
	}

	@Test
	void aUsedUpQuotaAfterAFailureIsNotTakenForARefusedCredential() {
		end(0, new Outcome.Failed(Failure.CONNECTION, "refused", null));
		end(1, Outcomes.outOfQuota());
		assertThat(reply().error().code()).isEqualTo("bad_gateway");
	}

	@Test
	void aUsedUpQuotaAndAMissingDeploymentAreOutOfService() {
		end(0, Outcomes.outOfQuota());
		end(1, Outcomes.modelNotServed());
		assertThat(reply().error().status()).isEqualTo(503);
		assertThat(reply().error().message()).contains("out of service");
		assertThat(reply().headers()).containsOnly(Map.entry("x-should-retry", "false"));
	}

	@Test
	void aCredentialThatAllBackendsRefuseAsksClientsNotToRetry() {
		end(0, Outcomes.denied());
		end(1, Outcomes.denied());
		ApiErrorException now = reply();
		ApiErrorException later = reply(TestRequests.begin(this.pool, this.lanes, this.time), call());
		for (ApiErrorException reply : List.of(now, later)) {
			assertThat(reply.error().status()).isEqualTo(502);
			assertThat(reply.error().code()).isEqualTo("backend_denied");
			assertThat(reply.headers()).containsOnly(Map.entry("x-should-retry", "false"));
		}
	}

	@Test
	void aRefusedCredentialAndAFailureMayBeRetried() {
		end(0, new Outcome.Failed(Failure.STATUS, "500", null));
		end(1, Outcomes.denied());
		assertThat(reply().error().code()).isEqualTo("backend_denied");
		assertThat(reply().headers()).containsKey("retry-after").doesNotContainKey("x-should-retry");
	}

	@Test
	void anOperationThatNoBackendServesIsNotFound() {
		RequestTraits responses = new RequestTraits(Operation.RESPONSES, 10, () -> 1, false, false);
		ApiCall call = new ApiCall(ApiPath.parse("POST", "/v1/responses", null), "gpt-4o", null, true);
		RequestContext first = TestRequests.begin(this.pool, this.lanes, responses, this.time);
		for (Lane lane : this.lanes) {
			first.failover().tryBegin(lane);
			first.failover().attempts().end(Outcomes.notServed(Outcome.Scope.OPERATION));
		}
		RequestContext second = TestRequests.begin(this.pool, this.lanes, responses, this.time);
		assertThat(second.failover().candidates().hasAvailable()).isFalse();
		for (RequestContext request : List.of(first, second)) {
			ApiErrorException reply = reply(request, call);
			assertThat(reply.error().status()).isEqualTo(404);
			assertThat(reply.error().code()).isEqualTo("unknown_operation");
			assertThat(reply.error().message()).contains("serves responses for the model 'gpt-4o'");
		}
	}

	@Test
	void aRequestThatIsTooLargeForAllIsNotTriedAgain() {
		end(0, Outcomes.tooLarge());
		end(1, Outcomes.tooLarge());
		assertThat(reply().error().status()).isEqualTo(429);
		assertThat(reply().error().message()).contains("larger than the quota");
		assertThat(reply().headers()).containsOnly(Map.entry("x-should-retry", "false"));
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void aRequestThatCannotBeSentAgainMayBeSentAgainByTheClient(boolean outOfQuota) {
		end(0, outOfQuota ? Outcomes.outOfQuota() : new Outcome.Throttled(Duration.ofSeconds(30)));
		ApiCall single = new ApiCall(ApiPath.parse("POST", "/v1/files", null), "", null, false);
		ApiErrorException reply = reply(this.request, single, true);
		assertThat(reply.error().status()).isEqualTo(429);
		assertThat(reply.error().code()).isEqualTo("rate_limit_exceeded");
		assertThat(reply.error().message())
			.isEqualTo("The backend that was called is at its limit, and the request cannot be sent again to"
					+ " another; the next try is possible in 1 s.");
		assertThat(reply.headers()).containsEntry("retry-after", "1").doesNotContainKey("x-should-retry");
	}

	@Test
	void theLastOutcomeCountsIfAnotherLaneMightHaveServed() {
		end(0, new Outcome.Throttled(Duration.ofSeconds(5)));
		end(1, new Outcome.Failed(Failure.TIMEOUT, "no response", null));
		assertThat(reply(this.request, call(), true).error().status()).isEqualTo(504);
	}

	@Test
	void anOperationThatNoBackendKnowsIsNotFound() {
		ApiErrorException reply = reply(TestRequests.begin(this.pool, Lanes.of(List.of()), this.time), call());
		assertThat(reply.error().status()).isEqualTo(404);
		assertThat(reply.error().code()).isEqualTo("unknown_operation");
	}

	private int statusAfter(Outcome outcome) {
		// the cooldowns of the case before are over
		this.time.advance(Duration.ofMinutes(10));
		RequestContext fresh = TestRequests.begin(this.pool, this.lanes, this.time);
		fresh.failover().tryBegin(this.lanes.get(0));
		fresh.failover().attempts().end(outcome);
		return reply(fresh, call()).error().status();
	}

	private void end(int lane, Outcome outcome) {
		this.request.failover().tryBegin(this.lanes.get(lane));
		this.request.failover().attempts().end(outcome);
	}

	private ApiErrorException reply() {
		return reply(this.request, call());
	}

	private static ApiErrorException reply(RequestContext request, ApiCall call) {
		return reply(request, call, false);
	}

	private static ApiErrorException reply(RequestContext request, ApiCall call, boolean early) {
		request.onCallRead(call);
		return new ExhaustedReply(request, early).exception(Exhaustion.of(request.failover(), early));
	}

	private static ApiCall call() {
		return new ApiCall(ApiPath.parse("POST", "/v1/chat/completions", null), "gpt-4o", null, true);
	}

}
