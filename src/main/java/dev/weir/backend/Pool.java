package dev.weir.backend;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

import dev.weir.config.PoolProperties;

/**
 * A set of backends that replace each other; the NAME in a route's
 * {@code uri: lb://NAME}. A reload replaces it as a whole.
 */
public final class Pool {

	// in a pool that serves every model, clients choose the names: bounded, and the
	// names that are used most stay
	private static final int MAX_MODELS = 1000;

	private final String name;

	private final PoolProperties properties;

	private final List<Backend> backends;

	private final Map<String, Backend> byName;

	private final RetryBudget retryBudget;

	private final FreeSignal free;

	private final LoadingCache<String, Lanes> lanes;

	/**
	 * Creates a pool without any history.
	 * @param name its name
	 * @param properties its settings
	 * @param backends its backends
	 * @param ticker a monotonic clock in nanoseconds
	 * @param free notifies of lanes that may be free
	 */
	Pool(String name, PoolProperties properties, List<Backend> backends, Ticker ticker, FreeSignal free) {
		this(name, properties, backends, ticker, free, new RetryBudget(properties.retryBudget(), ticker));
	}

	private Pool(String name, PoolProperties properties, List<Backend> backends, Ticker ticker, FreeSignal free,
			RetryBudget retryBudget) {
		this.name = name;
		this.properties = properties;
		this.backends = List.copyOf(backends);
		this.byName = backends.stream().collect(Collectors.toUnmodifiableMap(Backend::name, Function.identity()));
		this.free = free;
		this.retryBudget = retryBudget;
		this.lanes = Caffeine.newBuilder()
			.maximumSize(MAX_MODELS)
			.executor(Runnable::run)
			.build((model) -> Lanes.of(this.backends.stream()
				.filter((backend) -> backend.serves(model))
				.map((backend) -> new Lane(name, backend, model, properties.cooldown(), ticker, free))
				.toList()));
	}

	/**
	 * Creates the pool of the same name after a reload, with the lanes that are in use.
	 * @param changed the new settings
	 * @param next the new backends, with the state of those that remain
	 * @param ticker a monotonic clock in nanoseconds
	 * @return the pool
	 */
	Pool reloaded(PoolProperties changed, List<Backend> next, Ticker ticker) {
		Pool pool = new Pool(this.name, changed, next, ticker, this.free, this.retryBudget.with(changed.retryBudget()));
		this.lanes.asMap().keySet().forEach(pool::lanes);
		return pool;
	}

	public String name() {
		return this.name;
	}

	public PoolProperties properties() {
		return this.properties;
	}

	public List<Backend> backends() {
		return this.backends;
	}

	/**
	 * A backend by its name.
	 * @param name the name
	 * @return the backend, or {@code null} if the pool has none of that name
	 */
	public @Nullable Backend backend(String name) {
		return this.byName.get(name);
	}

	public RetryBudget retryBudget() {
		return this.retryBudget;
	}

	/**
	 * Sets the listener that is notified when a lane may have become free by another
	 * event than the passing of time: a response has begun, an attempt has ended, or a
	 * circuit breaker has changed its state. The listener is called on the thread of the
	 * event, usually an event loop. It must not block or throw, and must check which
	 * lanes are free.
	 * @param listener gets the state of the backend whose lanes may be free; replaces the
	 * previous listener
	 */
	public void onFree(Consumer<BackendCondition> listener) {
		this.free.listener(listener);
	}

	/**
	 * The lanes that serve a model.
	 * @param model the model as clients know it, empty for calls that name none
	 * @return the lanes, none if no backend of the pool serves the model
	 */
	public Lanes lanes(String model) {
		return this.lanes.get(model);
	}

	/**
	 * The lanes that have been used, ordered by model and backend.
	 * @return the lanes
	 */
	public List<Lane> knownLanes() {
		return this.lanes.asMap()
			.entrySet()
			.stream()
			.sorted(Map.Entry.comparingByKey(Comparator.naturalOrder()))
			.flatMap((entry) -> entry.getValue().stream())
			.toList();
	}

	/**
	 * The lanes of one backend that have been used, ordered by model. The cost depends on
	 * the number of models, not of backends.
	 * @param backend the backend
	 * @return its lanes
	 */
	public List<Lane> knownLanes(Backend backend) {
		List<Lane> known = new ArrayList<>();
		for (Lanes lanes : this.lanes.asMap().values()) {
			Lane lane = lanes.of(backend);
			if (lane != null) {
				known.add(lane);
			}
		}
		known.sort(Comparator.comparing(Lane::model));
		return known;
	}

	/**
	 * The models of the pool: those in the configuration of its backends, and those that
	 * a backend for every model has served.
	 * @return the models' names in order
	 */
	public SortedSet<String> models() {
		SortedSet<String> models = configuredModels();
		knownLanes().stream()
			.filter((lane) -> !lane.model().isEmpty() && lane.counts().served() > 0)
			.forEach((lane) -> models.add(lane.model()));
		return models;
	}

	/**
	 * The models in the configuration of the backends.
	 * @return the models' names in order
	 */
	public SortedSet<String> configuredModels() {
		SortedSet<String> models = new TreeSet<>();
		this.backends.forEach((backend) -> models.addAll(backend.properties().models().keySet()));
		models.remove("*");
		return models;
	}

	@Override
	public String toString() {
		return this.name;
	}

}
