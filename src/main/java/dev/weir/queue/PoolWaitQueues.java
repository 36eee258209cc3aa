package dev.weir.queue;

import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.stream.Collectors;

import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;

/**
 * The queues of all pools, with the metric of waiting requests.
 */
public final class PoolWaitQueues implements MeterBinder {

	private final Map<Pool, WaitQueues> queues;

	/**
	 * Creates the queues, and registers them for lanes that become free.
	 * @param pools the pools
	 * @param timing the clock and the timers
	 * @param thread runs all changes of the queues, on one thread
	 */
	public PoolWaitQueues(Pools pools, Timing timing, Executor thread) {
		this.queues = pools.all()
			.stream()
			.collect(Collectors.toUnmodifiableMap(Function.identity(),
					(pool) -> new WaitQueues(pool, timing, thread, ArrivalOrder::new)));
		this.queues.forEach((pool, it) -> pool.onFree(it::onFree));
	}

	public WaitQueues of(Pool pool) {
		WaitQueues found = this.queues.get(pool);
		if (found == null) {
			throw new IllegalArgumentException("Unknown pool " + pool);
		}
		return found;
	}

	@Override
	public void bindTo(MeterRegistry registry) {
		this.queues.forEach((pool, it) -> Gauge.builder("weir.pool.waiting", it, WaitQueues::waiting)
			.description("Requests that wait for a backend to be free")
			.tag("pool", pool.name())
			.register(registry));
	}

}
