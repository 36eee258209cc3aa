package dev.weir.queue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.config.ClientProperties;
import dev.weir.failover.OneByOne;
import dev.weir.openai.body.RequestBody;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.call.ApiPath;
import dev.weir.request.Client;
import dev.weir.request.RequestContext;
import dev.weir.testing.TestPools;
import dev.weir.testing.TestRequests;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Clients wait for a backend that has one place. A served request ends when the test
 * wants the next one.
 */
class FairOrderTests {

	private final VirtualTime time = new VirtualTime();

	private final Pool pool = TestPools.pool(this.time, Map.of("max-waiting", "400"),
			TestPools.backend("a", "max-concurrent=1"));

	private final WaitQueues queues = new WaitQueues(this.pool, this.time.timing(), new OneByOne(), FairOrder::new);

	private final List<String> served = new ArrayList<>();

	private final List<String> refused = new ArrayList<>();

	private final Map<String, Client> clients = new HashMap<>();

	private RequestContext running;

	FairOrderTests() {
		this.pool.onFree(this.queues::onFree);
		this.running = begin(null, 1);
		assertThat(this.running.failover().tryBegin(lane())).isTrue();
	}

	@Test
	void clientsAreServedInTurnHoweverManyRequestsOfOneWait() {
		await(10, "heavy", "normal", 500);
		await(3, "light", "normal", 500);
		assertThat(serve(7)).containsExactly("heavy", "light", "heavy", "light", "heavy", "light", "heavy");
		assertThat(serve(6)).containsOnly("heavy");
	}

	@Test
	void tokensCountAndNotRequests() {
		await(20, "large", "normal", 3900);
		await(100, "small", "normal", 900);
		List<String> order = serve(50);
		assertThat(Collections.frequency(order, "large")).isBetween(9, 11);
	}

	@Test
	void requestsOfOneClientAreServedInTheOrderOfArrival() {
		for (int i = 0; i < 5; i++) {
			subscribe(begin(client("one", "normal"), 500 - 100 * i), "request " + i);
		}
		assertThat(serve(5)).containsExactly("request 0", "request 1", "request 2", "request 3", "request 4");
	}

	@Test
	void withoutClientsTheFirstComesFirst() {
		for (int i = 0; i < 5; i++) {
			subscribe(begin(null, 500 - 100 * i), "request " + i);
		}
		assertThat(serve(5)).containsExactly("request 0", "request 1", "request 2", "request 3", "request 4");
	}

	@Test
	void aClientGetsNoCreditForTheTimeInWhichItDidNotWait() {
		await(100, "first", "normal", 500);
		serve(50);
		await(20, "second", "normal", 500);
		assertThat(Collections.frequency(serve(20), "second")).isBetween(9, 11);
	}

	@Test
	void aClientThatLeavesTheQueueAndComesBackIsNotServedMore() {
		await(50, "first", "normal", 500);
		int of = 0;
		for (int i = 0; i < 20; i++) {
			await(1, "second", "normal", 500);
			of += Collections.frequency(serve(2), "second");
			if (i % 2 == 0) {
				await(1, "second", "normal", 500);
				of += Collections.frequency(serve(1), "second");
			}
		}
		assertThat(of).isBetween(23, 26);
	}

	@Test
	void lowGivesWayToNormalAndNormalToHighWhateverTheNumberOfClients() {
		for (int i = 0; i < 5; i++) {
			await(40, "low" + i, "low", 500);
		}
		await(100, "normal", "normal", 500);
		await(100, "high", "high", 500);
		List<String> order = serve(111);
		assertThat(Collections.frequency(order, "high")).isBetween(99, 100);
		assertThat(Collections.frequency(order, "normal")).isBetween(9, 11);
	}

	@Test
	void lowNeverStarves() {
		await(190, "low", "low", 500);
		for (int i = 0; i < 3; i++) {
			await(70, "high" + i, "high", 500);
		}
		List<String> order = serve(210);
		// at least one of 101 tokens, and at most one request later
		assertThat(order.indexOf("low")).isLessThanOrEqualTo(102);
		assertThat(Collections.frequency(order, "low")).isBetween(2, 3);
	}

