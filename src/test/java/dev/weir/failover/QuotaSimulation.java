package dev.weir.failover;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

import reactor.core.Disposables;
import reactor.core.publisher.Mono;

import dev.weir.backend.Attempt;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import dev.weir.balance.LaneLoadBalancer;
import dev.weir.balance.LaneLoadBalancerFactory;
import dev.weir.config.BackendProperties;
import dev.weir.memory.BufferBudget;
import dev.weir.openai.body.RequestBody;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.stream.Usage;
import dev.weir.queue.PoolWaitQueues;
import dev.weir.request.RequestContext;
import dev.weir.response.AttemptResult;
import dev.weir.testing.TestPools;
import dev.weir.testing.VirtualTime;

/**
 * Five backends with unequal quotas in fixed windows, and requests at random times, in
 * virtual time: the real failover, choice of lanes and queues, and a scheduler that knows
 * all quotas for comparison. The windows of the backends begin at different times, as
 * those of separate resources do.
 */
final class QuotaSimulation {

	/** Requests per second of each backend. */
	private static final int[] QUOTAS = { 10, 20, 30, 50, 90 };

	/** Tokens of a request, if these are limited: between this and so many more. */
	private static final int LEAST_TOKENS = 200;

	private static final int MORE_TOKENS = 2000;

	private static final Duration SHORTEST = Duration.ofSeconds(24);

	private static final Duration MAX_WAIT = Duration.ofSeconds(1);

	private static final long MILLI = 1_000_000;

	private static final RequestBody BODY = RequestBody.of("{\"model\":\"gpt-4o\"}".getBytes(StandardCharsets.UTF_8),
			"application/json");

	private final Setting setting;

	private final Random random;

	private final VirtualTime time = new VirtualTime();

	private final List<Quota> quotas = new ArrayList<>();

	private final Map<String, Quota> byBackend = new HashMap<>();

	private final LaneLoadBalancer balancer;

	private final Failover failover;

	private final Pool pool;

	private int served;

	private int refused;

	private int throttled;

	private QuotaSimulation(Setting setting, long seed) {
		this.setting = setting;
		this.random = new Random(seed);
		long window = setting.window().toNanos();
		for (int i = 0; i < QUOTAS.length; i++) {
			Quota quota = new Quota(
					(int) (QUOTAS[i] * setting.window().toSeconds())
							* (setting.tokens() ? LEAST_TOKENS + MORE_TOKENS / 2 : 1),
					window, (long) (this.random.nextDouble() * window));
			this.quotas.add(quota);
			this.byBackend.put("b" + i, quota);
		}
		Pools pools = TestPools.pools(this.time, Map.of("max-wait", MAX_WAIT.toMillis() + "ms"),
				this.byBackend.keySet()
					.stream()
					.sorted()
					.map((name) -> TestPools.backend(name))
					.toArray(BackendProperties[]::new));
		this.pool = pools.all().iterator().next();
		this.balancer = (LaneLoadBalancer) LaneLoadBalancerFactory.of(this.random);
		this.failover = new Failover(pools, new PoolWaitQueues(pools, this.time.timing(), new OneByOne()),
				new BufferBudget(64 * 1024 * 1024, this.time), this.time);
	}

	/**
	 * Runs a simulation.
	 * @param setting the setting
	 * @param seed the seed of everything random
	 * @return the result
	 */
	static Result run(Setting setting, long seed) {
		return new QuotaSimulation(setting, seed).run();
	}

	private Result run() {
		double perSecond = 0;
		for (int quota : QUOTAS) {
			perSecond += quota * this.setting.load();
		}
		List<Arrival> arrivals = new ArrayList<>();
		long end = this.setting.length().toNanos();
		for (long at = 0; at < end; at += (long) (-1e9 / perSecond * StrictMath.log(1 - this.random.nextDouble()))) {
			Arrival arrival = new Arrival(at,
					this.setting.tokens() ? LEAST_TOKENS + this.random.nextInt(MORE_TOKENS) : 1);
			arrivals.add(arrival);
			this.time.after(at, () -> send(arrival.cost()));
		}
		this.time.advance(this.setting.length().plusMinutes(2));
		if (this.served + this.refused != arrivals.size()) {
			throw new IllegalStateException("A request has no end");
		}
		return new Result(arrivals.size(), this.served, ideal(arrivals), this.throttled);
	}

	private void send(int cost) {
		RequestContext context = new RequestContext("test-1", this.time.loop(), this.time, List.of());
		context.onRouted(this.pool);
		context.onCallRead(new ApiCall(ApiPath.parse("POST", "/v1/chat/completions", null), "gpt-4o", BODY, true));
		this.failover.connect(context, (it) -> call(it, cost)).subscribe((result) -> {
			boolean connected = result.match((relayed) -> false, (error) -> false, (exhausted) -> false,
					(connection) -> {
						connection.attempt().onResponseStart();
						connection.attempt().recordUsage(new Usage(cost, 0));
						connection.attempt().end(new Outcome.Served(200));
						return true;
					});
			this.served += connected ? 1 : 0;
			this.refused += connected ? 0 : 1;
		});
	}

