package dev.weir.backend;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.openai.stream.Usage;
import dev.weir.testing.Outcomes;
import dev.weir.testing.VirtualTime;
import dev.weir.testing.TestPools;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * When an attempt may begin on a lane, and when not.
 */
class LaneAdmissionTests {

	private static final Outcome SERVED = new Outcome.Served(200);

	private static final Outcome FAILED = new Outcome.Failed(Outcome.Failure.STATUS, "503", null);

	private final VirtualTime time = new VirtualTime();

	private final Pool pool = TestPools.pool(this.time, TestPools.backend("openai1", "max-concurrent=20"));

	private final Lane chat = this.pool.lanes("gpt-4o").get(0);

	private final Lane embeddings = this.pool.lanes("embedding").get(0);

	private final Backend backend = this.chat.backend();

	private final AtomicInteger notifications = new AtomicInteger();

	@Test
	void aFullBackendTakesNoAttemptOnAnyOfItsLanes() {
		List<Attempt> attempts = IntStream.range(0, 20)
			.mapToObj((i) -> begin((i % 2 == 0) ? this.chat : this.embeddings))
			.toList();
		assertThat(this.backend.isFull()).isTrue();
		assertThat(this.backend.inFlight()).isEqualTo(20);
		assertThat(this.chat.tryBegin()).isNull();
		assertThat(this.chat.isAvailable()).isFalse();
		assertThat(this.embeddings.isAvailable()).isFalse();
		assertThat(this.chat.freeIn()).isNull();
		attempts.get(1).end(SERVED);
		assertThat(this.chat.isAvailable()).isTrue();
		assertThat(this.chat.freeIn()).isZero();
		begin(this.chat);
		assertThat(this.chat.tryBegin()).isNull();
	}

	@Test
	void aFullBackendIsNeitherInCooldownNorFailed() {
		IntStream.range(0, 20).forEach((i) -> begin(this.chat));
		IntStream.range(0, 20).forEach((i) -> assertThat(this.chat.tryBegin()).isNull());
		assertThat(this.chat.cooldownReason()).isNull();
		assertThat(this.chat.isRamping()).isFalse();
		assertThat(breaker().getMetrics().getNumberOfBufferedCalls()).isZero();
		assertThat(this.chat.counts()).isEqualTo(new LaneCounts(20, 20, 0, 0, 0, 0));
	}

	@Test
	void aPlaceIsReleasedOnceEvenIfAnAttemptEndsTwice() {
		IntStream.range(0, 19).forEach((i) -> begin(this.chat));
		Attempt last = begin(this.chat);
		last.onResponseStart();
		assertThat(this.backend.isFull()).isTrue();
		last.end(new Outcome.Cancelled());
		last.end(SERVED);
		last.end(FAILED);
		assertThat(this.backend.inFlight()).isEqualTo(19);
	}

	@Test
	void concurrentAttemptsNeverExceedTheLimit() {
		Pool small = TestPools.pool(this.time, TestPools.backend("small", "max-concurrent=3"));
		Lane lane = small.lanes("gpt-4o").get(0);
		AtomicInteger most = new AtomicInteger();
		List<Integer> begun = Crowd.collect(8, 20_000, () -> {
			Attempt attempt = lane.tryBegin();
			if (attempt == null) {
				return null;
			}
			most.accumulateAndGet(lane.backend().inFlight(), Math::max);
			attempt.end(new Outcome.Cancelled());
			return 1;
		});
		assertThat(begun).isNotEmpty();
		assertThat(most).hasValueLessThanOrEqualTo(3);
		assertThat(lane.backend().inFlight()).isZero();
		assertThat(Crowd.collect(8, 100, lane::tryBegin)).hasSize(3);
	}

	@Test
	void aLaneInCooldownTakesNoAttempt() {
		begin(this.chat).end(new Outcome.Throttled(Duration.ofSeconds(7)));
		assertThat(this.chat.tryBegin()).isNull();
		assertThat(this.chat.freeIn()).isEqualTo(Duration.ofSeconds(7));
		assertThat(this.backend.inFlight()).isZero();
		begin(this.embeddings);
	}

	@Test
	void afterACooldownOnlyOneRequestProbesTheLane() {
		begin(this.chat).end(new Outcome.Throttled(Duration.ofSeconds(7)));
		this.time.advance(Duration.ofSeconds(7));
		assertThat(this.chat.isAvailable()).isTrue();
		assertThat(this.chat.isRamping()).isTrue();
		begin(this.chat);
		assertThat(this.chat.isAvailable()).isFalse();
		assertThat(this.chat.tryBegin()).isNull();
		assertThat(this.chat.freeIn()).isEqualTo(Duration.ofMillis(250));
		assertThat(this.embeddings.isRamping()).isFalse();
		assertThat(beginAll(this.embeddings)).isEqualTo(19);
	}

