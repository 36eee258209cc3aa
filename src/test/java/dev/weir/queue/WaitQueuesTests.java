package dev.weir.queue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;

import dev.weir.backend.Attempt;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.backend.RequestTraits;
import dev.weir.openai.call.Operation;
import dev.weir.testing.Outcomes;
import dev.weir.testing.TestPools;
import dev.weir.request.RequestContext;
import dev.weir.testing.TestRequests;
import dev.weir.testing.VirtualTime;
import dev.weir.failover.OneByOne;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A request that is woken takes the first free lane, like a load balancer. More than 400
 * lines: behaviour and cost are tested with the same queues, requests and counters.
 */
class WaitQueuesTests {

	private final VirtualTime time = new VirtualTime();

	private final AtomicLong ticksRead = new AtomicLong();

	private final AtomicLong orderCalls = new AtomicLong();

	private final Pool pool = TestPools.pool(this::ticks, Map.of("max-waiting", "2000"), TestPools.backend("a"),
			TestPools.backend("b", "models.o3=o3", "max-concurrent=1"));

	private final WaitQueues queues = queues(this.pool);

	private final List<String> events = new ArrayList<>();

	private final Map<String, RequestContext> requests = new HashMap<>();

	@Test
	void aRequestThatNeedNotWaitContinuesAtOnce() {
		await("first", "free", 1000);
		assertThat(this.events).containsExactly("first on a/free");
		assertThat(this.queues.waiting()).isZero();
		assertThat(this.queues.size()).isZero();
	}

	@Test
	void aRequestContinuesWhenTheLaneIsFreeAndNotBefore() {
		throttle(lane("gpt-4o"), 300);
		await("first", "gpt-4o", 1000);
		this.time.advance(299);
		assertThat(this.events).isEmpty();
		assertThat(this.queues.waiting()).isEqualTo(1);
		this.time.advance(1);
		assertThat(this.events).containsExactly("first on a/gpt-4o");
		assertThat(this.queues.waiting()).isZero();
		assertThat(this.queues.size()).isZero();
	}

	@Test
	void aFreePlaceWakesTheFirstRequestOnly() {
		Attempt running = lane("o3", 1).tryBegin();
		throttle(lane("o3"), 60_000);
		await("first", "o3", 5000);
		await("second", "o3", 5000);
		await("third", "o3", 5000);
		assertThat(this.events).isEmpty();
		running.end(new Outcome.Served(200));
		assertThat(this.events).containsExactly("first on b/o3");
		end("first");
		assertThat(this.events).containsExactly("first on b/o3", "second on b/o3");
		end("second");
		assertThat(this.events).containsExactly("first on b/o3", "second on b/o3", "third on b/o3");
	}

	@Test
	void aRequestDoesNotWaitForRequestsOfOtherLanes() {
		throttle(lane("gpt-4o"), 300);
		await("first", "gpt-4o", 1000);
		await("second", "free", 1000);
		assertThat(this.events).containsExactly("second on a/free");
		assertThat(this.queues.isWaitedFor(this.pool.lanes("gpt-4o"))).isTrue();
		assertThat(this.queues.isWaitedFor(this.pool.lanes("free"))).isFalse();
	}

	@Test
	void aWaitEndsAtTheEndOfItsTimeAtTheLatest() {
		throttle(lane("gpt-4o"), 2000);
		await("first", "gpt-4o", 200);
		this.time.advance(199);
		assertThat(this.events).isEmpty();
		await("second", "gpt-4o", 500);
		this.time.advance(1);
		assertThat(this.events).containsExactly("first must not", "second must not");
		assertThat(this.queues.waiting()).isZero();
	}

	@Test
	void eachOfManyWaitsThatCannotBeServedEnds() {
		throttle(lane("gpt-4o"), 2000);
		for (int i = 0; i < 100; i++) {
			await("it", "gpt-4o", 200);
		}
		this.time.advance(200);
		assertThat(this.events).hasSize(100).containsOnly("it must not");
	}

