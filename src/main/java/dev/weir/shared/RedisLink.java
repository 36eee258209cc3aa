package dev.weir.shared;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

import org.springframework.context.SmartLifecycle;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;
import org.springframework.data.redis.core.ScanOptions;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.data.redis.listener.ChannelTopic;

import dev.weir.client.limit.LimitLeases;

/**
 * The connection to Redis and to the other Weirs. Each second it registers this Weir and
 * publishes a message that it must receive itself: only then are commands and messages
 * known to arrive. Commands are sent by one thread, which alone may wait for a
 * connection; no other thread ever waits for Redis.
 */
final class RedisLink implements SmartLifecycle {

	/** Longer messages of others are ignored. */
	static final int MAX_MESSAGE = 64 * 1024;

	private static final Logger logger = LoggerFactory.getLogger(RedisLink.class);

	private static final String BEAT = "beat";

	private static final Duration INTERVAL = Duration.ofSeconds(1);

	/** While Redis does not respond, it is tried more often. */
	private static final Duration LOST_INTERVAL = Duration.ofMillis(250);

	/** A Weir that does not register for this time gets no part of the next minute. */
	private static final Duration VALID = Duration.ofSeconds(5);

	/** Without a message for this time the subscription is renewed. */
	private static final Duration SILENCE = Duration.ofSeconds(3);

	/**
	 * After an outage the others get this time to come back before a minute is divided.
	 */
	private static final Duration RETURN = Duration.ofSeconds(2);

	/** How long a start waits for Redis. */
	private static final Duration START = Duration.ofSeconds(5);

	/** The next minute is divided this time before it begins. */
	private static final long AHEAD_NANOS = TimeUnit.SECONDS.toNanos(4);

	private static final long MINUTE_NANOS = TimeUnit.MINUTES.toNanos(1);

	/** Commands that wait for the thread; beyond it, further ones fail at once. */
	private static final int MAX_QUEUED = 20_000;

	private static final int SCAN_COUNT = 500;

	private static final int SCAN_PARALLEL = 32;

	/** Some errors of Redis are pages of advice. */
	private static final int MAX_REASON = 150;

	private final ReactiveStringRedisTemplate redis;

	private final Settings settings;

	private final Ticker ticker;

	private final LongSupplier clock;

	private final SharedMetrics metrics;

	private final Map<String, SharedPart> parts = new ConcurrentHashMap<>();

	private final Map<Long, LimitLeases.Division> divisions = new ConcurrentHashMap<>();

	private final String id = randomId();

	// one thread, which may wait for a connection and for a token
	private final Scheduler thread = Schedulers.newBoundedElastic(1, MAX_QUEUED, "weir-redis", 60, true);

	private final Disposable.Swap subscription = Disposables.swap();

	private final CountDownLatch firstTry = new CountDownLatch(1);

	private volatile boolean running;

	private volatile long heardAt;

	private volatile boolean heard;

	// changes only in synchronized methods
	private volatile long connection;

	private long connections;

	private boolean reported;

	private boolean refusalReported;

	private boolean subscribed;

	private long beatenSince;

	private boolean beats;

	private volatile int weirs;

	/**
	 * Creates a link, which does nothing until it is started.
	 * @param redis the client of Redis
	 * @param settings the settings
	 * @param ticker a monotonic clock in nanoseconds
	 * @param clock the time of windows, nanoseconds since 1970
	 * @param metrics counts messages
	 */
	RedisLink(ReactiveStringRedisTemplate redis, Settings settings, Ticker ticker, LongSupplier clock,
			SharedMetrics metrics) {
		this.redis = redis;
		this.settings = settings;
		this.ticker = ticker;
		this.clock = clock;
		this.metrics = metrics;
	}

	private static String randomId() {
		byte[] bytes = new byte[8];
		new SecureRandom().nextBytes(bytes);
		return HexFormat.of().formatHex(bytes);
	}

	/** Adds a kind of state, before the start. */
	void add(SharedPart part) {
		this.parts.put(part.kind(), part);
	}

	/** Identifies this Weir among the others. */
	String id() {
		return this.id;
	}

	/**
	 * The current connection.
	 * @return 0 while Redis does not respond, otherwise a number that is different for
	 * each connection
	 */
	long connection() {
		return this.connection;
	}

	boolean isConnected() {
		return this.connection != 0;
	}

	/** How many Weirs were registered at the last beat. */
	int weirs() {
		return this.weirs;
	}

	LimitLeases.@Nullable Division division(long minute) {
		return this.divisions.get(minute);
	}

	/**
	 * The name of a key.
	 * @param tag keys with the same tag are on the same server of a cluster
	 * @param name the rest of the name
	 * @return the key
	 */
	String key(String tag, String name) {
		return this.settings.keyPrefix() + ":{" + tag + "}:" + name;
	}