	@Test
	void afterACooldownOfTheBackendOneRequestProbesAllItsLanes() {
		begin(this.chat).end(new Outcome.Failed(Outcome.Failure.STATUS, "503", Duration.ofSeconds(3)));
		assertThat(this.embeddings.freeIn()).isEqualTo(Duration.ofSeconds(3));
		this.time.advance(Duration.ofSeconds(3));
		begin(this.embeddings);
		assertThat(this.chat.isAvailable()).isFalse();
		assertThat(this.chat.tryBegin()).isNull();
		assertThat(this.chat.freeIn()).isEqualTo(Duration.ofMillis(250));
	}

	@Test
	void aProbeCountsWhenItsResponseBeginsAndNotWhenALongStreamEnds() {
		throttleAndWakeUp();
		begin(this.chat).onResponseStart();
		assertThat(beginAll(this.chat)).isEqualTo(2);
	}

	@ParameterizedTest
	@ValueSource(ints = { 200, 400 })
	void aProbeThatEndsWithAResponseCounts(int status) {
		throttleAndWakeUp();
		begin(this.chat).end((status == 200) ? SERVED : new Outcome.Rejected(status));
		assertThat(beginAll(this.chat)).isEqualTo(2);
	}

	@Test
	void aProbeThatIsCancelledOrFailsDoesNotAdvanceTheRamp() {
		throttleAndWakeUp();
		begin(this.chat).end(new Outcome.Cancelled());
		assertThat(this.chat.tryBegin()).isNull();
		this.time.advance(Ramp.WAIT);
		begin(this.chat).end(FAILED);
		begin(this.chat).end(new Outcome.Cancelled());
		assertThat(this.chat.tryBegin()).isNull();
		this.time.advance(Ramp.WAIT);
		assertThat(beginAll(this.chat)).isEqualTo(4);
	}

	@Test
	void aThrottledProbeStartsANewCooldownAndANewRamp() {
		throttleAndWakeUp();
		begin(this.chat).onResponseStart();
		begin(this.chat);
		begin(this.chat).end(new Outcome.Throttled(Duration.ofMillis(40)));
		assertThat(this.chat.freeIn()).isEqualTo(Duration.ofMillis(40));
		this.time.advance(Duration.ofMillis(40));
		assertThat(beginAll(this.chat)).isEqualTo(1);
	}

	@Test
	void anAttemptFromBeforeTheCooldownDoesNotAdvanceTheRamp() {
		Attempt before = begin(this.chat);
		throttleAndWakeUp();
		begin(this.chat);
		before.onResponseStart();
		before.end(SERVED);
		assertThat(this.chat.tryBegin()).isNull();
	}

	@Test
	void anOpenedBreakerIsProbedByOneRequestAndThenByTwiceAsMany() {
		breaker().transitionToOpenState();
		assertThat(this.chat.freeIn()).isEqualTo(Duration.ofSeconds(60));
		breaker().transitionToHalfOpenState();
		assertThat(this.backend.isRamping()).isTrue();
		Attempt probe = begin(this.chat);
		assertThat(this.embeddings.tryBegin()).isNull();
		assertThat(this.embeddings.freeIn()).isEqualTo(Duration.ofMillis(250));
		probe.onResponseStart();
		assertThat(beginAll(this.embeddings)).isEqualTo(2);
	}

	@Test
	void theRampContinuesAfterTheBreakerHasClosed() {
		breaker().transitionToOpenState();
		breaker().transitionToHalfOpenState();
		for (int i = 0; i < 3; i++) {
			begin(this.chat).onResponseStart();
		}
		breaker().transitionToClosedState();
		assertThat(beginAll(this.chat)).isEqualTo(8);
	}

	@Test
	void lanesOfAHalfOpenBreakerWithoutAPermissionWaitForTheEndOfAnAttempt() {
		breaker().transitionToOpenState();
		breaker().transitionToHalfOpenState();
		Attempt[] probes = new Attempt[10];
		for (int i = 0; i < probes.length; i++) {
			probes[i] = begin(this.chat);
			this.time.advance(Ramp.WAIT);
		}
		assertThat(this.chat.tryBegin()).isNull();
		assertThat(this.chat.isAvailable()).isFalse();
		assertThat(this.chat.freeIn()).isNull();
		assertThat(this.backend.inFlight()).isEqualTo(10);
		probes[3].end(new Outcome.Cancelled());
		assertThat(this.chat.isAvailable()).isTrue();
		assertThat(this.chat.freeIn()).isZero();
		assertThat(this.chat.tryBegin()).isNotNull();
	}

