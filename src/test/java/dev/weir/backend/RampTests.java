package dev.weir.backend;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

class RampTests {

	private final VirtualTime time = new VirtualTime();

	private final Ramp ramp = new Ramp(this.time);

	@Test
	void hasNoLimitBeforeTheFirstCooldown() {
		assertThat(enterAll(1000)).hasSize(1000);
		assertThat(this.ramp.isActive()).isFalse();
		assertThat(this.ramp.hasPlace()).isTrue();
		assertThat(this.ramp.timeToNextPlace()).isZero();
	}

	@Test
	void beginsWithOneRequestAndDoublesWithEachServedOneUntilThereIsNoLimit() {
		this.ramp.restart();
		List<Integer> sizes = new ArrayList<>();
		while (this.ramp.isActive()) {
			List<Ramp.Step> step = enterAll(1000);
			assertThat(this.ramp.hasPlace()).isFalse();
			sizes.add(step.size());
			this.ramp.onServed(step.get(0));
		}
		assertThat(sizes).containsExactly(1, 2, 4, 8, 16, 32, 64);
		assertThat(enterAll(1000)).hasSize(1000);
	}

	@Test
	void doublesOncePerStep() {
		this.ramp.restart();
		this.ramp.onServed(enterAll(1).get(0));
		List<Ramp.Step> two = enterAll(2);
		two.forEach(this.ramp::onServed);
		two.forEach(this.ramp::onServed);
		assertThat(enterAll(1000)).hasSize(4);
	}

	@Test
	void doublesAfterAQuarterOfASecondWithoutAServedRequest() {
		this.ramp.restart();
		List<Integer> sizes = new ArrayList<>();
		while (this.ramp.isActive()) {
			sizes.add(enterAll(1000).size());
			this.time.advance(Duration.ofMillis(249));
			assertThat(enterAll(1000)).isEmpty();
			assertThat(this.ramp.timeToNextPlace()).isEqualTo(Duration.ofMillis(1));
			this.time.advance(Duration.ofMillis(1));
			assertThat(this.ramp.hasPlace()).isTrue();
			assertThat(this.ramp.timeToNextPlace()).isZero();
			if (sizes.size() == 7) {
				assertThat(enterAll(1000)).hasSize(1000);
			}
		}
		assertThat(sizes).containsExactly(1, 2, 4, 8, 16, 32, 64);
	}

	@Test
	void timeBeginsWithTheFirstRequestAndNotWithTheCooldown() {
		this.ramp.restart();
		this.time.advance(Duration.ofHours(1));
		assertThat(enterAll(1000)).hasSize(1);
		this.time.advance(Duration.ofHours(1));
		assertThat(enterAll(1000)).hasSize(2);
	}

	@Test
	void anotherCooldownRestartsIt() {
		this.ramp.restart();
		this.ramp.onServed(enterAll(1).get(0));
		List<Ramp.Step> two = enterAll(2);
		this.ramp.restart();
		assertThat(enterAll(1000)).hasSize(1);
		// it belongs to the previous ramp
		this.ramp.onServed(two.get(0));
		assertThat(enterAll(1000)).isEmpty();
	}

	@Test
	void aRequestFromBeforeTheCooldownHasNoEffect() {
		Ramp.Step before = enterAll(1).get(0);
		this.ramp.restart();
		assertThat(enterAll(1000)).hasSize(1);
		this.ramp.onServed(before);
		this.ramp.leave(before);
		assertThat(enterAll(1000)).isEmpty();
	}

	@Test
	void anUnusedPlaceIsAvailableAgain() {
		this.ramp.restart();
		this.ramp.leave(enterAll(1).get(0));
		assertThat(this.ramp.hasPlace()).isTrue();
		this.time.advance(Ramp.WAIT);
		assertThat(enterAll(1000)).hasSize(1);
	}

	@Test
	void takesAsManyAsRemainAndOneMore() {
		this.ramp.restart();
		this.ramp.onRemaining(enterAll(1).get(0), 20);
		assertThat(enterAll(1000)).hasSize(21);
		assertThat(this.ramp.timeToNextPlace()).isEqualTo(Ramp.WAIT);
	}

	@Test
	void requestsSinceTheResponseWasSentAreSubtracted() {
		this.ramp.restart();
		Ramp.Step first = enterAll(1).get(0);
		this.time.advance(Ramp.WAIT);
		enterAll(2);
		this.ramp.onRemaining(first, 20);
		assertThat(enterAll(1000)).hasSize(19);
	}

