package dev.weir.failover;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import org.springframework.mock.http.server.reactive.MockServerHttpResponse;

import dev.weir.backend.Attempt;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import dev.weir.memory.BufferBudget;
import dev.weir.openai.body.RequestBody;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.call.ApiPath;
import dev.weir.queue.PoolWaitQueues;
import dev.weir.queue.Timing;
import dev.weir.request.Reply;
import dev.weir.request.RequestContext;
import dev.weir.request.RequestListener;
import dev.weir.request.RequestLoop;
import dev.weir.response.BackendResponse;
import dev.weir.response.FakeConnection;
import dev.weir.testing.Bodies;
import dev.weir.testing.TestPools;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Many real event loops, and responses from connections of other loops that arrive
 * exactly when the time for them ends: each request gets one reply, each attempt ends
 * once, no connection is left open, and everything of a request happens on its own loop.
 */
class TimeoutRaceTests {

	private static final int LOOPS = 6;

	private static final int REQUESTS = 4_000;

	private static final int AT_ONCE = 200;

	private static final Duration RELEASE_LIMIT = Duration.ofSeconds(10);

	private static final Duration LIMIT = Duration.ofMillis(20);

	private static final String EVENT = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},"
			+ "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

	private final EventLoop[] loops = new EventLoop[LOOPS];

	private final Queue<String> violations = new ConcurrentLinkedQueue<>();

	private final AtomicInteger served = new AtomicInteger();

	private final AtomicInteger late = new AtomicInteger();

	TimeoutRaceTests() {
		for (int i = 0; i < LOOPS; i++) {
			this.loops[i] = new DefaultEventLoop();
		}
	}

	@AfterEach
	void stop() {
		for (EventLoop loop : this.loops) {
			loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
		}
	}

	@ParameterizedTest
	@EnumSource
	void aResponseThatArrivesExactlyAtTheLimitIsRelayedOrReleasedOnce(Race race) throws InterruptedException {
		Pools pools = TestPools.pools(System::nanoTime,
				Map.of("deadline", LIMIT.toMillis() + "ms", "response-timeout", "1m", "first-event-timeout", "1m"),
				TestPools.backend("a"));
		Pool pool = pools.all().iterator().next();
		// an open breaker would keep requests from racing
		pool.backends().get(0).breaker().transitionToDisabledState();
		PoolWaitQueues queues = new PoolWaitQueues(pools, new Timing(System::nanoTime, Schedulers.parallel()),
				Runnable::run);
		Failover failover = new Failover(pools, queues, new BufferBudget(64 * 1024 * 1024, System::nanoTime),
				InstantSource.system());
		CountDownLatch over = new CountDownLatch(REQUESTS);
		Semaphore places = new Semaphore(AT_ONCE);
		for (int i = 0; i < REQUESTS; i++) {
			places.acquire();
			EventLoop loop = this.loops[i % LOOPS];
			EventLoop other = this.loops[(i + 1 + i / LOOPS % (LOOPS - 1)) % LOOPS];
			loop.execute(() -> new Request(race, pool, loop, other, () -> {
				places.release();
				over.countDown();
			}).send(failover));
		}
		assertThat(over.await(60, TimeUnit.SECONDS)).as(() -> over.getCount() + " requests never ended").isTrue();
		assertThat(this.violations).isEmpty();
		assertThat(this.served.get() + this.late.get()).isEqualTo(REQUESTS);
		// otherwise no response arrived at the limit
		assertThat(this.served.get()).isPositive();
		assertThat(this.late.get()).isPositive();
		assertThat(pool.backends().get(0).inFlight()).isZero();
	}

	/** The event that arrives at the limit. */
	private enum Race {

		HEAD, FIRST_EVENT, CLIENT_LEAVES

	}

	/** One request and its observed events. */
	private final class Request implements RequestListener {

		private final Race race;

		private final EventLoop loop;

		private final EventLoop other;

		private final Runnable onOver;

		private final RequestContext context;

		private final FakeConnection connection = new FakeConnection();

		private final MockServerHttpResponse client = new MockServerHttpResponse();

		private volatile boolean arrived;

		private int ends;

		private boolean over;

		Request(Race race, Pool pool, EventLoop loop, EventLoop other, Runnable onOver) {
			this.race = race;
			this.loop = loop;
			this.other = other;
			this.onOver = onOver;
			this.context = new RequestContext("r", new RequestLoop.OfEventLoop(loop), System::nanoTime, List.of(this));
			this.context.onRouted(pool);
			byte[] body = ("{\"model\":\"gpt-4o\",\"stream\":" + (race == Race.FIRST_EVENT) + "}")
				.getBytes(StandardCharsets.UTF_8);
			this.context.onCallRead(new ApiCall(ApiPath.parse("POST", "/v1/chat/completions", null), "gpt-4o",
					RequestBody.of(body, "application/json"), true));
		}

		void send(Failover failover) {
			Disposable subscription = failover.run(this.context, false, this::call, this.client)
				.then(Mono.defer(this::write))
				.subscribe((nothing) -> {
				}, (error) -> end("error " + error), () -> end(null));
			if (this.race == Race.CLIENT_LEAVES) {
				this.loop.schedule(() -> {
					subscription.dispose();
					end(null);
				}, atTheLimit(), TimeUnit.NANOSECONDS);
			}
		}

		private Mono<BackendResponse> call(RequestContext request) {
			request.failover().tryBegin(request.failover().candidates().lanes().get(0));
			request.failover().attempts().requireCurrent().onSendStart();
			Mono<BackendResponse> head = Mono.create((sink) -> {
				// as Reactor Netty does
				sink.onCancel(this.connection);
				if (this.race == Race.FIRST_EVENT) {
					this.other.execute(() -> sink.success(response("text/event-stream", -1)));
					this.other.schedule(() -> {
						this.connection.send(EVENT);
						this.connection.end();
					}, atTheLimit(), TimeUnit.NANOSECONDS);
					return;
				}
				this.other.schedule(() -> {
					this.connection.send(Bodies.COMPLETION);
					this.connection.end();
					sink.success(response("application/json", Bodies.COMPLETION.length()));
				}, atTheLimit(), TimeUnit.NANOSECONDS);
			});
			return request.loop().deliver(head, BackendResponse::dispose).doOnNext(request::discardOnRelease);
		}

		/** Around the deadline, since no clock hits it exactly. */
		private long atTheLimit() {
			return LIMIT.toNanos() + ThreadLocalRandom.current().nextLong(-400_000, 400_000);
		}

		private BackendResponse response(String type, int length) {
			this.arrived = true;
			HttpHeaders received = new DefaultHttpHeaders();
			received.set(HttpHeaderNames.CONTENT_TYPE, type);
			org.springframework.http.HttpHeaders passed = new org.springframework.http.HttpHeaders();
			passed.set("content-type", type);
			if (length >= 0) {
				received.set(HttpHeaderNames.CONTENT_LENGTH, length);
				passed.setContentLength(length);
			}
			return new BackendResponse(200, received, passed, this.connection, this.context.loop());
		}

		private Mono<Void> write() {
			Reply reply = this.context.reply();
			return (reply != null) ? reply.writeTo(this.client) : Mono.error(new IllegalStateException("No reply"));
		}

		@Override
		public void onAttemptEnd(RequestContext request, Attempt attempt, Outcome outcome, Duration duration) {
			this.ends++;
			check(this.loop.inEventLoop(), "an attempt ended on another thread");
		}

		private void end(@Nullable String error) {
			check(this.loop.inEventLoop(), "the request ended on another thread");
			if (this.over) {
				return;
			}
			this.over = true;
			check(error == null, String.valueOf(error));
			this.context.release();
			boolean whole = this.client.getStatusCode() != null && this.client.getStatusCode().value() == 200;
			(whole ? TimeoutRaceTests.this.served : TimeoutRaceTests.this.late).incrementAndGet();
			awaitRelease(whole, System.nanoTime() + RELEASE_LIMIT.toNanos());
		}

		/**
		 * Late responses need a moment to be released, on a busy machine a longer one.
		 */
		private void awaitRelease(boolean whole, long end) {
			this.loop.schedule(() -> {
				boolean released = whole || this.connection.isGone() || !this.arrived;
				if (!released && System.nanoTime() - end < 0) {
					awaitRelease(whole, end);
					return;
				}
				// a busy machine may not even begin an attempt in time
				int attempts = this.context.failover().attempts().count();
				check(this.ends == attempts, attempts + " attempts ended " + this.ends + " times");
				check(released, "the connection of a response that was not relayed is open");
				this.onOver.run();
			}, 3 * LIMIT.toMillis(), TimeUnit.MILLISECONDS);
		}

		private void check(boolean holds, String violation) {
			if (!holds) {
				TimeoutRaceTests.this.violations.add(violation);
			}
		}

	}

}