	@Test
	void aBreakerThatRefusesAProbeTakesNoPlaceOnTheRamp() {
		breaker().transitionToOpenState();
		breaker().transitionToHalfOpenState();
		IntStream.range(0, 10).forEach((i) -> assertThat(breaker().tryAcquirePermission()).isTrue());
		assertThat(this.chat.tryBegin()).isNull();
		assertThat(this.backend.inFlight()).isZero();
		breaker().releasePermission();
		assertThat(this.chat.tryBegin()).isNotNull();
	}

	@Test
	void aBackendThatIsFullTakesNoPlaceOnTheRampOfALane() {
		throttleAndWakeUp();
		List<Attempt> others = IntStream.range(0, 20).mapToObj((i) -> begin(this.embeddings)).toList();
		assertThat(this.chat.tryBegin()).isNull();
		others.get(0).end(SERVED);
		assertThat(this.chat.tryBegin()).isNotNull();
	}

	@Test
	void theTimeUntilAForcedOpenBreakerIsFreeIsUnknown() {
		breaker().transitionToForcedOpenState();
		assertThat(this.chat.isAvailable()).isFalse();
		assertThat(this.chat.freeIn()).isNull();
	}

	@Test
	void aLaneIsFreeAfterTheLongestOfItsDelays() {
		begin(this.chat);
		begin(this.embeddings).end(new Outcome.Failed(Outcome.Failure.STATUS, "503", Duration.ofSeconds(3)));
		throttle(this.chat, Duration.ofSeconds(7));
		assertThat(this.chat.freeIn()).isEqualTo(Duration.ofSeconds(3));
		this.time.advance(Duration.ofSeconds(3));
		throttle(this.chat, Duration.ofSeconds(7));
		assertThat(this.chat.freeIn()).isEqualTo(Duration.ofSeconds(7));
		assertThat(this.embeddings.freeIn()).isEqualTo(Duration.ofMillis(250));
	}

	@Test
	void notifiesTheListenerWhenALaneMayBeFree() {
		IntStream.range(0, 19).forEach((i) -> begin(this.chat));
		Attempt last = begin(this.chat);
		this.pool.onFree((backend) -> {
			assertThat(backend).isSameAs(this.chat.backend().condition());
			this.notifications.incrementAndGet();
			assertThat(this.chat.isAvailable()).isTrue();
		});
		last.end(new Outcome.Cancelled());
		last.end(SERVED);
		assertThat(this.notifications).hasValue(1);
	}

	@Test
	void notifiesTheListenerWhenTheResponseToAProbeBegins() {
		throttleAndWakeUp();
		Attempt probe = begin(this.chat);
		assertThat(this.chat.isAvailable()).isFalse();
		this.pool.onFree((backend) -> {
			assertThat(backend).isSameAs(this.chat.backend().condition());
			this.notifications.incrementAndGet();
			assertThat(this.chat.isAvailable()).isTrue();
		});
		probe.onResponseStart();
		assertThat(this.notifications).hasValue(1);
	}

	@Test
	void notifiesTheListenerWhenABreakerChangesItsState() {
		breaker().transitionToOpenState();
		this.pool.onFree((backend) -> {
			assertThat(backend).isSameAs(this.chat.backend().condition());
			this.notifications.incrementAndGet();
			assertThat(this.chat.isAvailable()).isTrue();
		});
		breaker().transitionToHalfOpenState();
		assertThat(this.notifications).hasValue(1);
	}

	@Test
	void measuresTheTimeUntilTheResponseBegins() {
		Attempt attempt = begin(this.chat);
		this.time.advance(Duration.ofMillis(300));
		attempt.onResponseStart();
		this.time.advance(Duration.ofSeconds(60));
		attempt.end(SERVED);
		assertThat(this.chat.latency()).isEqualTo(Duration.ofMillis(300));
	}

	@Test
	void aFailureNeverLowersTheLatencyOfALane() {
		begin(this.chat).end(FAILED);
		assertThat(this.chat.latency()).isEqualTo(Duration.ofSeconds(1));
		Attempt timeout = begin(this.chat);
		this.time.advance(Duration.ofSeconds(30));
		timeout.end(Outcome.Failed.silence(new TimeLimit("response-timeout", Duration.ofSeconds(30))));
		assertThat(this.chat.latency()).isEqualTo(Duration.ofSeconds(30));
	}

