package dev.weir.reply;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.Test;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

class SilenceTimerTests {

	private final VirtualTime time = new VirtualTime();

	private final AtomicInteger silences = new AtomicInteger();

	private final SilenceTimer watch = new SilenceTimer(this.time.loop(), this.time,
			(limit) -> this.silences.incrementAndGet());

	@Test
	void silenceIsDetectedOnceAtTheLimit() {
		begin(100);
		this.time.advance(99);
		assertThat(this.silences).hasValue(0);
		this.time.advance(1);
		assertThat(this.silences).hasValue(1);
		this.time.advance(1000);
		assertThat(this.silences).hasValue(1);
	}

	@Test
	void timeWithoutExpectedBytesDoesNotCount() {
		begin(100);
		this.time.advance(60);
		this.watch.pause();
		this.time.advance(1000);
		begin(100);
		this.time.advance(99);
		assertThat(this.silences).hasValue(0);
		this.time.advance(1);
		assertThat(this.silences).hasValue(1);
	}

	@Test
	void beginningAgainDoesNotExtendTheLimit() {
		begin(100);
		this.time.advance(60);
		begin(100);
		this.time.advance(40);
		assertThat(this.silences).hasValue(1);
	}

	@Test
	void aShorterLimitAfterALongerOneIsKept() {
		begin(1000);
		this.watch.pause();
		begin(50);
		this.time.advance(50);
		assertThat(this.silences).hasValue(1);
	}

	@Test
	void aLongerLimitAfterAShorterOneIsKept() {
		begin(50);
		this.watch.pause();
		begin(1000);
		this.time.advance(999);
		assertThat(this.silences).hasValue(0);
		this.time.advance(1);
		assertThat(this.silences).hasValue(1);
	}

	@Test
	void aSteadyStreamSetsNoTimerForEachPiece() {
		for (int i = 0; i < 1000; i++) {
			begin(100);
			this.time.advance(1);
			this.watch.pause();
		}
		assertThat(this.silences).hasValue(0);
		assertThat(this.time.timersSet()).isLessThan(25);
	}

	@Test
	void nothingIsDetectedAfterItWasStopped() {
		begin(100);
		this.watch.stop();
		this.time.advance(1000);
		assertThat(this.silences).hasValue(0);
	}

	private void begin(long millis) {
		this.watch.begin(Duration.ofMillis(millis));
	}

}
