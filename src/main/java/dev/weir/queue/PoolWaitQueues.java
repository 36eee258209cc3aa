package dev.weir.queue;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;

import dev.weir.backend.BackendCondition;
import dev.weir.backend.ConfigurationListener;
import dev.weir.backend.Pool;
import dev.weir.backend.PoolSet;
import dev.weir.backend.Pools;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.jspecify.annotations.Nullable;

/**
 * The queues of all pools, with the metric of waiting requests.
 */
public final class PoolWaitQueues implements MeterBinder, ConfigurationListener {

	private final Timing timing;

	private final Executor thread;

	// by the name of the pool, since a reload replaces the pool
	private final Map<String, WaitQueues> queues = new ConcurrentHashMap<>();

	private final Map<String, Gauge> gauges = new ConcurrentHashMap<>();

	private @Nullable MeterRegistry registry;

	/**
	 * Creates the queues, and registers them for lanes that become free.
	 * @param pools the pools
	 * @param timing the clock and the timers
	 * @param thread runs all changes of the queues, on one thread
	 */
	public PoolWaitQueues(Pools pools, Timing timing, Executor thread) {
		this.timing = timing;
		this.thread = thread;
		pools.all().forEach(this::open);
	}

	private void open(Pool pool) {
		WaitQueues queues = this.queues.computeIfAbsent(pool.name(),
				(name) -> new WaitQueues(pool, this.timing, this.thread, FairOrder::new));
		pool.onFree(queues::onFree);
	}

	/**
	 * Opens queues for new pools, before requests can reach them.
	 * @param prepared the next configuration
	 */
	@Override
	public void prepare(PoolSet prepared) {
		prepared.all().forEach(this::open);
	}

	/**
	 * Moves requests that wait and have made no attempt to the pools of a new
	 * configuration. Queues of removed pools exist until they are empty.
	 * @param current the new configuration, which new requests have already
	 */
	@Override
	public void onApplied(PoolSet current) {
		current.all().forEach((pool) -> of(pool).reload(pool));
		bindGauges();
	}

	/** Forgets the queues of pools that were removed, once no request waits in them. */
	@Override
	public void onRemoved(List<BackendCondition> gone, PoolSet current) {
		this.queues.entrySet()
			.removeIf((entry) -> current.get(entry.getKey()) == null && entry.getValue().waiting() == 0);
		bindGauges();
	}

	public WaitQueues of(Pool pool) {
		WaitQueues found = this.queues.get(pool.name());
		if (found == null) {
			// the pool was removed while the request did not wait
			open(pool);
			found = Objects.requireNonNull(this.queues.get(pool.name()));
		}
		return found;
	}

	@Override
	public void bindTo(MeterRegistry registry) {
		this.registry = registry;
		bindGauges();
	}

	private synchronized void bindGauges() {
		MeterRegistry target = this.registry;
		if (target == null) {
			return;
		}
		this.gauges.keySet().removeIf((name) -> {
			Gauge gauge = this.queues.containsKey(name) ? null : this.gauges.get(name);
			return gauge != null && target.remove(gauge) != null;
		});
		this.queues.forEach((name, it) -> this.gauges.computeIfAbsent(name,
				(pool) -> Gauge.builder("weir.pool.waiting", it, WaitQueues::waiting)
					.description("Requests that wait for a backend to be free")
					.tag("pool", pool)
					.register(target)));
	}

}