	@Test
	void aRequestOfAnotherSetOfLanesComesInItsTurn() {
		Pool two = TestPools.pool(this.time, TestPools.backend("a", "max-concurrent=1"),
				TestPools.backend("b", "max-concurrent=1"));
		WaitQueues both = new WaitQueues(two, this.time.timing(), new OneByOne(), FairOrder::new);
		two.onFree(both::onFree);
		two.lanes("gpt-4o").get(1).tryBegin();
		RequestContext first = TestRequests.begin(two, two.lanes("gpt-4o"), this.time);
		first.failover().tryBegin(two.lanes("gpt-4o").get(0));
		RequestContext tried = begin(two, client("high", "high"), 10);
		tried.failover().candidates().restrictToOtherServers(two.lanes("gpt-4o").get(1));
		for (int i = 0; i < 3; i++) {
			subscribe(both, begin(two, client("low", "low"), 10), "low");
		}
		subscribe(both, tried, "high");
		assertThat(both.size()).isEqualTo(2);
		first.failover().attempts().end(new Outcome.Served(200));
		assertThat(this.served).containsExactly("high");
	}

	@Test
	void aFreedPlaceWakesOneRequestOfAllClients() {
		for (int i = 0; i < 10; i++) {
			await(3, "c" + i, "normal", 500);
		}
		this.running.failover().attempts().end(new Outcome.Served(200));
		assertThat(this.served).hasSize(1);
		assertThat(this.queues.waiting()).isEqualTo(29);
	}

	@Test
	void aRequestIsGoneAtOnceWhenItsClientLeaves() {
		await(2, "first", "normal", 500);
		List<Disposable> leaving = await(2, "second", "normal", 500);
		leaving.forEach(Disposable::dispose);
		assertThat(this.queues.waiting()).isEqualTo(2);
		assertThat(serve(2)).containsExactly("first", "first");
	}

	@Test
	void aRequestThatIsWokenAndBeginsNoAttemptIsNotCharged() {
		this.queues
			.await(begin(client("first", "normal"), 50_000), this.queues.nextArrival(), Duration.ofHours(1), true)
			.subscribe();
		await(5, "first", "normal", 500);
		await(20, "second", "normal", 500);
		assertThat(Collections.frequency(serve(10), "first")).isEqualTo(5);
	}

	@Test
	void whenAllPlacesAreTakenTheLastRequestOfTheClientWithTheMostGivesWay() {
		await(400, "heavy", "normal", 500);
		await(1, "heavy", "normal", 500);
		assertThat(this.refused).as("of its own client").containsExactly("heavy");
		await(1, "light", "normal", 500);
		assertThat(this.refused).containsExactly("heavy", "heavy");
		assertThat(this.queues.waiting()).isEqualTo(400);
		await(300, "light", "normal", 500);
		assertThat(Collections.frequency(this.refused, "heavy")).isEqualTo(201);
		assertThat(Collections.frequency(this.refused, "light")).isEqualTo(101);
		assertThat(serve(2)).containsExactlyInAnyOrder("heavy", "light");
	}

	@Test
	void whenAllPlacesAreTakenClientsHaveThemByTheirWeights() {
		await(400, "low", "low", 500);
		await(400, "high", "high", 500);
		assertThat(Collections.frequency(this.refused, "low")).isBetween(396, 397);
		await(1, "other", "low", 500);
		assertThat(Collections.frequency(this.refused, "other")).isZero();
	}

	@Test
	void aChargeThatWasForgottenIsNotTakenBack() {
		FairShare share = new FairShare();
		FairOrder order = new FairOrder(share);
		Waiter woken = waiter("first", "normal", 2);
		order.add(woken, lane());
		FairShare.ClientShare charged = share.charge(woken);
		order.remove(woken, lane());
		order.add(woken, lane());
		share.refund(woken, charged);
		Waiter other = waiter("other", "normal", 1);
		order.add(other, lane());
		assertThat(order.next((lane) -> true)).as("equal, so the first one to come").isSameAs(other);
		Waiter high = waiter("high", "high", 3);
		order.add(high, lane());
		assertThat(order.next((lane) -> true)).as("the priority has no credit either").isSameAs(high);
	}