	@Test
	void aLaneThatIsThrottledAgainWakesNoRequest() {
		Attempt late = lane("gpt-4o").tryBegin();
		throttle(lane("gpt-4o"), 100);
		await("first", "gpt-4o", 1000);
		late.end(new Outcome.Throttled(Duration.ofMillis(400)));
		this.time.advance(399);
		assertThat(this.events).isEmpty();
		this.time.advance(1);
		assertThat(this.events).containsExactly("first on a/gpt-4o");
	}

	@Test
	void aFullQueueRefusesARequestUnlessALaneIsFree() {
		WaitQueues small = queues(TestPools.pool(this::ticks, Map.of("max-waiting", "1"), TestPools.backend("a")));
		Pool other = TestPools.pool(this::ticks, Map.of("max-waiting", "1"), TestPools.backend("a"));
		WaitQueues bounded = queues(other);
		throttle(other.lanes("gpt-4o").get(0), 300);
		throttle(other.lanes("o3").get(0), 300);
		await(bounded, "first", TestRequests.begin(other, other.lanes("gpt-4o"), this::ticks), 1000);
		await(bounded, "second", TestRequests.begin(other, other.lanes("gpt-4o"), this::ticks), 1000);
		await(bounded, "third", TestRequests.begin(other, other.lanes("o3"), this::ticks), 1000);
		await(bounded, "fourth", TestRequests.begin(other, other.lanes("free"), this::ticks), 1000);
		assertThat(this.events).containsExactly("second must not", "third must not", "fourth on a/free");
		assertThat(bounded.waiting()).isEqualTo(1);
		assertThat(small.waiting()).isZero();
	}

	@Test
	void aClientThatLeavesFreesItsPlace() {
		throttle(lane("gpt-4o"), 300);
		await("first", "gpt-4o", 1000);
		Disposable second = await("second", "gpt-4o", 1000);
		await("third", "gpt-4o", 1000);
		second.dispose();
		assertThat(this.queues.waiting()).isEqualTo(2);
		this.time.advance(300);
		assertThat(this.events).containsExactly("first on a/gpt-4o");
		end("first");
		assertThat(this.events).containsExactly("first on a/gpt-4o", "third on a/gpt-4o");
	}

	@Test
	void aClientThatLeavesBeforeItJoinsTakesNoPlace() {
		throttle(lane("gpt-4o"), 300);
		this.queues.await(begin("gpt-4o"), 1, Duration.ofSeconds(1), true).subscribe(new BaseSubscriber<>() {

			@Override
			protected void hookOnSubscribe(Subscription subscription) {
				subscription.cancel();
			}

		});
		assertThat(this.queues.waiting()).isZero();
		assertThat(this.queues.size()).isZero();
	}

	@Test
	void aWokenRequestThatBeginsNoAttemptWakesTheNext() {
		Attempt running = lane("o3", 1).tryBegin();
		throttle(lane("o3"), 60_000);
		this.queues.await(begin("o3"), this.queues.nextArrival(), Duration.ofSeconds(5), true)
			.subscribe((free) -> this.events.add("first does nothing"));
		await("second", "o3", 5000);
		running.end(new Outcome.Served(200));
		assertThat(this.events).containsExactly("first does nothing", "second on b/o3");
	}

	@Test
	void onlyFewRequestsInARowAreWokenIfNoneBeginsAnAttempt() {
		Attempt running = lane("o3", 1).tryBegin();
		throttle(lane("o3"), 60_000);
		for (int i = 0; i < 20; i++) {
			this.queues.await(begin("o3"), this.queues.nextArrival(), Duration.ofSeconds(5), true)
				.subscribe((free) -> this.events.add("nothing"));
		}
		running.end(new Outcome.Served(200));
		assertThat(this.events).hasSize(4);
		this.time.advance(50);
		assertThat(this.events).hasSize(8);
	}

