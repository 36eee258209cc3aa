package dev.weir.affinity;

import io.micrometer.core.instrument.MeterRegistry;
import org.jspecify.annotations.Nullable;

import dev.weir.backend.Pool;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.Binding;

/**
 * Counts requests that name stored objects, and lookups of unknown ones.
 */
final class AffinityMetrics {

	private final MeterRegistry registry;

	AffinityMetrics(MeterRegistry registry) {
		this.registry = registry;
	}

	void bound(Pool pool, @Nullable Binding binding) {
		count(pool, (binding == null) ? "unbound" : binding.isHome() ? "home" : "bound");
	}

	void refused(Pool pool, Throwable error) {
		int status = (error instanceof ApiErrorException known) ? known.error().status() : 500;
		count(pool, switch (status) {
			case 400 -> "conflict";
			case 404 -> "not-found";
			case 429 -> "limited";
			default -> "unavailable";
		});
	}

	private void count(Pool pool, String result) {
		this.registry.counter("weir.affinity.requests", "pool", pool.name(), "result", result).increment();
	}

	void lookedUp(LookupResult result) {
		String name = (result instanceof LookupResult.Found) ? "found" : (result instanceof LookupResult.Unknown)
				? "unknown" : (result instanceof LookupResult.Unsure) ? "unsure" : "limited";
		this.registry.counter("weir.affinity.lookups", "result", name).increment();
	}

}
