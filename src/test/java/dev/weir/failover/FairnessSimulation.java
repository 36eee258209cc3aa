package dev.weir.failover;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;

import org.jspecify.annotations.Nullable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

import dev.weir.backend.Attempt;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import dev.weir.balance.LaneLoadBalancer;
import dev.weir.balance.LaneLoadBalancerFactory;
import dev.weir.config.ClientProperties;
import dev.weir.memory.BufferBudget;
import dev.weir.openai.body.RequestBody;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.call.ApiPath;
import dev.weir.queue.PoolWaitQueues;
import dev.weir.request.Client;
import dev.weir.request.RequestContext;
import dev.weir.response.AttemptResult;
import dev.weir.testing.TestPools;
import dev.weir.testing.VirtualTime;

/**
 * Ten clients share two backends with 8 places each, in virtual time: the real failover,
 * choice of lanes and queue. The time of a response is that of its tokens, of which a
 * request uses a random part of the maximum that it states.
 */
final class FairnessSimulation {

	static final int CLIENTS = 10;

	private static final int PLACES = 8;

	/** The state at the beginning, without waiting requests, does not count. */
	private static final Duration WARM_UP = Duration.ofSeconds(20);

	private static final double NANOS_PER_TOKEN = 2e6;

	private static final int PROMPT_TOKENS = 100;

	/** What a request uses of a maximum of 50 to 950: 20 to 100 %. */
	private static final double MEAN_TOKENS = 300;

	private static final Duration MAX_WAIT = Duration.ofSeconds(1);

	private final Setting setting;

	private final VirtualTime time = new VirtualTime();

	private final Random random;

	private final Pool pool;

	private final LaneLoadBalancer balancer;

	private final Failover failover;

	private final List<@Nullable Client> clients = new ArrayList<>();

	private final double[] served = new double[CLIENTS];

	private final List<Long> lightWaits = new ArrayList<>();

	private FairnessSimulation(Setting setting, long seed) {
		this.setting = setting;
		this.random = new Random(seed);
		Pools pools = TestPools.pools(this.time, Map.of("max-waiting", "100"),
				TestPools.backend("a", "max-concurrent=" + PLACES), TestPools.backend("b", "max-concurrent=" + PLACES));
		this.pool = pools.all().iterator().next();
		this.balancer = (LaneLoadBalancer) LaneLoadBalancerFactory.of(new Random(seed));
		this.failover = new Failover(pools, new PoolWaitQueues(pools, this.time.timing(), new OneByOne()),
				new BufferBudget(64 * 1024 * 1024, this.time), this.time);
		for (int i = 0; i < CLIENTS; i++) {
			this.clients.add(client(i));
		}
	}

	/**
	 * Runs a simulation.
	 * @param setting the setting
	 * @param seed the seed of everything random
	 * @return the result
	 */
	static Result run(Setting setting, long seed) {
		return new FairnessSimulation(setting, seed).run();
	}

	private @Nullable Client client(int number) {
		return this.setting.fair()
				? new Client(new Binder(new MapConfigurationPropertySource(Map.of("it.name", "c" + number)))
					.bind("it", ClientProperties.class)
					.get())
				: null;
	}

	private Result run() {
		// requests per second that keep all places busy
		double capacity = 2 * PLACES / (MEAN_TOKENS * NANOS_PER_TOKEN / 1e9);
		List<Arrival> arrivals = new ArrayList<>();
		for (int i = 0; i < CLIENTS; i++) {
			double share = (i == 0) ? 0.9 : 0.1 / (CLIENTS - 1);
			double mean = 1e9 / (capacity * this.setting.load() * share);
			int client = i;
			double at = 0;
			while (at < this.setting.length().toNanos()) {
				at += -mean * StrictMath.log(1 - this.random.nextDouble());
				int most = 50 + this.random.nextInt(900);
				int used = (int) (most * (0.2 + 0.8 * this.random.nextDouble()));
				Arrival arrival = new Arrival(client, (long) at, most, used);
				arrivals.add(arrival);
				this.time.after(arrival.at(), () -> send(arrival));
			}
		}
		this.time.advance(this.setting.length().plusMinutes(2));
		return new Result(this.served, percentile(this.lightWaits), aloneWait(arrivals));
	}

