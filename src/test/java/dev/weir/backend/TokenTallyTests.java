package dev.weir.backend;

import java.time.Duration;

import org.junit.jupiter.api.Test;

import dev.weir.openai.stream.Usage;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

class TokenTallyTests {

	private final VirtualTime time = new VirtualTime();

	private final TokenTally tally = new TokenTally(this.time);

	@Test
	void tokensCountForAMinuteInStepsOfTenSeconds() {
		this.tally.add(100);
		this.time.advance(Duration.ofSeconds(30));
		this.tally.add(10);
		assertThat(this.tally.lastMinute()).isEqualTo(110);
		this.time.advance(Duration.ofSeconds(39));
		assertThat(this.tally.lastMinute()).isEqualTo(110);
		this.time.advance(Duration.ofSeconds(1));
		assertThat(this.tally.lastMinute()).isEqualTo(10);
		this.time.advance(Duration.ofSeconds(30));
		assertThat(this.tally.lastMinute()).isZero();
	}

	@Test
	void anEmptyHourIsForgotten() {
		this.tally.add(100);
		this.time.advance(Duration.ofHours(1));
		this.tally.add(1);
		assertThat(this.tally.lastMinute()).isEqualTo(1);
	}

	@Test
	void anEstimateIsRemovedWhereItWasCounted() {
		long step = this.tally.add(100);
		this.time.advance(Duration.ofSeconds(30));
		this.tally.add(10);
		this.tally.remove(100, step);
		assertThat(this.tally.lastMinute()).isEqualTo(10);
		this.time.advance(Duration.ofSeconds(39));
		assertThat(this.tally.lastMinute()).isEqualTo(10);
	}

	@Test
	void anEstimateThatCountsNoMoreIsNotRemovedFromOtherTokens() {
		long step = this.tally.add(100);
		this.time.advance(Duration.ofSeconds(75));
		this.tally.add(500);
		this.tally.remove(100, step);
		assertThat(this.tally.lastMinute()).isEqualTo(500);
	}

	@Test
	void cachedTokensAreCounted() {
		this.tally.record(new Usage(2000, 5, 1024));
		this.tally.record(new Usage(1000, 5));
		assertThat(this.tally.prompt()).isEqualTo(3000);
		assertThat(this.tally.cached()).isEqualTo(1024);
	}

}
