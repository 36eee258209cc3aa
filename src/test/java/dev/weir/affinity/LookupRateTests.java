package dev.weir.affinity;

import java.time.Duration;

import org.junit.jupiter.api.Test;

import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

class LookupRateTests {

	private final VirtualTime time = new VirtualTime();

	private final LookupRate rate = new LookupRate(this.time);

	private int taken() {
		int taken = 0;
		while (this.rate.tryAcquire(10)) {
			taken++;
		}
		return taken;
	}

	@Test
	void theLimitOfASecondMayBeUsedAtOnceAndNotMore() {
		assertThat(taken()).isEqualTo(10);
		this.time.advance(Duration.ofMillis(250));
		assertThat(taken()).isEqualTo(2);
		this.time.advance(Duration.ofHours(1));
		assertThat(taken()).isEqualTo(10);
	}

}
