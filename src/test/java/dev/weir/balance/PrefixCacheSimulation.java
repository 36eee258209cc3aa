package dev.weir.balance;

import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;

import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;

import dev.weir.backend.Attempt;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.backend.RequestTraits;
import dev.weir.config.BackendProperties;
import dev.weir.openai.call.Operation;
import dev.weir.openai.stream.Usage;
import dev.weir.request.RequestContext;
import dev.weir.testing.TestPools;
import dev.weir.testing.TestRequests;
import dev.weir.testing.VirtualTime;

/**
 * Conversations with backends that cache prompts, in virtual time: 20 applications with
 * system prompts of 800 to 4,000 tokens, some used more than others, and conversations of
 * several turns, each of which repeats all earlier ones. A backend caches prefixes of at
 * least 1,024 tokens in granules of 128 for five minutes after their last use, as Azure
 * OpenAI and OpenAI document.
 */
final class PrefixCacheSimulation {

	private static final Duration LENGTH = Duration.ofMinutes(40);

	/** Caches are empty at the start. */
	private static final Duration WARM_UP = Duration.ofMinutes(10);

	private static final Duration CACHE_LIFETIME = Duration.ofMinutes(5);

	private static final int APPLICATIONS = 20;

	private static final int CONVERSATIONS_PER_MINUTE = 60;

	private final VirtualTime time = new VirtualTime();

	private final Random random;

	private final Pool pool;

	private final ReactorServiceInstanceLoadBalancer balancer;

	private final int[] systemTokens;

	private final Map<String, PrefixCache> caches = new HashMap<>();

	private final Map<String, Long> tokens = new HashMap<>();

	private long promptTokens;

	private long cachedTokens;

	private final PriorityQueue<Event> events = new PriorityQueue<>(Comparator.comparingLong(Event::at));

	private final int backends;

	private final boolean cooldown;

	private PrefixCacheSimulation(String strategy, int backends, boolean cooldown, long seed) {
		this.random = new Random(seed);
		this.backends = backends;
		this.cooldown = cooldown;
		this.pool = TestPools.pool(this.time, Map.of("strategy", strategy),
				IntStream.range(0, backends)
					.mapToObj((i) -> TestPools.backend("openai" + (i + 1)))
					.toArray(BackendProperties[]::new));
		this.balancer = LaneLoadBalancerFactory.of(this.random);
		this.systemTokens = this.random.ints(APPLICATIONS, 800, 4000).toArray();
	}

	/**
	 * Runs a simulation.
	 * @param strategy the strategy of the pool
	 * @param backends the number of backends
	 * @param cooldown whether one backend is in cooldown for five minutes
	 * @param seed the seed of everything random
	 * @return the result
	 */
	static Result run(String strategy, int backends, boolean cooldown, long seed) {
		return new PrefixCacheSimulation(strategy, backends, cooldown, seed).run();
	}

	private Result run() {
		for (long at = 0; at < LENGTH.toMillis(); at += (long) exponential(60_000.0 / CONVERSATIONS_PER_MINUTE)) {
			this.events.add(new Event(at, new Conversation(), null));
		}
		long cooldownAt = LENGTH.toMillis() / 2;
		boolean pending = this.cooldown;
		while (!this.events.isEmpty()) {
			Event event = this.events.remove();
			if (event.at() > LENGTH.toMillis()) {
				break;
			}
			this.time.advance(event.at() - Duration.ofNanos(this.time.now()).toMillis());
			if (pending && event.at() >= cooldownAt) {
				pending = false;
				throttle("openai1", Duration.ofMinutes(5));
			}
			if (event.running() != null) {
				event.running().finish();
			}
			else {
				request(event.conversation(), event.at());
			}
		}
		return result();
	}

	private void throttle(String backend, Duration delay) {
		Lane lane = this.pool.lanes("gpt-4o")
			.stream()
			.filter((it) -> it.backend().name().equals(backend))
			.findFirst()
			.get();
		lane.tryBegin().end(new Outcome.Throttled(delay));
	}

