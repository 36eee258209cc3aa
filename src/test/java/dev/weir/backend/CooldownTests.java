package dev.weir.backend;

import java.time.Duration;

import org.junit.jupiter.api.Test;

import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

class CooldownTests {

	private final VirtualTime time = new VirtualTime();

	private final Cooldown cooldown = new Cooldown(this.time);

	@Test
	void isOverBeforeItBegins() {
		assertThat(this.cooldown.isOver()).isTrue();
		assertThat(this.cooldown.left()).isZero();
		assertThat(this.cooldown.reason()).isNull();
	}

	@Test
	void lastsExactlyItsDuration() {
		this.cooldown.begin(Duration.ofMillis(43), CooldownReason.THROTTLED);
		this.time.advance(Duration.ofMillis(42));
		assertThat(this.cooldown.isOver()).isFalse();
		assertThat(this.cooldown.left()).isEqualTo(Duration.ofMillis(1));
		assertThat(this.cooldown.reason()).isEqualTo(CooldownReason.THROTTLED);
		this.time.advance(Duration.ofMillis(1));
		assertThat(this.cooldown.isOver()).isTrue();
		assertThat(this.cooldown.left()).isZero();
		assertThat(this.cooldown.reason()).isNull();
	}

	@Test
	void isNeverShortenedByAShorterCooldown() {
		this.cooldown.begin(Duration.ofSeconds(30), CooldownReason.OUT_OF_QUOTA);
		this.time.advance(Duration.ofSeconds(1));
		this.cooldown.begin(Duration.ofSeconds(2), CooldownReason.THROTTLED);
		assertThat(this.cooldown.left()).isEqualTo(Duration.ofSeconds(29));
		assertThat(this.cooldown.reason()).isEqualTo(CooldownReason.OUT_OF_QUOTA);
	}

	@Test
	void isExtendedByALongerCooldown() {
		this.cooldown.begin(Duration.ofSeconds(2), CooldownReason.THROTTLED);
		this.cooldown.begin(Duration.ofSeconds(30), CooldownReason.DENIED);
		assertThat(this.cooldown.left()).isEqualTo(Duration.ofSeconds(30));
		assertThat(this.cooldown.reason()).isEqualTo(CooldownReason.DENIED);
	}

	@Test
	void outlivesTheOverflowOfTheClock() {
		this.cooldown.begin(Duration.ofSeconds(20), CooldownReason.THROTTLED);
		this.time.advance(Duration.ofSeconds(10));
		assertThat(this.time.read()).isNegative();
		assertThat(this.cooldown.left()).isEqualTo(Duration.ofSeconds(10));
		this.cooldown.begin(Duration.ofSeconds(5), CooldownReason.THROTTLED);
		assertThat(this.cooldown.left()).isEqualTo(Duration.ofSeconds(10));
	}

	@Test
	void ignoresDurationsThatAreNotPositive() {
		this.cooldown.begin(Duration.ZERO, CooldownReason.THROTTLED);
		this.cooldown.begin(Duration.ofSeconds(-1), CooldownReason.THROTTLED);
		assertThat(this.cooldown.isOver()).isTrue();
	}

}