	String channel() {
		return this.settings.keyPrefix() + ":" + this.settings.database();
	}

	/** Writes a message for the other Weirs. */
	String message(String kind, String text) {
		return kind + " " + this.id + " " + text;
	}

	/**
	 * Publishes a message to the other Weirs, if Redis responds.
	 * @param kind the kind of the part
	 * @param text the message
	 */
	void publish(String kind, String text) {
		run(RedisScripts.PUBLISH, List.of(key("publish", "none")), List.of(channel(), message(kind, text)), (reply) -> {
		});
	}

	/**
	 * Runs a script, if Redis responds.
	 * @param script the script
	 * @param keys its keys
	 * @param arguments its arguments
	 * @param onReply is called once, on any thread; with {@code null} if Redis did not
	 * reply in time
	 */
	void run(RedisScript<String> script, List<String> keys, List<String> arguments,
			Consumer<@Nullable String> onReply) {
		if (!isConnected()) {
			this.metrics.lost(1);
			onReply.accept(null);
			return;
		}
		Disposable unused = send(script, keys, arguments).subscribe(onReply, (error) -> {
			onFailure(error);
			this.metrics.lost(1);
			onReply.accept(null);
		});
	}

	private Mono<String> send(RedisScript<String> script, List<String> keys, List<String> arguments) {
		return Mono.defer(() -> this.redis.execute(script, keys, arguments).next())
			.defaultIfEmpty("")
			.subscribeOn(this.thread)
			.timeout(this.settings.timeout());
	}

	/**
	 * Reads all sets whose keys match a pattern.
	 * @param pattern the pattern
	 * @param most the largest number of sets
	 * @return the sets, on any thread
	 */
	Flux<Entries> entries(String pattern, long most) {
		return Flux.defer(() -> this.redis.scan(ScanOptions.scanOptions().match(pattern).count(SCAN_COUNT).build()))
			.take(most)
			.flatMap((key) -> this.redis.opsForSet().members(key).collectList().map((all) -> new Entries(key, all)),
					SCAN_PARALLEL)
			.subscribeOn(this.thread);
	}

