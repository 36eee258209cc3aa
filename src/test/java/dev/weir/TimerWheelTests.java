package dev.weir;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.scheduler.Schedulers;
import reactor.test.scheduler.VirtualTimeScheduler;

import static org.assertj.core.api.Assertions.assertThat;

class TimerWheelTests {

	private final VirtualTimeScheduler exact = VirtualTimeScheduler.create();

	private final TimerWheel wheel = new TimerWheel(this.exact);

	@AfterEach
	void stop() {
		this.wheel.dispose();
	}

	@Test
	void shortWaitsAreExact() {
		AtomicInteger runs = new AtomicInteger();
		this.wheel.schedule(runs::incrementAndGet, 999, TimeUnit.MILLISECONDS);
		this.exact.advanceTimeBy(Duration.ofMillis(998));
		assertThat(runs).hasValue(0);
		this.exact.advanceTimeBy(Duration.ofMillis(1));
		assertThat(runs).hasValue(1);
	}

	@Test
	void aLongWaitIsNeverTooShort() throws Exception {
		TimerWheel real = new TimerWheel(Schedulers.parallel());
		CountDownLatch due = new CountDownLatch(1);
		long begin = System.nanoTime();
		Disposable wait = real.schedule(due::countDown, 1, TimeUnit.SECONDS);
		assertThat(wait.isDisposed()).isFalse();
		assertThat(due.await(20, TimeUnit.SECONDS)).isTrue();
		assertThat(System.nanoTime() - begin).isGreaterThanOrEqualTo(TimerWheel.LONG.toNanos());
		assertThat(wait.isDisposed()).isTrue();
		real.dispose();
	}

	@Test
	void aLongWaitThatIsGivenUpHoldsNothing() {
		AtomicInteger runs = new AtomicInteger();
		Disposable wait = this.wheel.schedule(runs::incrementAndGet, 1, TimeUnit.HOURS);
		wait.dispose();
		assertThat(wait.isDisposed()).isTrue();
		assertThat(wait).hasToString("null");
		assertThat(runs).hasValue(0);
	}

}
