package dev.weir.queue;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.testing.TestPools;
import dev.weir.request.RequestContext;
import dev.weir.testing.TestRequests;
import dev.weir.request.RequestLoop;
import dev.weir.backend.RequestTraits;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Requests on many event loops wait for few places. No timer ever fires, so a request
 * whose wake-up is lost waits forever and fails the test.
 */
class WaitQueuesConcurrencyTests {

	private static final int LOOPS = 6;

	// each round begins with free places and ends when all its requests are over, so
	// that no later event hides a lost wake-up
	private static final int ROUNDS = 1500;

	private static final int REQUESTS = 9;

	private final DefaultEventLoop[] loops = new DefaultEventLoop[LOOPS];

	private final ExecutorService thread = Executors.newSingleThreadExecutor();

	private final AtomicInteger served = new AtomicInteger();

	private final Pool pool = TestPools.pool(System::nanoTime, Map.of("max-waiting", "100000"),
			TestPools.backend("a", "max-concurrent=2"), TestPools.backend("b", "max-concurrent=1", "models.x=x"));

	private final WaitQueues queues = new WaitQueues(this.pool, new Timing(System::nanoTime, new WithoutTimers()),
			this.thread, FairOrder::new);

	WaitQueuesConcurrencyTests() {
		for (int i = 0; i < LOOPS; i++) {
			this.loops[i] = new DefaultEventLoop();
		}
		this.pool.onFree(this.queues::onFree);
	}

	@AfterEach
	void stop() {
		for (DefaultEventLoop loop : this.loops) {
			loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
		}
		this.thread.shutdownNow();
	}

	@Test
	void everyRequestIsServedOrHasLeftAndNoPlaceIsLost() throws InterruptedException {
		for (int round = 0; round < ROUNDS; round++) {
			CountDownLatch over = new CountDownLatch(REQUESTS);
			for (int i = 0; i < REQUESTS; i++) {
				Request request = new Request(round + i, over);
				request.loop.execute(request::begin);
				if (i % 4 == 0) {
					// in order to come at any time
					this.loops[(round + 2 * i + 1) % LOOPS].execute(() -> request.loop.execute(request::leave));
				}
			}
			assertThat(over.await(10, TimeUnit.SECONDS))
				.as(() -> over.getCount() + " requests are left, " + this.queues.waiting() + " of them wait")
				.isTrue();
		}
		for (DefaultEventLoop loop : this.loops) {
			assertThat(loop.shutdownGracefully(0, 10, TimeUnit.SECONDS).await(10, TimeUnit.SECONDS)).isTrue();
		}
		assertThat(this.served.get()).isGreaterThanOrEqualTo(ROUNDS * REQUESTS * 2 / 3);
		assertThat(this.queues.waiting()).isZero();
		assertThat(this.queues.size()).isZero();
		assertThat(this.pool.backends()).allSatisfy((backend) -> assertThat(backend.inFlight()).isZero());
	}

	/** Stands for the attempt loop, with a load balancer that takes the first lane. */
	private final class Request {

		private final EventLoop loop;

		private final CountDownLatch over;

		private final RequestContext request;

		private final Disposable.Swap waiting = Disposables.swap();

		private final AtomicBoolean ended = new AtomicBoolean();

		private final long arrival = WaitQueuesConcurrencyTests.this.queues.nextArrival();

		Request(int number, CountDownLatch over) {
			this.over = over;
			this.loop = WaitQueuesConcurrencyTests.this.loops[number % LOOPS];
			this.request = TestRequests.begin(WaitQueuesConcurrencyTests.this.pool,
					WaitQueuesConcurrencyTests.this.pool.lanes((number % 3 == 0) ? "y" : "x"), RequestTraits.UNKNOWN,
					System::nanoTime, new RequestLoop.OfEventLoop(this.loop));
		}

		void begin() {
			if (WaitQueuesConcurrencyTests.this.queues.isWaitedFor(this.request.failover().candidates().remaining())) {
				waitForLane();
			}
			else {
				choose();
			}
		}

		private void choose() {
			if (this.request.failover().candidates().remaining().stream().anyMatch(this.request.failover()::tryBegin)) {
				this.loop.execute(() -> {
					this.request.failover().attempts().end(new Outcome.Served(200));
					end(WaitQueuesConcurrencyTests.this.served);
				});
			}
			else {
				this.request.failover().candidates().beginChoice();
				waitForLane();
			}
		}

		private void waitForLane() {
			this.waiting.update(
					WaitQueuesConcurrencyTests.this.queues.await(this.request, this.arrival, Duration.ofHours(1), true)
						.subscribe((free) -> choose()));
		}

		void leave() {
			this.request.release();
			this.waiting.dispose();
			end(new AtomicInteger());
		}

		private void end(AtomicInteger count) {
			if (this.ended.compareAndSet(false, true)) {
				count.incrementAndGet();
				this.over.countDown();
			}
		}

	}

	/** Runs tasks, but no timers. */
	private static final class WithoutTimers implements Scheduler {

		@Override
		public Disposable schedule(Runnable task) {
			return Schedulers.parallel().schedule(task);
		}

		@Override
		public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
			return Disposables.single();
		}

		@Override
		public Worker createWorker() {
			return Schedulers.parallel().createWorker();
		}

	}

}
