package dev.weir.backend;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import com.github.benmanes.caffeine.cache.Ticker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import org.jspecify.annotations.Nullable;

import dev.weir.config.BackendProperties;
import dev.weir.config.PoolProperties;
import dev.weir.config.WeirProperties;

/**
 * The current pools, and the state of their backends across reloads. Reads are safe for
 * many threads. A reload is {@link #prepare}, which changes nothing that requests see,
 * and then {@link #apply}; both run on one thread.
 */
public final class Pools {

	private final CircuitBreakerRegistry breakers;

	private final Ticker ticker;

	// those of the current pools, and of removed backends with attempts in flight
	private final Map<BackendCondition.Key, BackendCondition> conditions = new LinkedHashMap<>();

	// by the name of the pool
	private final Map<String, FreeSignal> signals = new HashMap<>();

	private final CooldownExchange cooldowns = new CooldownExchange(this::current);

	private volatile PoolSet current;

	private volatile List<BackendCondition> removed = List.of();

	/**
	 * Creates the pools of the settings.
	 * @param properties the settings
	 * @param breakers creates the circuit breakers of the backends
	 * @param ticker a monotonic clock in nanoseconds
	 */
	public Pools(WeirProperties properties, CircuitBreakerRegistry breakers, Ticker ticker) {
		this.breakers = breakers;
		this.ticker = ticker;
		this.current = new PoolSet(properties, Map.of());
		apply(prepare(properties, null));
	}

	/**
	 * The configuration that new requests get.
	 * @return the current configuration
	 */
	public PoolSet current() {
		return this.current;
	}

	public Collection<Pool> all() {
		return this.current.all();
	}

	/**
	 * A pool by its name.
	 * @param name the name
	 * @return the pool, or {@code null} if there is none of that name
	 */
	public @Nullable Pool get(String name) {
		return this.current.get(name);
	}

	/**
	 * Exchanges cooldowns with other Weirs.
	 * @return the exchange, the same one at every call
	 */
	public CooldownExchange cooldowns() {
		return this.cooldowns;
	}

	/**
	 * Creates the pools of a new configuration. Requests see no change until
	 * {@link #apply}. The state of a backend is handed over if its pool, name, URL and
	 * dialect are the same. Objects of which nothing has changed stay the same.
	 * @param properties valid settings
	 * @param breakerSettings the settings of circuit breakers, or {@code null} for those
	 * of the registry
	 * @return what to apply
	 */
	public Change prepare(WeirProperties properties, @Nullable BreakerSettings breakerSettings) {
		Map<String, Pool> pools = new LinkedHashMap<>();
		List<BackendCondition> added = new ArrayList<>();
		properties.pools().forEach((name, settings) -> {
			Pool last = this.current.get(name);
			FreeSignal free = this.signals.computeIfAbsent(name, (it) -> new FreeSignal());
			List<Backend> backends = settings.backends()
				.stream()
				.map((backend) -> backend(backend, last, condition(name, backend, free, added, breakerSettings)))
				.toList();
			pools.put(name, pool(name, settings, backends, last, free));
		});
		return new Change(new PoolSet(properties, pools), added, breakerSettings);
	}

	private Pool pool(String name, PoolProperties settings, List<Backend> backends, @Nullable Pool last,
			FreeSignal free) {
		if (last == null) {
			return new Pool(name, settings, backends, this.ticker, free);
		}
		return (settings.equals(last.properties()) && backends.equals(last.backends())) ? last
				: last.reloaded(settings, backends, this.ticker);
	}

	private static Backend backend(BackendProperties settings, @Nullable Pool last, BackendCondition condition) {
		Backend before = (last != null) ? last.backend(settings.name()) : null;
		boolean same = before != null && before.condition() == condition && before.properties().equals(settings);
		return same ? Objects.requireNonNull(before)
				: new Backend(settings, condition, condition.credentialGeneration(settings));
	}

