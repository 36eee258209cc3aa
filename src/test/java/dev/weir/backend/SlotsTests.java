package dev.weir.backend;

import java.util.List;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class SlotsTests {

	private final Slots slots = new Slots(2);

	@Test
	void areFullWhenTheLimitIsReached() {
		assertThat(this.slots.tryTake()).isTrue();
		assertThat(this.slots.isFull()).isFalse();
		assertThat(this.slots.tryTake()).isTrue();
		assertThat(this.slots.isFull()).isTrue();
		assertThat(this.slots.tryTake()).isFalse();
		assertThat(this.slots.taken()).isEqualTo(2);
		this.slots.giveBack();
		assertThat(this.slots.tryTake()).isTrue();
	}

	@Test
	void areNeverMoreThanTheLimitHoweverManyThreadsAskAtOnce() {
		List<Integer> taken = Crowd.collect(4, 5_000_000, () -> {
			if (!this.slots.tryTake()) {
				return null;
			}
			int now = this.slots.taken();
			this.slots.giveBack();
			return (now > 2) ? now : null;
		});
		assertThat(taken).isEmpty();
		assertThat(this.slots.taken()).isZero();
	}

}
