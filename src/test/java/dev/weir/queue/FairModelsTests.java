package dev.weir.queue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.config.BackendProperties;
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
 * Clients wait for several models, whose places or quotas are short.
 */
class FairModelsTests {

	private final VirtualTime time = new VirtualTime();

	private final List<Waiting> served = new ArrayList<>();

	private final Map<String, Client> clients = new HashMap<>();

	/** By client, those that each of its requests states. */
	private final Map<String, Integer> tokens = new HashMap<>();

	/** How long an attempt on a model takes; 10 ms by default. */
	private final Map<String, Long> durations = new HashMap<>();

	/** The cooldown that an attempt on a model ends with, if quota limits the model. */
	private final Map<String, Long> cooldowns = new HashMap<>();

	private Pool pool;

	private WaitQueues queues;

	private void start(BackendProperties... backends) {
		this.pool = TestPools.pool(this.time, Map.of("max-waiting", "2000"), backends);
		this.queues = new WaitQueues(this.pool, this.time.timing(), new OneByOne(), FairOrder::new);
		this.pool.onFree(this.queues::onFree);
	}

	@Test
	void c24AClientGetsNoMoreOfABackendByAskingForMoreModels() {
		start(TestPools.backend("a", "max-concurrent=1"));
		keepWaiting("heavy", "normal", 500, "x", "y", "z");
		keepWaiting("light", "normal", 500, "x");
		this.time.advance(10_000);
		assertThat(jain(tokensOf("heavy"), tokensOf("light"))).isGreaterThanOrEqualTo(0.99);
	}

	@Test
	void aClientGetsNoMoreOfSeveralBackendsByAskingForMoreModels() {
		start(TestPools.backend("a", "max-concurrent=8"), TestPools.backend("b", "max-concurrent=4"),
				TestPools.backend("c", "max-concurrent=4", "models.x=x"));
		this.durations.putAll(Map.of("x", 70L, "y", 110L, "z", 30L));
		keepWaiting("heavy", "normal", 900, "x", "y", "z");
		keepWaiting("other", "normal", 400, "y");
		keepWaiting("light", "normal", 200, "x");
		this.time.advance(20_000);
		assertThat(jain(tokensOf("heavy"), tokensOf("light"), tokensOf("other"))).isGreaterThanOrEqualTo(0.95);
	}

	@Test
	void c24PrioritiesHoldAcrossTheModelsOfABackend() {
		start(TestPools.backend("a", "max-concurrent=1"));
		keepWaiting("high", "high", 500, "x");
		keepWaiting("low", "low", 500, "y", "z");
		this.time.advance(20_000);
		assertThat(tokensOf("low")).isBetween(tokensOf("high") / 102, tokensOf("high") / 98);
		assertThat(longestRunOf("high")).as("low never starves").isBetween(99, 101);
	}

	@Test
	void prioritiesHoldAcrossBackends() {
		start(TestPools.backend("a", "max-concurrent=1"), TestPools.backend("b", "max-concurrent=1"),
				TestPools.backend("c", "max-concurrent=1"));
		keepWaiting("high", "high", 500, "x");
		keepWaiting("low", "low", 500, "y");
		this.time.advance(20_000);
		assertThat(tokensOf("low")).isBetween(tokensOf("high") / 102, tokensOf("high") / 98);
		assertThat(longestRunOf("high")).as("low never starves").isBetween(99, 101);
	}

	@Test
	void c24WhatAClientGetsOfOneQuotaCostsItNothingOfAnother() {
		// the limit of places is never reached
		start(TestPools.backend("a", "max-concurrent=50"));
		this.cooldowns.putAll(Map.of("large", 10L, "small", 100L));
		keepWaiting("heavy", "normal", 500, "large", "small");
		keepWaiting("other", "normal", 500, "large");
		keepWaiting("light", "normal", 500, "small");
		this.time.advance(30_000);
		assertThat(tokensOf("heavy", "large")).isGreaterThan(4 * tokensOf("heavy", "small"));
		assertThat(jain(tokensOf("heavy", "small"), tokensOf("light"))).isGreaterThanOrEqualTo(0.99);
		assertThat(jain(tokensOf("heavy", "large"), tokensOf("other"))).isGreaterThanOrEqualTo(0.99);
	}

	@Test
	void aClientIsServedNextWhereItsQuotaIsShortWhateverOthersGetElsewhere() {
		start(TestPools.backend("a"));
		this.cooldowns.putAll(Map.of("large", 10L, "small", 100L));
		keepWaiting("heavy", "normal", 900, "large", "small");
		this.time.advance(2_000);
		for (int i = 0; i < 30; i++) {
			int before = this.served.size();
			await(new Waiting("light", "small"), "normal", 100, false);
			this.time.advance(470);
			List<Waiting> since = this.served.subList(before, this.served.size())
				.stream()
				.filter((it) -> it.model().equals("small"))
				.toList();
			assertThat(since.get(0).client()).as("alone it would be the next one as well").isEqualTo("light");
		}
	}

