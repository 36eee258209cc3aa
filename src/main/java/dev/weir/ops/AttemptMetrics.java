package dev.weir.ops;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;

import dev.weir.backend.AttemptListener;
import dev.weir.backend.Backend;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.backend.Pools;

/**
 * Metrics of attempts and backends. Model names are left out of the tags: clients make
 * them up, and each would be a time series of its own.
 */
final class AttemptMetrics implements AttemptListener {

	private final MeterRegistry registry;

	private final Map<Backend, BackendMeters> meters = new ConcurrentHashMap<>();

	AttemptMetrics(MeterRegistry registry) {
		this.registry = registry;
	}

	@Override
	public void ended(Lane lane, Outcome outcome, Duration duration) {
		of(lane).attempts(outcome.label()).record(duration);
	}

	@Override
	public void used(Lane lane, long inputTokens, long outputTokens) {
		tokens(lane, "input", inputTokens);
		tokens(lane, "output", outputTokens);
	}

	private void tokens(Lane lane, String type, long count) {
		if (count > 0) {
			of(lane).tokens(type).record(count);
		}
	}

	private BackendMeters of(Lane lane) {
		BackendMeters known = this.meters.get(lane.backend());
		return (known != null) ? known : this.meters.computeIfAbsent(lane.backend(),
				(backend) -> new BackendMeters(this.registry, tags(lane.getServiceId(), backend)));
	}

	/**
	 * Adds gauges of how each backend is.
	 * @param pools the pools
	 */
	void watch(Pools pools) {
		pools.all().forEach((pool) -> pool.backends().forEach((backend) -> watch(pool, backend)));
	}

	private void watch(Pool pool, Backend backend) {
		Gauge.builder("weir.backend.available", backend, (it) -> it.isAvailable() ? 1 : 0)
			.description("1 if the backend as a whole may be called now, else 0")
			.tags(tags(pool.name(), backend))
			.register(this.registry);
		Gauge.builder("weir.backend.in.flight", backend, Backend::inFlight)
			.description("Attempts that run now, until the last byte of their answers")
			.tags(tags(pool.name(), backend))
			.register(this.registry);
	}

	private static Tags tags(String pool, Backend backend) {
		return Tags.of("pool", pool, "backend", backend.name());
	}

}
