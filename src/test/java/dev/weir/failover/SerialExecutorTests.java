package dev.weir.failover;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class SerialExecutorTests {

	private static final int THREADS = 4;

	private static final int TASKS = 20_000;

	private final SerialExecutor turn = new SerialExecutor();

	@Test
	@Timeout(30)
	void tasksOfManyThreadsNeverMeetAndNoneIsLostOrOvertakesOneOfItsOwnThread() throws InterruptedException {
		List<List<Integer>> seen = new ArrayList<>();
		AtomicInteger running = new AtomicInteger();
		AtomicInteger meetings = new AtomicInteger();
		CountDownLatch ready = new CountDownLatch(THREADS);
		CountDownLatch done = new CountDownLatch(THREADS * TASKS);
		ExecutorService threads = Executors.newFixedThreadPool(THREADS);
		for (int i = 0; i < THREADS; i++) {
			List<Integer> own = new ArrayList<>();
			seen.add(own);
			threads.execute(() -> {
				ready.countDown();
				await(ready);
				for (int n = 0; n < TASKS; n++) {
					int number = n;
					this.turn.execute(() -> {
						if (running.incrementAndGet() != 1) {
							meetings.incrementAndGet();
						}
						own.add(number);
						running.decrementAndGet();
						done.countDown();
					});
				}
			});
		}
		assertThat(done.await(20, TimeUnit.SECONDS)).isTrue();
		threads.shutdown();
		assertThat(meetings).hasValue(0);
		assertThat(seen).allSatisfy((own) -> assertThat(own).hasSize(TASKS).isSorted());
	}

	@Test
	void aTaskOfATaskRunsBehindItOnTheSameThread() {
		List<String> ran = new ArrayList<>();
		this.turn.execute(() -> {
			this.turn.execute(() -> ran.add("inner"));
			ran.add("outer");
		});
		assertThat(ran).containsExactly("outer", "inner");
	}

	@Test
	@Timeout(30)
	void aTaskThatComesWhileAnotherRunsHoldsUpNobody() throws InterruptedException {
		CountDownLatch begun = new CountDownLatch(1);
		CountDownLatch release = new CountDownLatch(1);
		CountDownLatch second = new CountDownLatch(1);
		Thread busy = new Thread(() -> this.turn.execute(() -> {
			begun.countDown();
			await(release);
		}));
		busy.start();
		assertThat(begun.await(5, TimeUnit.SECONDS)).isTrue();
		this.turn.execute(second::countDown);
		assertThat(second.getCount()).isEqualTo(1);
		release.countDown();
		assertThat(second.await(5, TimeUnit.SECONDS)).isTrue();
		busy.join();
	}

	@Test
	void aTaskThatFailsStopsNoneOfTheOthers() {
		List<String> ran = new ArrayList<>();
		assertThatThrownBy(() -> this.turn.execute(() -> {
			this.turn.execute(() -> ran.add("behind"));
			throw new IllegalStateException("wrong");
		})).isInstanceOf(IllegalStateException.class);
		assertThat(ran).containsExactly("behind");
		this.turn.execute(() -> ran.add("later"));
		assertThat(ran).containsExactly("behind", "later");
	}

	private static void await(CountDownLatch latch) {
		try {
			if (!latch.await(10, TimeUnit.SECONDS)) {
				throw new IllegalStateException("Nobody came");
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