	private Waiter waiter(String name, String priority, long arrival) {
		Waiter[] waiter = new Waiter[1];
		Mono.<Boolean>create(
				(sink) -> waiter[0] = new Waiter(begin(client(name, priority), 500), arrival, 0, sink, (it) -> {
				}, (it) -> {
				}))
			.subscribe();
		return waiter[0];
	}

	@Test
	void aModelWhoseLaneIsTakenInBetweenDoesNotHinderTheNext() {
		List<WaitOrder> orders = new ArrayList<>();
		QueueRotation rotation = new QueueRotation((share) -> {
			// another thread takes the lane of the first model
			WaitOrder order = new FairOrder(share);
			WaitOrder taken = orders.isEmpty() ? new TakenOrder(order) : order;
			orders.add(taken);
			return taken;
		}, this.pool.backends().get(0));
		this.running.failover().attempts().end(new Outcome.Served(200));
		Waiter second = waiter("second", "normal", 2);
		rotation.add(waiter("first", "normal", 1), this.pool.lanes("x").get(0), new FairShare(), null);
		rotation.add(second, this.pool.lanes("y").get(0), new FairShare(), null);
		QueueRotation.Choice choice = rotation.next();
		assertThat(choice).isNotNull();
		assertThat(choice.waiter()).isSameAs(second);
	}

	/** An order whose lanes are never free when they are checked. */
	private record TakenOrder(WaitOrder order) implements WaitOrder {

		@Override
		public FairShare share() {
			return this.order.share();
		}

		@Override
		public void add(Waiter waiter, Lane lane) {
			this.order.add(waiter, lane);
		}

		@Override
		public void remove(Waiter waiter, Lane lane) {
			this.order.remove(waiter, lane);
		}

		@Override
		public boolean isEmpty() {
			return this.order.isEmpty();
		}

		@Override
		public @Nullable Waiter next(Predicate<Lane> available) {
			return this.order.next((lane) -> false);
		}

	}

	private List<String> serve(int count) {
		int before = this.served.size();
		IntStream.range(0, count).forEach((i) -> this.running.failover().attempts().end(new Outcome.Served(200)));
		return this.served.subList(before, this.served.size());
	}

	private List<Disposable> await(int count, String name, String priority, int tokens) {
		return IntStream.range(0, count)
			.mapToObj((i) -> subscribe(begin(client(name, priority), tokens), name))
			.toList();
	}

	private Disposable subscribe(RequestContext request, String name) {
		return subscribe(this.queues, request, name);
	}

	private Disposable subscribe(WaitQueues where, RequestContext request, String name) {
		return where.await(request, where.nextArrival(), Duration.ofHours(1), true).subscribe((free) -> {
			if (!free) {
				this.refused.add(name);
			}
			else if (request.failover().candidates().remaining().stream().anyMatch(request.failover()::tryBegin)) {
				this.served.add(name);
				this.running = request;
			}
		});
	}

	private RequestContext begin(@Nullable Client client, int tokens) {
		return begin(this.pool, client, tokens);
	}

	private RequestContext begin(Pool of, @Nullable Client client, int tokens) {
		RequestContext request = TestRequests.begin(of, of.lanes("gpt-4o"), this.time);
		request.identify(client);
		// 400 bytes of the prompt are 100 tokens
		String json = "{\"model\":\"gpt-4o\",\"max_tokens\":" + tokens + "}";
		request.onCallRead(new ApiCall(
				ApiPath.parse("POST", "/v1/chat/completions", null), "gpt-4o", RequestBody
					.of((json + " ".repeat(400 - json.length())).getBytes(StandardCharsets.UTF_8), "application/json"),
				true));
		return request;
	}

	private Client client(String name, String priority) {
		return this.clients.computeIfAbsent(name,
				(it) -> new Client(
						new Binder(new MapConfigurationPropertySource(Map.of("it.name", name, "it.priority", priority)))
							.bind("it", ClientProperties.class)
							.get()));
	}

	private Lane lane() {
		return this.pool.lanes("gpt-4o").get(0);
	}

}
