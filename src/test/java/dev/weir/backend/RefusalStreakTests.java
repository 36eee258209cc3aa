package dev.weir.backend;

import org.junit.jupiter.api.Test;

import dev.weir.testing.Outcomes;

import static org.assertj.core.api.Assertions.assertThat;

class RefusalStreakTests {

	private final RefusalStreak streak = new RefusalStreak();

	@Test
	void threeDifferentRequestsInARowProveThatTheCredentialIsRefused() {
		assertThat(refused(1)).isFalse();
		assertThat(refused(2)).isFalse();
		assertThat(refused(3)).isTrue();
		assertThat(refused(1)).isTrue();
	}

	@Test
	void oneRepeatedRequestProvesNothing() {
		for (int i = 0; i < 10; i++) {
			assertThat(refused(1)).isFalse();
		}
		assertThat(this.streak.count()).isEqualTo(1);
	}

	@Test
	void aSuccessResetsTheCount() {
		refused(1);
		refused(2);
		this.streak.onServed();
		assertThat(this.streak.count()).isZero();
		assertThat(this.streak.last()).isNull();
		assertThat(refused(3)).isFalse();
		assertThat(this.streak.last()).isEqualTo(Outcomes.REFUSAL);
	}

	private boolean refused(int fingerprint) {
		return this.streak.onRefused(fingerprint, Outcomes.REFUSAL);
	}

}