	@Test
	void aCancelledAttemptRaisesTheLatencyToItsDuration() {
		Attempt attempt = begin(this.chat);
		this.time.advance(Duration.ofMillis(20));
		attempt.end(new Outcome.Cancelled());
		assertThat(this.chat.latency()).isNull();
		attempt = begin(this.chat);
		this.time.advance(Duration.ofSeconds(5));
		attempt.end(new Outcome.Cancelled());
		assertThat(this.chat.latency()).isEqualTo(Duration.ofSeconds(5));
		attempt = begin(this.chat);
		this.time.advance(Duration.ofMillis(20));
		attempt.end(new Outcome.Cancelled());
		assertThat(this.chat.latency()).isEqualTo(Duration.ofSeconds(5));
	}

	@ParameterizedTest
	@ValueSource(strings = { "throttled", "denied", "rejected" })
	void aRefusalDoesNotChangeTheLatency(String kind) {
		Map<String, Outcome> outcomes = Map.of("throttled", new Outcome.Throttled(Duration.ofSeconds(1)), "denied",
				Outcomes.denied(), "rejected", new Outcome.Rejected(400));
		begin(this.chat).end(outcomes.get(kind));
		assertThat(this.chat.latency()).isNull();
		assertThat(this.chat.expectedLatency()).isZero();
	}

	@Test
	void recordsTheHeadroomOfEveryResponse() {
		assertThat(this.chat.headroom()).isEmpty();
		assertThat(this.chat.expectedHeadroom()).isEqualTo(0.5);
		Attempt attempt = begin(this.chat);
		attempt.recordQuota(Map.of("azure-openai-deployment-utilization", "75%")::get, true);
		attempt.end(new Outcome.Throttled(Duration.ofSeconds(1)));
		assertThat(this.chat.headroom()).hasValue(0.25);
		assertThat(this.chat.expectedHeadroom()).isEqualTo(0.25);
		assertThat(this.embeddings.headroom()).isEmpty();
	}

	@Test
	void afterACooldownALaneTakesTheRequestsThatRemain() {
		throttleAndWakeUp();
		begin(this.chat).recordQuota(Map.of("x-ratelimit-remaining-requests", "7")::get, true);
		assertThat(beginAll(this.chat)).isEqualTo(8);
	}

	@Test
	void afterACooldownALaneTakesTheRequestsForWhichTokensRemain() {
		Attempt before = begin(this.chat);
		before.recordUsage(new Usage(700, 300));
		before.end(SERVED);
		throttleAndWakeUp();
		// 9, and 3 more because they may be smaller, and one that asks
		begin(this.chat).recordQuota(
				Map.of("x-ratelimit-remaining-requests", "7000", "x-ratelimit-remaining-tokens", "9000")::get, true);
		assertThat(beginAll(this.chat)).isEqualTo(13);
	}

	@Test
	void anErrorThatSaysWhatRemainsDoesNotOpenALane() {
		throttleAndWakeUp();
		begin(this.chat).recordQuota(Map.of("x-ratelimit-remaining-requests", "7")::get, false);
		assertThat(beginAll(this.chat)).isZero();
	}

	@Test
	void notifiesTheListenerWhenAResponseSaysWhatRemains() {
		throttleAndWakeUp();
		Attempt probe = begin(this.chat);
		this.pool.onFree((backend) -> this.notifications.incrementAndGet());
		probe.recordQuota(Map.of("x-ratelimit-remaining-requests", "7")::get, true);
		assertThat(this.notifications).hasValue(1);
	}

	private void throttleAndWakeUp() {
		throttle(this.chat, Duration.ofSeconds(7));
		this.time.advance(Duration.ofSeconds(7));
	}

	private static void throttle(Lane lane, Duration cooldown) {
		@Nullable Attempt attempt = lane.tryBegin();
		if (attempt != null) {
			attempt.end(new Outcome.Throttled(cooldown));
		}
	}

	private static int beginAll(Lane lane) {
		return (int) IntStream.range(0, 100).filter((i) -> lane.tryBegin() != null).count();
	}

	private static Attempt begin(Lane lane) {
		@Nullable Attempt attempt = lane.tryBegin();
		assertThat(attempt).isNotNull();
		return attempt;
	}

	private CircuitBreaker breaker() {
		return this.backend.breaker();
	}

}
