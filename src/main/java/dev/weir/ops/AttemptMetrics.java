package dev.weir.ops;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;

import dev.weir.backend.Attempt;
import dev.weir.backend.Backend;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import dev.weir.request.RequestContext;
import dev.weir.request.RequestListener;
import dev.weir.request.Attempts;

/**
 * Records the metrics of attempts and backends. Models are no tag, because clients choose
 * their names, and each name would add a time series.
 */
final class AttemptMetrics implements RequestListener {

	private final MeterRegistry registry;

	private final Map<Backend, BackendMeters> meters = new ConcurrentHashMap<>();

	AttemptMetrics(MeterRegistry registry) {
		this.registry = registry;
	}

	@Override
	public void onAttemptEnd(RequestContext context, Attempt attempt, Outcome outcome, Duration duration) {
		metersOf(attempt.lane()).attempts(outcome.label()).record(duration);
	}

	@Override
	public void onUsage(RequestContext context, Attempt attempt, long inputTokens, long outputTokens) {
		recordTokens(attempt.lane(), "input", inputTokens);
		recordTokens(attempt.lane(), "output", outputTokens);
	}

	private void recordTokens(Lane lane, String type, long count) {
		if (count > 0) {
			metersOf(lane).tokens(type).record(count);
		}
	}

	private BackendMeters metersOf(Lane lane) {
		BackendMeters known = this.meters.get(lane.backend());
		return (known != null) ? known : this.meters.computeIfAbsent(lane.backend(),
				(backend) -> new BackendMeters(this.registry, tags(lane.getServiceId(), backend)));
	}

	/**
	 * Registers the gauges of all backends.
	 * @param pools the pools
	 */
	void registerGauges(Pools pools) {
		pools.all().forEach((pool) -> pool.backends().forEach((backend) -> registerGauges(pool, backend)));
	}

	private void registerGauges(Pool pool, Backend backend) {
		Gauge.builder("weir.backend.available", backend, (it) -> it.isAvailable() ? 1 : 0)
			.description("1 if the backend as a whole is available now, else 0")
			.tags(tags(pool.name(), backend))
			.register(this.registry);
		Gauge.builder("weir.backend.in.flight", backend, Backend::inFlight)
			.description("Attempts in flight, until the last byte of their responses")
			.tags(tags(pool.name(), backend))
			.register(this.registry);
	}

	private static Tags tags(String pool, Backend backend) {
		return Tags.of("pool", pool, "backend", backend.name());
	}

}