	@Test
	void aRequestThatWaitsAgainKeepsItsPlace() {
		throttle(lane("gpt-4o"), 300);
		long first = this.queues.nextArrival();
		await("second", "gpt-4o", 1000);
		subscribe(this.queues, "first", begin("gpt-4o"), first, 1000, true);
		this.time.advance(300);
		assertThat(this.events).containsExactly("first on a/gpt-4o");
	}

	@Test
	void aRequestWaitsOnlyForLanesThatItHasNotTriedAndDelaysNoOther() {
		throttle(lane("o3"), 100);
		Attempt running = lane("o3", 1).tryBegin();
		RequestContext tried = begin("o3");
		this.time.advance(100);
		assertThat(tried.failover().tryBegin(lane("o3"))).isTrue();
		tried.failover().attempts().end(new Outcome.Throttled(Duration.ofMillis(100)));
		await(this.queues, "tried a", tried, 5000);
		await("new", "o3", 5000);
		assertThat(this.queues.size()).isEqualTo(2);
		this.time.advance(100);
		assertThat(this.events).containsExactly("new on a/o3");
		running.end(new Outcome.Served(200));
		assertThat(this.events).containsExactly("new on a/o3", "tried a on b/o3");
	}

	@Test
	void queuesThatShareABackendAreServedInTurnHoweverManyWaitInOne() {
		Pool shared = TestPools.pool(this::ticks, TestPools.backend("a", "max-concurrent=1"));
		WaitQueues both = queues(shared);
		Attempt running = shared.lanes("x").get(0).tryBegin();
		for (String name : List.of("x1", "x2", "x3", "x4", "y1", "y2")) {
			await(both, name, TestRequests.begin(shared, shared.lanes(name.substring(0, 1)), this::ticks), 10_000);
		}
		running.end(new Outcome.Cancelled());
		for (String name : List.of("x1", "y1", "x2", "y2", "x3")) {
			end(name);
		}
		assertThat(this.events).containsExactly("x1 on a/x", "y1 on a/y", "x2 on a/x", "y2 on a/y", "x3 on a/x",
				"x4 on a/x");
	}

	@Test
	void aLaneThatLooksFreeButRefusesIsTriedAgainLater() {
		subscribe(this.queues, "first", begin("free"), 1, 1000, false);
		assertThat(this.events).isEmpty();
		this.time.advance(50);
		assertThat(this.events).containsExactly("first on a/free");
	}

	@Test
	void theQueuePollsIfTheTimeUntilALaneIsFreeIsUnknown() {
		Lane lane = lane("gpt-4o");
		lane.backend().breaker().transitionToForcedOpenState();
		this.pool.onFree((backend) -> {
		});
		await("first", "gpt-4o", 1000);
		this.time.advance(120);
		lane.backend().breaker().transitionToClosedState();
		assertThat(this.events).isEmpty();
		this.time.advance(50);
		assertThat(this.events).containsExactly("first on a/gpt-4o");
		assertThat(this.time.timersSet()).isLessThan(6);
	}

	@Test
	void theEndOfACooldownWakesARequestWhileAnotherLaneIsBusyForAnUnknownTime() {
		lane("o3", 1).tryBegin();
		throttle(lane("o3"), 70);
		await("first", "o3", 1000);
		this.time.advance(69);
		assertThat(this.events).isEmpty();
		this.time.advance(1);
		assertThat(this.events).containsExactly("first on a/o3");
	}

	@Test
	void aRequestChoosesAgainWhenItsOperationIsNoLongerSetAsideOnALane() {
		Pool some = TestPools.pool(this::ticks, Map.of("cooldown.refusal", "300ms"), TestPools.backend("a"),
				TestPools.backend("b", "max-concurrent=1"));
		WaitQueues waits = queues(some);
		RequestTraits traits = new RequestTraits(Operation.RESPONSES, 0, () -> 0, false, false);
		RequestContext refused = TestRequests.begin(some, some.lanes("o3"), traits, this::ticks);
		refused.failover().tryBegin(some.lanes("o3").get(0));
		refused.failover().attempts().end(Outcomes.notServed(Outcome.Scope.OPERATION));
		Attempt running = some.lanes("o3").get(1).tryBegin();
		await(waits, "first", TestRequests.begin(some, some.lanes("o3"), traits, this::ticks), 1000);
		await(waits, "tried a", refused, 1000);
		this.time.advance(299);
		assertThat(this.events).isEmpty();
		this.time.advance(1);
		assertThat(this.events).containsExactly("first on a/o3");
		assertThat(waits.waiting()).isEqualTo(1);
		running.end(new Outcome.Served(200));
		assertThat(this.events).containsExactly("first on a/o3", "tried a on b/o3");
	}

