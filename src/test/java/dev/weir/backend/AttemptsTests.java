package dev.weir.backend;

import java.time.Duration;

import org.junit.jupiter.api.Test;

import dev.weir.testing.ManualTicker;
import dev.weir.testing.TestPools;

import static dev.weir.testing.TestPools.backend;
import static org.assertj.core.api.Assertions.assertThat;

class AttemptsTests {

	private final ManualTicker ticker = new ManualTicker();

	private final Pool pool = TestPools.pool(this.ticker, backend("first", "max-concurrent=1"),
			backend("second", "priority=2"), backend("third", "priority=2"));

	private final Attempts attempts = attempts();

	@Test
	void aLaneThatWasCalledIsNotChosenAgain() {
		assertThat(this.attempts.tryBegin(lane(0))).isTrue();
		this.attempts.beginRound();
		assertThat(this.attempts.isTried(lane(0))).isTrue();
		assertThat(this.attempts.isTried(lane(1))).isFalse();
	}

	@Test
	void aLaneThatRefusedMayBeAskedAgainInTheNextRound() {
		Attempt other = lane(0).tryBegin();
		assertThat(this.attempts.tryBegin(lane(0))).isFalse();
		assertThat(this.attempts.isTried(lane(0))).isTrue();
		assertThat(this.attempts.isRefused()).isTrue();
		assertThat(this.attempts.count()).isZero();
		this.attempts.beginRound();
		assertThat(this.attempts.isTried(lane(0))).isFalse();
		assertThat(this.attempts.isRefused()).isFalse();
		assertThat(other).isNotNull();
		other.end(new Outcome.Served(200));
		assertThat(this.attempts.tryBegin(lane(0))).isTrue();
	}

	@Test
	void goesBelowATierOnceAndOnlyIfALaneThereIsFree() {
		assertThat(this.attempts.tryBegin(lane(0))).isTrue();
		assertThat(this.attempts.tryBelow(lane(0))).isTrue();
		assertThat(this.attempts.isTried(lane(1))).isFalse();
		assertThat(this.attempts.tryBegin(lane(1))).isTrue();
		assertThat(this.attempts.tryBelow(lane(1))).isFalse();
		assertThat(this.attempts.hasAnother()).isTrue();
	}

	@Test
	void staysWhereItIsIfNoLaneBelowIsFree() {
		throttle(lane(1));
		throttle(lane(2));
		assertThat(this.attempts.tryBegin(lane(0))).isTrue();
		assertThat(this.attempts.tryBelow(lane(0))).isFalse();
		assertThat(attempts().tryBelow(lane(1))).isFalse();
	}

	@Test
	void aLaneIsFreeWhenTheFirstThatHasNotHadItsTurnWakes() {
		throttle(lane(0));
		this.ticker.advance(Duration.ofSeconds(2));
		throttle(lane(1));
		throttle(lane(2));
		assertThat(this.attempts.freeIn()).isEqualTo(Duration.ofSeconds(8));
		this.ticker.advance(Duration.ofSeconds(8));
		assertThat(this.attempts.freeIn()).isZero();
		assertThat(this.attempts.tryBegin(lane(0))).isTrue();
		assertThat(this.attempts.freeIn()).isEqualTo(Duration.ofSeconds(2));
	}

	@Test
	void noLaneIsEverFreeOnceAllHaveHadTheirTurn() {
		for (int i = 0; i < 3; i++) {
			assertThat(this.attempts.tryBegin(lane(i))).isTrue();
		}
		assertThat(this.attempts.freeIn()).isNull();
	}

	@Test
	void whatHangsOnOtherRequestsMayBeFreeAnyTime() {
		Pool one = TestPools.pool(this.ticker, backend("only", "max-concurrent=1"));
		Lane only = one.lanes("gpt-4o").get(0);
		assertThat(only.tryBegin()).isNotNull();
		assertThat(new Attempts(one, one.lanes("gpt-4o"), this.ticker).freeIn()).isZero();
	}

	@Test
	void aNewDeadlineBeginsWhenAnAnswerIsGoneOnWith() {
		this.ticker.advance(Duration.ofMinutes(9));
		assertThat(this.attempts.elapsed()).isEqualTo(Duration.ofMinutes(9));
		this.attempts.beginAgain();
		assertThat(this.attempts.elapsed()).isZero();
	}

	@Test
	void aLimitNeedsNoTimerWhereTheDeadlineComesFirst() {
		assertThat(this.attempts.endsWithin(Duration.ofMinutes(10))).isTrue();
		assertThat(this.attempts.endsWithin(Duration.ofMinutes(10).minusNanos(1))).isFalse();
		this.ticker.advance(Duration.ofMinutes(9));
		assertThat(this.attempts.endsWithin(Duration.ofMinutes(1))).isTrue();
		assertThat(this.attempts.endsWithin(Duration.ofSeconds(59))).isFalse();
	}

	private void throttle(Lane lane) {
		Attempt attempt = lane.tryBegin();
		assertThat(attempt).isNotNull();
		attempt.end(new Outcome.Throttled(Duration.ofSeconds(10)));
	}

	private Attempts attempts() {
		return new Attempts(this.pool, this.pool.lanes("gpt-4o"), this.ticker);
	}

	private Lane lane(int index) {
		return this.pool.lanes("gpt-4o").get(index);
	}

}