	private void request(Conversation conversation, long at) {
		conversation.grow();
		RequestTraits traits = new RequestTraits(Operation.CHAT_COMPLETIONS, 4L * conversation.length, () -> 0, false,
				false, conversation.key);
		RequestContext context = TestRequests.begin(this.pool, this.pool.lanes("gpt-4o"), traits, this.time);
		Lane lane = ((LaneLoadBalancer) this.balancer).choose(context.failover());
		Attempt attempt = context.failover().attempts().requireCurrent();
		attempt.onResponseStart();
		int cached = this.caches.computeIfAbsent(lane.backend().name(), (name) -> new PrefixCache())
			.use(conversation, at);
		int output = 50 + this.random.nextInt(400);
		record(lane, conversation.length, cached, output, at);
		conversation.length += output;
		long end = at + 500 + output * 15L;
		this.events.add(new Event(end, conversation, () -> {
			attempt.recordUsage(new Usage(conversation.sent, output, cached));
			context.failover().attempts().end(new Outcome.Served(200));
		}));
		if (--conversation.turns > 0) {
			this.events.add(new Event(end + (long) exponential(20_000), conversation, null));
		}
	}

	private void record(Lane lane, int prompt, int cached, int output, long at) {
		if (at < WARM_UP.toMillis()) {
			return;
		}
		this.promptTokens += prompt;
		this.cachedTokens += cached;
		this.tokens.merge(lane.backend().name(), (long) prompt + output, Long::sum);
	}

	private Result result() {
		long all = this.tokens.values().stream().mapToLong(Long::longValue).sum();
		long most = this.tokens.values().stream().mapToLong(Long::longValue).max().orElse(0);
		return new Result((double) this.cachedTokens / this.promptTokens, (double) most * this.backends / all);
	}

	private double exponential(double mean) {
		return -mean * StrictMath.log(1 - this.random.nextDouble());
	}

	/**
	 * The result of a simulation.
	 *
	 * @param cachedShare the share of the prompts' tokens that were cached
	 * @param imbalance the tokens of the busiest backend in relation to its fair share
	 */
	record Result(double cachedShare, double imbalance) {

		@Override
		public String toString() {
			return String.format(Locale.ROOT, "%.3f %.2f", this.cachedShare, this.imbalance);
		}

	}

	private record Event(long at, Conversation conversation, @Nullable Finish running) {
	}

	private interface Finish {

		void finish();

	}

	private final class Conversation {

		/** The square makes the first applications the most used ones. */
		private final int application = (int) (APPLICATIONS
				* StrictMath.pow(PrefixCacheSimulation.this.random.nextDouble(), 2));

		private final long key = PrefixCacheSimulation.this.random.nextLong() | 1;

		private int turns = 1 + PrefixCacheSimulation.this.random.nextInt(12);

		private int length = PrefixCacheSimulation.this.systemTokens[this.application];

		private int sent;

		void grow() {
			this.length += 30 + PrefixCacheSimulation.this.random.nextInt(300);
			this.sent = this.length;
		}

	}

	/**
	 * What one backend has cached: the longest prefix of each conversation, and the
	 * system prompts of the applications.
	 */
	private final class PrefixCache {

		private static final int MINIMUM = 1024;

		private static final int GRANULE = 128;

		private final Map<Object, Prefix> prefixes = new HashMap<>();

		int use(Conversation conversation, long at) {
			int system = PrefixCacheSimulation.this.systemTokens[conversation.application];
			int cached = Math.max(cached(conversation, conversation.length, at),
					cached(conversation.application, system, at));
			this.prefixes.put(conversation, new Prefix(conversation.length, at));
			this.prefixes.put(conversation.application, new Prefix(system, at));
			return cached;
		}

		private int cached(Object owner, int length, long at) {
			Prefix prefix = this.prefixes.get(owner);
			if (prefix == null || at - prefix.at() > CACHE_LIFETIME.toMillis()) {
				return 0;
			}
			int tokens = Math.min(length, prefix.length()) / GRANULE * GRANULE;
			return (tokens < MINIMUM) ? 0 : tokens;
		}

		private record Prefix(int length, long at) {
		}

	}

}