	@Test
	void aBreakerThatClosesWakesARequest() {
		Lane lane = lane("gpt-4o");
		lane.backend().breaker().transitionToForcedOpenState();
		await("first", "gpt-4o", 1000);
		lane.backend().breaker().transitionToClosedState();
		assertThat(this.events).containsExactly("first on a/gpt-4o");
	}

	@Test
	void c23ACallOfAnotherModelTouchesNoneOfAThousandThatWait() {
		throttle(lane("gpt-4o"), 60_000);
		waitFor("gpt-4o", 1000);
		long calls = this.orderCalls.get();
		long timers = this.time.timersSet();
		for (int i = 0; i < 100; i++) {
			assertThat(this.queues.isWaitedFor(this.pool.lanes("free"))).isFalse();
			Attempt attempt = lane("free").tryBegin();
			attempt.onResponseStart();
			attempt.end(new Outcome.Served(200));
		}
		assertThat(this.orderCalls.get()).isEqualTo(calls);
		assertThat(this.time.timersSet()).isEqualTo(timers);
		assertThat(this.queues.waiting()).isEqualTo(1000);
	}

	@Test
	void c23AnArrivalCostsTheSameHoweverManyWait() {
		throttle(lane("gpt-4o"), 60_000);
		waitFor("gpt-4o", 10);
		Cost few = cost(() -> await("few", "gpt-4o", 120_000));
		waitFor("gpt-4o", 1000);
		assertThat(cost(() -> await("many", "gpt-4o", 120_000))).isEqualTo(few);
		assertThat(few.orderCalls()).isLessThan(5);
		assertThat(few.ticksRead()).isLessThan(20);
	}

	@Test
	void c23AClientThatLeavesCostsTheSameHoweverManyWait() {
		throttle(lane("gpt-4o"), 60_000);
		waitFor("gpt-4o", 10);
		Disposable one = await("one", "gpt-4o", 120_000);
		Cost few = cost(one::dispose);
		waitFor("gpt-4o", 1000);
		Disposable other = await("other", "gpt-4o", 120_000);
		assertThat(cost(other::dispose)).isEqualTo(few);
		assertThat(few.ticksRead()).isLessThan(5);
	}

	@Test
	void c23ServingTheNextCostsTheSameHoweverManyWait() {
		Attempt running = lane("o3", 1).tryBegin();
		throttle(lane("o3"), 60_000);
		waitFor("o3", 1000);
		Cost many = cost(() -> running.end(new Outcome.Cancelled()));
		assertThat(this.events).hasSize(1);
		for (int left = 999; left > 10; left--) {
			this.requests.get("it").failover().attempts().end(new Outcome.Cancelled());
		}
		assertThat(this.queues.waiting()).isEqualTo(10);
		assertThat(cost(() -> this.requests.get("it").failover().attempts().end(new Outcome.Cancelled())))
			.isEqualTo(many);
		assertThat(many.orderCalls()).isLessThan(5);
		assertThat(many.ticksRead()).isLessThan(40);
	}

	@Test
	void c23ServingTheNextCostsTheSameForHoweverManyModelsRequestsWait() {
		assertThat(costOfServingOneOf(500)).isEqualTo(costOfServingOneOf(5));
		assertThat(this.events).containsExactly("it on a/m0", "it on a/m0");
	}

