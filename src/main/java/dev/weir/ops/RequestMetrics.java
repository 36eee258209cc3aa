package dev.weir.ops;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;

import dev.weir.backend.PoolSet;
import dev.weir.backend.Pools;
import dev.weir.backend.BackendCondition;
import dev.weir.backend.ConfigurationListener;
import dev.weir.backend.Pool;
import dev.weir.request.RequestContext;
import dev.weir.request.RequestListener;
import dev.weir.request.RequestSummary;

/**
 * Records the requests of clients by pool and status, whatever attempts they needed.
 */
final class RequestMetrics implements RequestListener, ConfigurationListener {

	private final MeterRegistry registry;

	private final Pools pools;

	// by pool and status
	private final Map<String, Map<Integer, Timer>> timers = new ConcurrentHashMap<>();

	RequestMetrics(MeterRegistry registry, Pools pools) {
		this.registry = registry;
		this.pools = pools;
	}

	@Override
	public void onEnd(RequestContext context, RequestSummary summary) {
		Pool pool = context.pool();
		Map<Integer, Timer> known = this.timers.get(pool.name());
		if (known == null && this.pools.get(pool.name()) == null) {
			// the meters of a removed pool must not come back
			return;
		}
		Map<Integer, Timer> ofPool = (known != null) ? known
				: this.timers.computeIfAbsent(pool.name(), (name) -> new ConcurrentHashMap<>());
		Timer timer = ofPool.get(summary.status());
		timer = (timer != null) ? timer : ofPool.computeIfAbsent(summary.status(), (it) -> timer(pool.name(), it));
		timer.record(summary.duration());
	}

	/** Removes the meters of a pool once its last backend is gone. */
	@Override
	public void onRemoved(List<BackendCondition> gone, PoolSet current) {
		for (BackendCondition backend : gone) {
			String pool = backend.key().pool();
			Map<Integer, Timer> removed = (current.get(pool) == null) ? this.timers.remove(pool) : null;
			if (removed != null) {
				removed.values().forEach(this.registry::remove);
			}
		}
	}

	private Timer timer(String pool, int status) {
		return Timer.builder("weir.requests")
			.description("Requests to a pool, until the last byte of the reply")
			.tags("pool", pool, "status", String.valueOf(status))
			.register(this.registry);
	}

}
