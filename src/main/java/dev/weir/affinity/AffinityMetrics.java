package dev.weir.affinity;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import org.jspecify.annotations.Nullable;

import dev.weir.backend.BackendCondition;
import dev.weir.backend.ConfigurationListener;
import dev.weir.backend.Pool;
import dev.weir.backend.PoolSet;
import dev.weir.backend.Pools;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.Binding;

/**
 * Counts requests that name stored objects or create one at a home backend, and lookups
 * of unknown objects.
 */
final class AffinityMetrics implements ConfigurationListener {

	private final MeterRegistry registry;

	private final Pools pools;

	// by pool and result
	private final Map<String, Map<String, Counter>> counters = new ConcurrentHashMap<>();

	AffinityMetrics(MeterRegistry registry, Pools pools) {
		this.registry = registry;
		this.pools = pools;
	}

	void bound(Pool pool, @Nullable Binding binding) {
		count(pool.name(), (binding == null) ? "unbound" : binding.isHome() ? "home" : "bound");
	}

	void refused(Pool pool, Throwable error) {
		int status = (error instanceof ApiErrorException known) ? known.error().status() : 500;
		count(pool.name(), switch (status) {
			case 400 -> "conflict";
			case 404 -> "not-found";
			case 429 -> "limited";
			default -> "unavailable";
		});
	}

	private void count(String pool, String result) {
		Map<String, Counter> known = this.counters.get(pool);
		Counter counter = (known != null) ? known.get(result) : null;
		counter = (counter != null) ? counter : register(pool, result);
		if (counter != null) {
			counter.increment();
		}
	}

	/** Excludes the removal of the pool, so that its meters do not come back. */
	private @Nullable Counter register(String pool, String result) {
		Map<String, Counter> ofPool = this.counters.compute(pool, (name, known) -> {
			if (known == null && this.pools.get(name) == null) {
				return null;
			}
			Map<String, Counter> counters = (known != null) ? known : new ConcurrentHashMap<>();
			counters.computeIfAbsent(result, (it) -> counter(name, it));
			return counters;
		});
		return (ofPool != null) ? ofPool.get(result) : null;
	}

	private Counter counter(String pool, String result) {
		return Counter.builder("weir.affinity.requests")
			.description("Requests that name stored objects or create one at a home backend")
			.tags("pool", pool, "result", result)
			.register(this.registry);
	}

	@Override
	public void onRemoved(List<BackendCondition> gone, PoolSet current) {
		for (String pool : this.counters.keySet()) {
			Map<String, Counter> removed = (current.get(pool) == null) ? this.counters.remove(pool) : null;
			if (removed != null) {
				removed.values().forEach(this.registry::remove);
			}
		}
	}

	void lookedUp(LookupResult result) {
		String name = (result instanceof LookupResult.Found) ? "found" : (result instanceof LookupResult.Unknown)
				? "unknown" : (result instanceof LookupResult.Unsure) ? "unsure" : "limited";
		this.registry.counter("weir.affinity.lookups", "result", name).increment();
	}

}