	@Test
	void placesOfBackendsWithoutACommonModelAreSharedSeparately() {
		start(TestPools.backend("a", "max-concurrent=4", "models.x=x"),
				TestPools.backend("b", "max-concurrent=1", "models.y=y"));
		keepWaiting("heavy", "normal", 500, "x", "y");
		keepWaiting("other", "normal", 500, "x");
		keepWaiting("light", "normal", 500, "y");
		this.time.advance(10_000);
		assertThat(jain(tokensOf("heavy", "y"), tokensOf("light"))).isGreaterThanOrEqualTo(0.99);
		assertThat(jain(tokensOf("heavy", "x"), tokensOf("other"))).isGreaterThanOrEqualTo(0.99);
	}

	@Test
	void aClientGetsNoCreditForTheCooldownOfItsModel() {
		start(TestPools.backend("a", "max-concurrent=1"));
		throttle("y", 2000);
		keepWaiting("first", "normal", 500, "x");
		keepWaiting("second", "normal", 500, "x");
		keepWaiting("late", "normal", 500, "y");
		this.time.advance(1_999);
		assertThat(tokensOf("late")).isZero();
		this.served.clear();
		// until the ramp of the lane has ended
		this.time.advance(3_000);
		assertThat(jain(tokensOf("first"), tokensOf("second"), tokensOf("late"))).isGreaterThanOrEqualTo(0.95);
	}

	private void throttle(String model, long millis) {
		this.pool.lanes(model).get(0).tryBegin().end(new Outcome.Throttled(Duration.ofMillis(millis)));
	}

	private double tokensOf(String client) {
		return tokens(this.served.stream().filter((it) -> it.client().equals(client)));
	}

	private double tokensOf(String client, String model) {
		return tokens(this.served.stream().filter((it) -> it.equals(new Waiting(client, model))));
	}

	private double tokens(Stream<Waiting> of) {
		return of.mapToInt((it) -> this.tokens.get(it.client())).sum();
	}

	private int longestRunOf(String client) {
		int longest = 0;
		int run = 0;
		// at first all wait for the first time
		for (Waiting one : this.served.subList(this.served.size() / 4, this.served.size())) {
			run = one.client().equals(client) ? run + 1 : 0;
			longest = Math.max(longest, run);
		}
		return longest;
	}

	private static double jain(double... values) {
		double sum = 0;
		double squares = 0;
		for (double value : values) {
			sum += value;
			squares += value * value;
		}
		return sum * sum / (values.length * squares);
	}

	/**
	 * Lets 40 requests of a client wait for each model: for each that leaves one comes.
	 */
	private void keepWaiting(String client, String priority, int tokens, String... models) {
		for (String model : models) {
			Collections.nCopies(40, new Waiting(client, model)).forEach((it) -> await(it, priority, tokens, true));
		}
	}

	private void await(Waiting waiting, String priority, int tokens, boolean again) {
		this.tokens.put(waiting.client(), tokens);
		RequestContext request = TestRequests.begin(this.pool, this.pool.lanes(waiting.model()), this.time);
		request.identify(client(waiting.client(), priority));
		request.onCallRead(new ApiCall(ApiPath.parse("POST", "/v1/chat/completions", null), waiting.model(),
				RequestBody.of("{\"model\":\"%s\",\"max_tokens\":%d}".formatted(waiting.model(), tokens)
					.getBytes(StandardCharsets.UTF_8), "application/json"),
				true));
		this.queues.await(request, this.queues.nextArrival(), Duration.ofHours(1), true).subscribe((free) -> {
			if (request.failover().candidates().remaining().stream().anyMatch(request.failover()::tryBegin)) {
				onServed(waiting, request);
			}
			else {
				request.failover().candidates().beginChoice();
			}
			if (again) {
				await(waiting, priority, tokens, true);
			}
		});
	}

	private void onServed(Waiting waiting, RequestContext request) {
		this.served.add(waiting);
		Long cooldown = this.cooldowns.get(waiting.model());
		if (cooldown != null) {
			request.failover().attempts().end(new Outcome.Throttled(Duration.ofMillis(cooldown)));
		}
		else {
			this.time.after(this.durations.getOrDefault(waiting.model(), 10L) * 1_000_000,
					() -> request.failover().attempts().end(new Outcome.Served(200)));
		}
	}

	private Client client(String name, String priority) {
		return this.clients.computeIfAbsent(name,
				(it) -> new Client(
						new Binder(new MapConfigurationPropertySource(Map.of("it.name", name, "it.priority", priority)))
							.bind("it", ClientProperties.class)
							.get()));
	}

	private record Waiting(String client, String model) {
	}

}