	private Cost costOfServingOneOf(int models) {
		Pool full = TestPools.pool(this::ticks, Map.of("max-waiting", "2000"),
				TestPools.backend("a", "max-concurrent=1"));
		WaitQueues all = queues(full);
		for (int i = 0; i < models; i++) {
			// a lane after a cooldown reads the time at each check
			throttle(full.lanes("m" + i).get(0), 1);
		}
		this.time.advance(1);
		Attempt running = full.lanes("free").get(0).tryBegin();
		for (int i = 0; i < models; i++) {
			await(all, "it", TestRequests.begin(full, full.lanes("m" + i), this::ticks), 120_000);
		}
		Cost cost = cost(() -> running.end(new Outcome.Cancelled()));
		assertThat(all.waiting()).isEqualTo(models - 1);
		return cost;
	}

	private Cost cost(Runnable action) {
		long ticks = this.ticksRead.get();
		long calls = this.orderCalls.get();
		long timers = this.time.timersSet();
		action.run();
		return new Cost(this.ticksRead.get() - ticks, this.orderCalls.get() - calls, this.time.timersSet() - timers);
	}

	private void waitFor(String model, int count) {
		for (int i = 0; i < count; i++) {
			await("it", model, 120_000);
		}
	}

	private Disposable await(String name, String model, long millis) {
		return await(this.queues, name, begin(model), millis);
	}

	private Disposable await(WaitQueues where, String name, RequestContext request, long millis) {
		return subscribe(where, name, request, where.nextArrival(), millis, true);
	}

	private Disposable subscribe(WaitQueues where, String name, RequestContext request, long arrival, long millis,
			boolean ask) {
		return where.await(request, arrival, Duration.ofMillis(millis), ask).subscribe((free) -> {
			if (!free) {
				this.events.add(name + " must not");
				return;
			}
			request.failover()
				.candidates()
				.remaining()
				.stream()
				.filter(request.failover()::tryBegin)
				.findFirst()
				.ifPresent((lane) -> {
					this.requests.put(name, request);
					this.events.add(name + " on " + lane);
				});
		});
	}

	private void end(String name) {
		this.requests.get(name).failover().attempts().end(new Outcome.Served(200));
	}

	private WaitQueues queues(Pool of) {
		WaitQueues made = new WaitQueues(of, new Timing(this::ticks, this.time.timing().timers()), new OneByOne(),
				(share) -> new CountingOrder(this.orderCalls, new FairOrder(share)));
		of.onFree(made::onFree);
		return made;
	}

	private long ticks() {
		this.ticksRead.incrementAndGet();
		return this.time.read();
	}

	private RequestContext begin(String model) {
		return TestRequests.begin(this.pool, this.pool.lanes(model), this::ticks);
	}

	private Lane lane(String model) {
		return lane(model, 0);
	}

	private Lane lane(String model, int index) {
		return this.pool.lanes(model).get(index);
	}

	private static void throttle(Lane lane, long millis) {
		lane.tryBegin().end(new Outcome.Throttled(Duration.ofMillis(millis)));
	}

	/**
	 * The cost of an operation: how often the time was read, as every check of a lane
	 * does, how often a queue's order was used, and how many timers were set.
	 */
	private record Cost(long ticksRead, long orderCalls, long timersSet) {
	}

	/** Counts how often it is used. */
	private record CountingOrder(AtomicLong calls, WaitOrder order) implements WaitOrder {

		@Override
		public FairShare share() {
			return this.order.share();
		}

		@Override
		public boolean isEmpty() {
			return this.order.isEmpty();
		}

		@Override
		public void add(Waiter waiter, Lane lane) {
			this.calls.incrementAndGet();
			this.order.add(waiter, lane);
		}

		@Override
		public void remove(Waiter waiter, Lane lane) {
			this.calls.incrementAndGet();
			this.order.remove(waiter, lane);
		}

		@Override
		public Waiter next(Predicate<Lane> available) {
			this.calls.incrementAndGet();
			return this.order.next(available);
		}

	}

}