	private void send(Arrival arrival) {
		RequestContext context = new RequestContext("test-1", this.time.loop(), this.time, List.of());
		context.identify(this.clients.get(arrival.client()));
		context.onRouted(this.pool);
		String json = "{\"model\":\"gpt-4o\",\"max_tokens\":" + arrival.most() + ",\"x\":\""
				+ "x".repeat(4 * PROMPT_TOKENS) + "\"}";
		context.onCallRead(new ApiCall(ApiPath.parse("POST", "/v1/chat/completions", null), "gpt-4o",
				RequestBody.of(json.getBytes(StandardCharsets.UTF_8), "application/json"), true));
		this.failover.connect(context, (it) -> call(it, arrival))
			.subscribe((result) -> result.match((relayed) -> 0, (error) -> 0, (exhausted) -> 0, (connection) -> {
				connection.attempt().onResponseStart();
				this.time.after(arrival.nanos(), () -> {
					if (this.time.now() > WARM_UP.toNanos() && this.time.now() < this.setting.length().toNanos()) {
						this.served[arrival.client()] += arrival.used() + PROMPT_TOKENS;
					}
					connection.attempt().end(new Outcome.Served(200));
				});
				return 0;
			}));
	}

	private Mono<AttemptResult> call(RequestContext context, Arrival arrival) {
		if (this.balancer.choose(context.failover()) == null) {
			return Mono.error(new NoLaneException());
		}
		Attempt attempt = context.failover().attempts().requireCurrent();
		attempt.onSendStart();
		record(arrival, this.time.now() - arrival.at(), this.lightWaits);
		return Mono.just(new AttemptResult.Connected(new Outcome.Served(200), Disposables.disposed()));
	}

	/**
	 * The 95th percentile of the waits of all clients but the first, if their requests
	 * come first whenever a place is free, as if no other requests waited: the same
	 * requests with a scheduler that shares no code with Weir.
	 */
	private double aloneWait(List<Arrival> arrivals) {
		PriorityQueue<Long> ends = new PriorityQueue<>();
		Deque<Arrival> light = new ArrayDeque<>();
		Deque<Arrival> heavy = new ArrayDeque<>();
		List<Long> lightWaits = new ArrayList<>();
		arrivals.sort(Comparator.comparingLong(Arrival::at));
		int next = 0;
		while (next < arrivals.size() || !light.isEmpty() || !heavy.isEmpty()) {
			boolean full = ends.size() == 2 * PLACES;
			boolean waiting = !light.isEmpty() || !heavy.isEmpty();
			long now = (next < arrivals.size()) ? arrivals.get(next).at() : Long.MAX_VALUE;
			if (!full && waiting) {
				throw new IllegalStateException("A place is free");
			}
			if (full && ends.peek() <= now) {
				long end = ends.remove();
				heavy.removeIf((it) -> end - it.at() > MAX_WAIT.toNanos());
				Arrival served = !light.isEmpty() ? light.poll() : heavy.poll();
				if (served != null) {
					record(served, end - served.at(), lightWaits);
					ends.add(end + served.nanos());
				}
				continue;
			}
			Arrival arrival = arrivals.get(next++);
			while (!ends.isEmpty() && ends.peek() <= now) {
				ends.remove();
			}
			if (ends.size() < 2 * PLACES) {
				record(arrival, 0, lightWaits);
				ends.add(now + arrival.nanos());
			}
			else {
				((arrival.client() == 0) ? heavy : light).add(arrival);
			}
		}
		return percentile(lightWaits);
	}

	private static void record(Arrival arrival, long wait, List<Long> lightWaits) {
		if (arrival.client() > 0 && arrival.at() > WARM_UP.toNanos()) {
			lightWaits.add(wait);
		}
	}

	private static double percentile(List<Long> waits) {
		waits.sort(null);
		return waits.get((int) (0.95 * waits.size())) / 1e6;
	}

	/**
	 * A setting.
	 *
	 * @param load what is sent in relation to what can be served; nine tenths of it are
	 * from the first client
	 * @param length how long clients send
	 * @param fair whether Weir knows its clients
	 */
	record Setting(double load, Duration length, boolean fair) {
	}

	private record Arrival(int client, long at, int most, int used) {

		long nanos() {
			return (long) (this.used * NANOS_PER_TOKEN);
		}

	}

	/**
	 * A result.
	 *
	 * @param served the tokens served to each client
	 * @param lightWait the 95th percentile of the times that requests of all clients but
	 * the first waited for a lane, in milliseconds
	 * @param aloneWait the same if these requests come first
	 */
	record Result(double[] served, double lightWait, double aloneWait) {

		/** Jain's index of the tokens: 1 if all clients got the same. */
		double fairness() {
			double sum = throughput();
			double squares = Arrays.stream(this.served).map((it) -> it * it).sum();
			return sum * sum / (this.served.length * squares);
		}

		double throughput() {
			return Arrays.stream(this.served).sum();
		}

	}

}