	private BackendCondition condition(String pool, BackendProperties settings, FreeSignal free,
			List<BackendCondition> added, @Nullable BreakerSettings breakerSettings) {
		BackendCondition.Key key = BackendCondition.Key.of(pool, settings);
		BackendCondition known = this.conditions.get(key);
		if (known != null) {
			return known;
		}
		CircuitBreaker breaker = (breakerSettings != null)
				? CircuitBreaker.of(settings.name(), breakerSettings.of(settings.name()))
				: this.breakers.circuitBreaker(settings.name());
		BackendCondition created = new BackendCondition(key, settings, breaker, this.ticker, free);
		created.exchangeCooldowns(this.cooldowns);
		added.add(created);
		return created;
	}

	/**
	 * Makes prepared pools the current ones.
	 * @param change the result of the last {@link #prepare}
	 */
	public void apply(Change change) {
		change.added.forEach((condition) -> this.conditions.put(condition.key(), condition));
		change.pools.all().forEach((pool) -> pool.backends().forEach((backend) -> {
			backend.condition().use(backend.properties());
			// a backend that was removed and is back has its circuit breaker still
			register(backend.condition().breaker());
		}));
		this.current = change.pools;
		if (change.breakerSettings != null) {
			replaceBreakers(change);
		}
		findRemoved();
	}

	private void findRemoved() {
		this.removed = this.conditions.values().stream().filter((condition) -> !isCurrent(condition)).toList();
	}

	/**
	 * The backends that a reload has removed, or given another address, while attempts
	 * run on them.
	 * @return their states, each with at least one attempt in flight
	 */
	public List<BackendCondition> draining() {
		return this.removed.stream().filter((condition) -> condition.inFlight() > 0).toList();
	}

	private void replaceBreakers(Change change) {
		BreakerSettings settings = Objects.requireNonNull(change.breakerSettings);
		for (BackendCondition condition : this.conditions.values()) {
			String name = condition.key().name();
			if (!change.added.contains(condition) && isCurrent(condition) && settings.isChanged(name)) {
				CircuitBreaker next = CircuitBreaker.of(name, settings.of(name));
				condition.gate.replace(next);
				register(next);
			}
		}
	}

	private void register(CircuitBreaker breaker) {
		CircuitBreaker registered = this.breakers.circuitBreaker(breaker.getName(), breaker.getCircuitBreakerConfig());
		if (registered != breaker) {
			this.breakers.replace(breaker.getName(), breaker);
		}
	}

	/**
	 * Forgets the removed backends that have no attempt in flight any more.
	 * @return their states
	 */
	public List<BackendCondition> forgetRemoved() {
		List<BackendCondition> gone = this.conditions.values()
			.stream()
			.filter((condition) -> condition.inFlight() == 0 && !isCurrent(condition))
			.toList();
		for (BackendCondition condition : gone) {
			this.conditions.remove(condition.key());
			condition.markRemoved();
			String name = condition.key().name();
			if (this.breakers.find(name).filter((breaker) -> breaker == condition.breaker()).isPresent()) {
				this.breakers.remove(name);
			}
		}
		this.signals.keySet().removeIf((pool) -> !isInUse(pool));
		findRemoved();
		return gone;
	}

	/**
	 * Whether a pool may have attempts in flight.
	 * @param pool the name of the pool
	 * @return {@code false} once the pool is removed and {@link #forgetRemoved} has
	 * forgotten all its backends
	 */
	public boolean isInUse(String pool) {
		return get(pool) != null || this.conditions.keySet().stream().anyMatch((key) -> key.pool().equals(pool));
	}

	private boolean isCurrent(BackendCondition condition) {
		Pool pool = get(condition.key().pool());
		Backend backend = (pool != null) ? pool.backend(condition.key().name()) : null;
		return backend != null && backend.condition() == condition;
	}

	/**
	 * A prepared configuration.
	 */
	public static final class Change {

		private final PoolSet pools;

		private final List<BackendCondition> added;

		private final @Nullable BreakerSettings breakerSettings;

		Change(PoolSet pools, List<BackendCondition> added, @Nullable BreakerSettings breakerSettings) {
			this.pools = pools;
			this.added = added;
			this.breakerSettings = breakerSettings;
		}

		public PoolSet pools() {
			return this.pools;
		}

	}

}
