package dev.weir.shared;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

import dev.weir.client.limit.LimitClock;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.WeirServer;

import static org.awaitility.Awaitility.await;

/**
 * Two Weirs on one Redis, for clients with limits.
 */
final class SharedWeirs implements AutoCloseable {

	private static final String CHAT = "{\"model\":\"gpt-4o\",\"max_tokens\":100,\"messages\":[{\"role\":\"user\","
			+ "\"content\":\"hi\"}]}";

	private static final long MINUTE = 60_000_000_000L;

	/** Refusals in a row after which nothing is left. */
	private static final int REFUSALS = 60;

	private static final Duration EXHAUSTED = Duration.ofSeconds(30);

	private final AtomicInteger refusals = new AtomicInteger();

	private final OpenResources resources = new OpenResources();

	private final AtomicLong offset = new AtomicLong();

	private final LimitClock clock = new LimitClock(Instant::now, () -> System.nanoTime() + this.offset.get());

	private final List<WeirServer> weirs;

	SharedWeirs(int redisPort, String prefix, RawBackend backend, String clients, String... arguments) {
		this.weirs = List.of(start(redisPort, prefix, backend, clients, arguments),
				start(redisPort, prefix, backend, clients, arguments));
	}

	private WeirServer start(int redisPort, String prefix, RawBackend backend, String clients, String... arguments) {
		String[] all = new String[arguments.length + 3];
		all[0] = "--weir.state=redis";
		all[1] = "--weir.redis.key-prefix=" + prefix;
		all[2] = "--spring.data.redis.port=" + redisPort;
		System.arraycopy(arguments, 0, all, 3, arguments.length);
		return this.resources.add(WeirServer.start(
				(context) -> context.registerBean("limitClockOfTheTest", LimitClock.class, () -> this.clock,
						(definition) -> definition.setPrimary(true)),
				WeirServer.pool("max-wait: 0ms", WeirServer.backend("a", backend.url())) + clients, all));
	}

	/** Begins a new minute, in which both Weirs have their part of each limit. */
	void nextMinute() {
		awaitConnected();
		boolean divided;
		do {
			long now = this.clock.now();
			long next = now / MINUTE + 1;
			this.offset.addAndGet(next * MINUTE - now + 1_000_000);
			await()
				.until(() -> this.weirs.stream().allMatch((weir) -> weir.bean(RedisLink.class).division(next) != null));
			divided = this.weirs.stream()
				.map((weir) -> weir.bean(RedisLink.class).division(next))
				.allMatch((one) -> one.member());
		}
		while (!divided);
	}

	WeirServer get(int index) {
		return this.weirs.get(index);
	}

	boolean isConnected() {
		return this.weirs.stream().allMatch((weir) -> weir.bean(RedisLink.class).isConnected());
	}

	boolean isLost() {
		return this.weirs.stream().noneMatch((weir) -> weir.bean(RedisLink.class).isConnected());
	}

	void awaitConnected() {
		await().atMost(Duration.ofSeconds(20)).until(this::isConnected);
	}

	/**
	 * Sends requests to one Weir, one after the other.
	 * @return how many were served
	 */
	int send(int weir, String key, int count) {
		int served = 0;
		for (int i = 0; i < count; i++) {
			served += (chat(weir, key) == 200) ? 1 : 0;
		}
		return served;
	}

	int chat(int weir, String key) {
		return get(weir).post("/v1/chat/completions", CHAT, "content-type", "application/json", "api-key", key)
			.statusCode();
	}

	/**
	 * Sends requests to both Weirs at the same time.
	 * @param threads how many at a time, to each
	 * @param until when to stop
	 * @return the number of replies by status
	 */
	Map<Integer, Integer> flood(String key, int threads, BooleanSupplier until) throws Exception {
		Map<Integer, AtomicInteger> replies = new ConcurrentHashMap<>();
		this.refusals.set(0);
		ExecutorService executor = Executors.newFixedThreadPool(2 * threads);
		try {
			List<Future<?>> running = new ArrayList<>();
			for (int i = 0; i < 2 * threads; i++) {
				int weir = i % 2;
				running.add(executor.submit(() -> {
					while (!until.getAsBoolean()) {
						int reply = chat(weir, key);
						this.refusals.updateAndGet((count) -> (reply == 429) ? count + 1 : 0);
						replies.computeIfAbsent(reply, (status) -> new AtomicInteger()).incrementAndGet();
					}
				}));
			}
			for (Future<?> one : running) {
				one.get();
			}
		}
		finally {
			executor.shutdownNow();
		}
		Map<Integer, Integer> counts = new TreeMap<>();
		replies.forEach((status, count) -> counts.put(status, count.get()));
		return counts;
	}

	/**
	 * Sends requests to both Weirs at the same time, until all are refused.
	 * @return the number of replies by status
	 */
	Map<Integer, Integer> exhaust(String key) throws Exception {
		long end = System.nanoTime() + EXHAUSTED.toNanos();
		return flood(key, 2, () -> this.refusals.get() >= REFUSALS || System.nanoTime() - end > 0);
	}

	@Override
	public void close() {
		this.resources.close();
	}

}