	@Test
	void theLastRequestWhoseResponseSaysWhatRemainsCounts() {
		this.ramp.restart();
		this.ramp.onRemaining(enterAll(1).get(0), 20);
		List<Ramp.Step> some = enterAll(10);
		this.ramp.onRemaining(some.get(7), 30);
		// the response to an earlier request is late
		this.ramp.onRemaining(some.get(2), 1000);
		assertThat(enterAll(1000)).hasSize(29);
	}

	@Test
	void isSlowAgainWhenWhatRemainedIsUsedAndNoResponseSaysMore() {
		this.ramp.restart();
		this.ramp.onRemaining(enterAll(1).get(0), 20);
		enterAll(21);
		this.time.advance(Ramp.WAIT);
		List<Ramp.Step> one = enterAll(1000);
		assertThat(one).hasSize(1);
		this.ramp.onServed(one.get(0));
		assertThat(enterAll(1000)).hasSize(2);
	}

	@Test
	void timeDoesNotOpenAStepOfWhatRemainsBeforeItIsUsed() {
		this.ramp.restart();
		this.ramp.onRemaining(enterAll(1).get(0), 20);
		enterAll(5);
		this.time.advance(Duration.ofSeconds(59));
		assertThat(enterAll(1000)).hasSize(16);
	}

	@Test
	void nothingRemainsButOneRequestMayAsk() {
		this.ramp.restart();
		this.ramp.onRemaining(enterAll(1).get(0), 0);
		assertThat(enterAll(1000)).hasSize(1);
	}

	@Test
	void hasNoLimitAMinuteAfterTheCooldown() {
		this.ramp.restart();
		this.ramp.onRemaining(enterAll(1).get(0), 20);
		enterAll(1);
		this.time.advance(Ramp.FOLLOW);
		assertThat(enterAll(1000)).hasSize(1000);
		assertThat(this.ramp.isActive()).isFalse();
	}

	@Test
	void isNotActiveWhileThereIsQuotaForMany() {
		this.ramp.restart();
		this.ramp.onRemaining(enterAll(1).get(0), 63);
		assertThat(this.ramp.isActive()).isFalse();
		enterAll(1);
		assertThat(this.ramp.isActive()).isTrue();
	}

	@Test
	void beginsWithHalfOfWhatRemainedAfterTheLastCooldown() {
		this.ramp.restart();
		this.ramp.onRemaining(enterAll(1).get(0), 20);
		List<Ramp.Step> all = enterAll(21);
		this.ramp.restart(all.get(20));
		// several requests may be refused at the same time
		this.ramp.restart(all.get(19));
		assertThat(enterAll(1000)).hasSize(10);
		this.ramp.restart();
		assertThat(enterAll(1000)).as("after a failure").hasSize(1);
	}

	@Test
	void beginsWithNoMoreThanTheLastStepTakes() {
		this.ramp.restart();
		Ramp.Step first = enterAll(1).get(0);
		this.ramp.onRemaining(first, 1_000_000_000_000L);
		this.ramp.restart(first);
		assertThat(enterAll(1000)).hasSize(64);
	}

	@Test
	void beginsWithOneAgainIfTheLastBeginningWasRefused() {
		this.ramp.restart();
		this.ramp.onRemaining(enterAll(1).get(0), 20);
		this.ramp.restart(enterAll(1).get(0));
		List<Ramp.Step> half = enterAll(1000);
		this.ramp.restart(half.get(3));
		assertThat(enterAll(1000)).hasSize(1);
	}

	@Test
	void concurrentRequestsNeverExceedWhatRemains() {
		for (int round = 0; round < 200; round++) {
			this.ramp.restart();
			this.ramp.onRemaining(enterAll(1).get(0), 99);
			assertThat(Crowd.collect(8, 20, this.ramp::tryEnter)).hasSize(100);
		}
	}

	@Test
	void concurrentRequestsNeverExceedAStep() {
		for (int round = 0; round < 200; round++) {
			this.ramp.restart();
			for (int size = 1; size <= Ramp.LAST; size *= 2) {
				List<Ramp.Step> entered = Crowd.collect(8, 20, this.ramp::tryEnter);
				assertThat(entered).hasSize(size);
				Crowd.each(entered, this.ramp::onServed);
			}
			assertThat(this.ramp.isActive()).isFalse();
		}
	}

	private List<Ramp.Step> enterAll(int wanted) {
		List<Ramp.Step> entered = new ArrayList<>();
		for (int i = 0; i < wanted; i++) {
			Ramp.@Nullable Step step = this.ramp.tryEnter();
			if (step != null) {
				entered.add(step);
			}
		}
		return entered;
	}

}