	private Mono<AttemptResult> call(RequestContext context, int cost) {
		if (this.balancer.choose(context.failover()) == null) {
			return Mono.error(new NoLaneException());
		}
		Attempt attempt = context.failover().attempts().requireCurrent();
		attempt.onSendStart();
		Quota quota = this.byBackend.get(attempt.lane().backend().name());
		boolean serves = quota.tryTake(this.time.now(), cost);
		Map<String, String> headers = this.setting.headers()
				? quota.headers(this.setting.tokens() ? "tokens" : "requests") : Map.of();
		long until = quota.untilReset(this.time.now());
		long latency = serves ? this.setting.latency().toNanos() / 2
				+ (long) (this.random.nextDouble() * this.setting.latency().toNanos()) : 10 * MILLI;
		return Mono.create((sink) -> this.time.after(latency, () -> {
			attempt.recordQuota(headers::get, serves);
			if (serves) {
				sink.success(new AttemptResult.Connected(new Outcome.Served(200), Disposables.disposed()));
			}
			else {
				this.throttled++;
				sink.success(new AttemptResult.NoResponse(
						new Outcome.Throttled(Duration.ofNanos(Math.max(MILLI, until - latency)))));
			}
		}));
	}

	/**
	 * How many requests a scheduler serves that knows all quotas: each one at once where
	 * it fits and the least is left, or else after the soonest reset within the longest
	 * wait.
	 */
	private int ideal(List<Arrival> arrivals) {
		this.quotas.forEach(Quota::restart);
		List<Arrival> waiting = new ArrayList<>();
		int count = 0;
		for (Arrival arrival : arrivals) {
			count += serve(waiting, arrival.at());
			if (serveNow(arrival, arrival.at())) {
				count++;
			}
			else {
				waiting.add(arrival);
			}
		}
		return count + serve(waiting, Long.MAX_VALUE);
	}

	/** Serves those that wait at each reset up to a time. */
	private int serve(List<Arrival> waiting, long now) {
		int count = 0;
		while (!waiting.isEmpty()) {
			long reset = this.quotas.stream().mapToLong(Quota::nextReset).min().getAsLong();
			if (reset > now) {
				break;
			}
			int before = waiting.size();
			waiting.removeIf((arrival) -> reset - arrival.at() > MAX_WAIT.toNanos());
			int left = waiting.size();
			waiting.removeIf((arrival) -> serveNow(arrival, reset));
			this.quotas.forEach((quota) -> quota.move(reset));
			count += Math.min(before, left) - waiting.size();
		}
		return count;
	}

	private boolean serveNow(Arrival arrival, long now) {
		this.quotas.forEach((quota) -> quota.move(now));
		return this.quotas.stream()
			.filter((quota) -> quota.left >= arrival.cost())
			.min(Comparator.comparingInt((quota) -> quota.left))
			.map((quota) -> quota.tryTake(now, arrival.cost()))
			.orElse(false);
	}

	/**
	 * A setting.
	 *
	 * @param tokens whether tokens are limited and not requests
	 * @param window the length of the windows
	 * @param load what is sent in relation to the quotas
	 * @param latency the mean time until a response begins
	 * @param headers whether responses say what remains
	 */
	record Setting(boolean tokens, Duration window, double load, Duration latency, boolean headers) {

		private Duration length() {
			Duration windows = this.window.multipliedBy(4);
			return (windows.compareTo(SHORTEST) > 0) ? windows : SHORTEST;
		}

	}

	/**
	 * A result.
	 *
	 * @param requests the requests that were sent
	 * @param served those that were served
	 * @param ideal those that the ideal scheduler serves
	 * @param throttled the responses with 429 of backends
	 */
	record Result(int requests, int served, int ideal, int throttled) {

		double share() {
			return (double) this.served / this.ideal;
		}

		double throttledPerRequest() {
			return (double) this.throttled / this.requests;
		}

	}

	private record Arrival(long at, int cost) {
	}

	private static final class Quota {

		private final int size;

		private final long window;

		private final long offset;

		private long begun;

		private int left;

		Quota(int size, long window, long offset) {
			this.size = size;
			this.window = window;
			this.offset = offset;
			restart();
		}

		void restart() {
			this.begun = this.offset - this.window;
			this.left = this.size;
		}

		void move(long now) {
			while (now >= nextReset()) {
				this.begun += this.window;
				this.left = this.size;
			}
		}

		long nextReset() {
			return this.begun + this.window;
		}

		boolean tryTake(long now, int cost) {
			move(now);
			boolean taken = this.left >= cost;
			this.left -= taken ? cost : 0;
			return taken;
		}

		long untilReset(long now) {
			return nextReset() - now;
		}

		Map<String, String> headers(String unit) {
			return Map.of("x-ratelimit-remaining-" + unit, String.valueOf(this.left), "x-ratelimit-limit-" + unit,
					String.valueOf(this.size));
		}

	}

}
