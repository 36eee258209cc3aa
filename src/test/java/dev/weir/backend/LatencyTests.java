package dev.weir.backend;

import java.time.Duration;

import org.junit.jupiter.api.Test;

import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

class LatencyTests {

	private static final Duration DECAY = Duration.ofSeconds(10);

	private final VirtualTime time = new VirtualTime();

	private final Latency latency = new Latency(this.time);

	@Test
	void isUnknownBeforeTheFirstResponse() {
		assertThat(this.latency.average()).isNull();
	}

	@Test
	void aLaneWithoutAResponseIsTriedByOneRequestAtATime() {
		assertThat(this.latency.expected()).isZero();
		this.latency.onWaitStart();
		assertThat(this.latency.expected()).isEqualTo(1e9);
		this.latency.onWaitEnd();
		assertThat(this.latency.expected()).isZero();
	}

	@Test
	void aSlowerResponseCountsAtOnce() {
		took(100);
		took(700);
		assertThat(this.latency.average()).isEqualTo(Duration.ofMillis(700));
	}

	@Test
	void fasterResponsesCountMoreTheMoreTimeHasPassed() {
		took(1000);
		took(200);
		assertThat(this.latency.average()).isEqualTo(Duration.ofMillis(1000));
		this.time.advance(DECAY);
		took(200);
		// 200 + 800 / e
		assertThat(millis()).isCloseTo(494.3, within(0.1));
		this.time.advance(DECAY.multipliedBy(10));
		took(200);
		assertThat(millis()).isCloseTo(200, within(0.1));
	}

	@Test
	void dependsOnTimeAndNotOnTheNumberOfResponses() {
		took(1000);
		for (int i = 0; i < 1000; i++) {
			this.time.advance(DECAY.dividedBy(1000));
			took(200);
		}
		assertThat(millis()).isCloseTo(494.3, within(0.1));
	}

	@Test
	void anIdleLaneIsExpectedToBeFasterWithTimeUntilARequestTriesIt() {
		took(8000);
		this.time.advance(DECAY.multipliedBy(4));
		assertThat(this.latency.expected() / 1e6).isCloseTo(8000 * Math.exp(-4), within(0.1));
		this.latency.onWaitStart();
		assertThat(this.latency.expected() / 1e6).isEqualTo(8000);
		this.latency.onWaitEnd();
	}

	@Test
	void anAttemptWithoutAResponseNeverLowersIt() {
		took(2000);
		this.time.advance(Duration.ofSeconds(1));
		this.latency.recordAtLeast(Duration.ofMillis(3).toNanos());
		assertThat(this.latency.average()).isEqualTo(Duration.ofMillis(2000));
		this.latency.recordAtLeast(Duration.ofMillis(5000).toNanos());
		assertThat(this.latency.average()).isEqualTo(Duration.ofMillis(5000));
	}

	@Test
	void anAttemptWithoutAResponseIsNotFastIfNothingIsKnown() {
		this.latency.recordAtLeast(Duration.ofMillis(3).toNanos());
		assertThat(this.latency.average()).isNull();
		this.latency.recordAtLeast(Latency.ASSUMED.toNanos());
		assertThat(this.latency.average()).isEqualTo(Latency.ASSUMED);
	}

	@Test
	void keepsTheSlowestOfConcurrentResponses() {
		for (int i = 0; i < 1000; i++) {
			long slow = Duration.ofMillis(1000 + i).toNanos();
			Crowd.each(java.util.List.of(1L, 2L, slow, 3L), this.latency::record);
			assertThat(millis()).isEqualTo(1000 + i);
		}
	}

	private void took(long millis) {
		this.latency.record(Duration.ofMillis(millis).toNanos());
	}

	private double millis() {
		Duration average = this.latency.average();
		assertThat(average).isNotNull();
		return average.toNanos() / 1e6;
	}

}
