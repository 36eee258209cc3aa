package dev.weir;

import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
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
import static org.awaitility.Awaitility.await;

class TimerWheelTests {

	private final VirtualTimeScheduler exact = VirtualTimeScheduler.create();

	private final TimerWheel wheel = new TimerWheel(this.exact);

	@AfterEach
	void stop() {
		this.wheel.dispose();
	}

	@Test
	void aShortDelayIsExact() {
		AtomicInteger runs = new AtomicInteger();
		this.wheel.schedule(runs::incrementAndGet, 999, TimeUnit.MILLISECONDS);
		this.exact.advanceTimeBy(Duration.ofMillis(998));
		assertThat(runs).hasValue(0);
		this.exact.advanceTimeBy(Duration.ofMillis(1));
		assertThat(runs).hasValue(1);
	}

	@Test
	void aLongDelayIsNeverTooShort() throws Exception {
		TimerWheel real = new TimerWheel(Schedulers.parallel());
		CountDownLatch due = new CountDownLatch(1);
		long begin = System.nanoTime();
		Disposable delay = real.schedule(due::countDown, 1, TimeUnit.SECONDS);
		assertThat(delay.isDisposed()).isFalse();
		assertThat(due.await(20, TimeUnit.SECONDS)).isTrue();
		assertThat(System.nanoTime() - begin).isGreaterThanOrEqualTo(TimerWheel.LONG.toNanos());
		assertThat(delay.isDisposed()).isTrue();
		real.dispose();
	}

	@Test
	void aCancelledLongDelayReleasesItsTask() {
		Object[] request = { new Object() };
		WeakReference<Object> reference = new WeakReference<>(request[0]);
		Disposable delay = this.wheel.schedule(request[0]::hashCode, 1, TimeUnit.HOURS);
		request[0] = null;
		delay.dispose();
		assertThat(delay.isDisposed()).isTrue();
		await().until(() -> {
			System.gc();
			return reference.get() == null;
		});
		Reference.reachabilityFence(delay);
	}

}