	@Override
	public void start() {
		this.running = true;
		this.heardAt = this.ticker.read();
		tick();
		try {
			// so that the first requests find what other Weirs know
			boolean unused = this.firstTry.await(START.toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	/** Before the web server starts. */
	@Override
	public int getPhase() {
		return 0;
	}

	private void tick() {
		if (!this.running) {
			return;
		}
		Disposable unused = Mono.fromRunnable(this::subscribe)
			.subscribeOn(this.thread)
			.then(Mono.defer(this::beat))
			.subscribe((ignored) -> {
			}, (error) -> {
				onFailure(error);
				this.firstTry.countDown();
				later();
			}, () -> {
				if (isConnected()) {
					if (this.parts.values().stream().allMatch(SharedPart::isLoaded)) {
						this.firstTry.countDown();
					}
					this.parts.values().forEach(SharedPart::onTick);
				}
				later();
			});
	}

	private void later() {
		if (this.running) {
			Disposable unused = this.thread.schedule(this::tick,
					((isConnected() && this.firstTry.getCount() == 0) ? INTERVAL : LOST_INTERVAL).toMillis(),
					TimeUnit.MILLISECONDS);
		}
	}

	/** Runs on the thread, since it may wait for a connection. */
	private void subscribe() {
		if (this.subscribed && this.ticker.read() - this.heardAt > SILENCE.toNanos()) {
			this.subscribed = false;
		}
		if (!this.subscribed) {
			this.subscribed = true;
			this.heardAt = this.ticker.read();
			this.subscription.update(this.redis.listenTo(ChannelTopic.of(channel()))
				.subscribe((message) -> onMessage(message.getMessage()), (error) -> {
					this.subscribed = false;
					logger.debug("The subscription has ended", error);
				}));
		}
	}

	private Mono<Void> beat() {
		long now = this.clock.getAsLong();
		long minute = now / MINUTE_NANOS;
		boolean ahead = (minute + 1) * MINUTE_NANOS - now <= AHEAD_NANOS;
		List<Long> minutes = ahead ? List.of(minute, minute + 1) : List.of(minute);
		List<String> keys = new ArrayList<>(List.of(key("weirs", "members")));
		minutes.forEach((one) -> keys.add(key("weirs", "minute:" + one)));
		return send(RedisScripts.BEAT, keys,
				List.of(this.id, String.valueOf(VALID.toMillis()), channel(), message(BEAT, ""),
						mayDivide() ? "1" : "0"))
			// the loop of the connection is kept free
			.publishOn(this.thread)
			.doOnNext((reply) -> onBeat(minutes, reply))
			.then();
	}

	private synchronized boolean mayDivide() {
		return this.connections == 0 || isConnected()
				|| (this.beats && this.ticker.read() - this.beatenSince > RETURN.toNanos());
	}

	private void onBeat(List<Long> minutes, String reply) {
		String[] numbers = reply.split(" ");
		this.weirs = Integer.parseInt(numbers[0]);
		for (int i = 0; i < minutes.size(); i++) {
			int members = Integer.parseInt(numbers[2 * i + 1]);
			if (members > 0) {
				this.divisions.put(minutes.get(i), new LimitLeases.Division(members, "1".equals(numbers[2 * i + 2])));
			}
		}
		this.divisions.keySet().removeIf((minute) -> minute < minutes.get(0) - 2);
		connect(this.divisions.containsKey(minutes.get(0)));
	}

	private void connect(boolean divided) {
		synchronized (this) {
			long now = this.ticker.read();
			if (!this.beats) {
				this.beats = true;
				this.beatenSince = now;
			}
			if (isConnected() || !divided || !this.heard || !this.running) {
				return;
			}
			this.connections++;
			this.connection = this.connections;
			this.reported = false;
			this.refusalReported = false;
			logger.info("Redis responds: limits, cooldowns and owners of stored objects are shared, Weirs: {}",
					this.weirs);
		}
		this.parts.values().forEach(SharedPart::onConnected);
	}

	private void onFailure(Throwable error) {
		Throwable cause = NestedExceptionUtils.getMostSpecificCause(error);
		if (isRefusal(cause)) {
			onRefusal(cause);
			return;
		}
		lose((cause instanceof TimeoutException) ? "no reply within " + this.settings.timeout().toMillis() + " ms"
				: describe(cause));
	}

	/** Redis replied with an error, for instance because a permission is missing. */
	private static boolean isRefusal(Throwable cause) {
		return cause.getClass().getName().startsWith("io.lettuce.core.RedisCommandExecutionException");
	}

	private static String describe(Throwable cause) {
		String message = String.valueOf(cause.getMessage()).strip();
		return (message.length() > MAX_REASON) ? message.substring(0, MAX_REASON) + "..." : message;
	}

	private synchronized void onRefusal(Throwable cause) {
		if (!isConnected()) {
			lose(describe(cause));
		}
		else if (!this.refusalReported) {
			this.refusalReported = true;
			logger.warn("Redis refuses a command, so this state is not shared: {}", describe(cause));
		}
	}

	private synchronized void lose(String reason) {
		this.connection = 0;
		this.beats = false;
		this.heard = false;
		// the minutes may be divided anew by those who come back first
		this.divisions.clear();
		if (!this.reported && this.running) {
			this.reported = true;
			logger.warn("Redis does not respond ({}). Until it does, this Weir uses only its own memory: limits count "
					+ "for it alone", reason);
		}
	}

	private void onMessage(String message) {
		try {
			int kind = message.indexOf(' ');
			int from = message.indexOf(' ', kind + 1);
			if (kind < 0 || from < 0 || message.length() > MAX_MESSAGE) {
				this.metrics.invalid();
				return;
			}
			String sender = message.substring(kind + 1, from);
			if (sender.equals(this.id)) {
				this.heardAt = this.ticker.read();
				this.heard = true;
				return;
			}
			SharedPart part = this.parts.get(message.substring(0, kind));
			if (part != null) {
				part.onMessage(sender, message.substring(from + 1));
			}
			else if (!message.startsWith(BEAT + " ")) {
				this.metrics.invalid();
			}
		}
		catch (RuntimeException ex) {
			// anyone with access to Redis can publish anything
			this.metrics.invalid();
			logger.debug("A message of Redis is ignored", ex);
		}
	}

	/** Follows what a part has read from Redis as if another Weir had sent it. */
	void receive(String kind, String text) {
		onMessage(kind + " stored " + text);
	}

	@Override
	public void stop() {
		this.running = false;
		this.connection = 0;
		this.subscription.dispose();
		this.thread.dispose();
	}

	@Override
	public boolean isRunning() {
		return this.running;
	}

	/**
	 * A set in Redis.
	 *
	 * @param key its key
	 * @param entries its entries
	 */
	record Entries(String key, List<String> entries) {
	}

	/**
	 * The settings of the link.
	 *
	 * @param keyPrefix the beginning of all keys and of the channel
	 * @param database the number of the database, which separates keys but not channels
	 * @param timeout how long a reply may take
	 */
	record Settings(String keyPrefix, int database, Duration timeout) {
	}

}
