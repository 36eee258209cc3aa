package dev.weir.ops;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import org.jspecify.annotations.Nullable;

import dev.weir.backend.Attempt;
import dev.weir.backend.BackendCondition;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.PoolSet;
import dev.weir.request.RequestContext;
import dev.weir.request.RequestListener;
import dev.weir.request.Attempts;

/**
 * Records the metrics of attempts and backends. Models are no tag, because clients choose
 * their names, and each name would add a time series.
 */
public final class AttemptMetrics implements RequestListener {

	private final MeterRegistry registry;

	private final Map<BackendCondition, BackendMeters> meters = new ConcurrentHashMap<>();

	AttemptMetrics(MeterRegistry registry) {
		this.registry = registry;
	}

	@Override
	public void onAttemptEnd(RequestContext context, Attempt attempt, Outcome outcome, Duration duration) {
		BackendMeters backend = metersOf(attempt.lane());
		if (backend != null) {
			backend.attempts(outcome.label()).record(duration);
		}
	}

	@Override
	public void onUsage(RequestContext context, Attempt attempt, long inputTokens, long outputTokens) {
		recordTokens(attempt.lane(), "input", inputTokens);
		recordTokens(attempt.lane(), "output", outputTokens);
	}

	private void recordTokens(Lane lane, String type, long count) {
		BackendMeters backend = (count > 0) ? metersOf(lane) : null;
		if (backend != null) {
			backend.tokens(type).record(count);
		}
	}

	private @Nullable BackendMeters metersOf(Lane lane) {
		BackendCondition backend = lane.backend().condition();
		BackendMeters known = this.meters.get(backend);
		// a request that began before the backend was removed must not create meters that
		// stay forever
		return (known != null || backend.isRemoved()) ? known : this.meters.computeIfAbsent(backend, this::meters);
	}

	private BackendMeters meters(BackendCondition backend) {
		return new BackendMeters(this.registry, Tags.of("pool", backend.key().pool(), "backend", backend.key().name()));
	}

	/**
	 * Registers the gauges of all backends that have none.
	 * @param configuration the pools
	 */
	public void registerGauges(PoolSet configuration) {
		configuration.all()
			.forEach((pool) -> pool.backends()
				.forEach((backend) -> this.meters.computeIfAbsent(backend.condition(), this::meters)
					.registerGauges(backend.condition())));
	}

	/**
	 * Removes the meters of a backend that was removed from the configuration.
	 * @param backend the state of the backend
	 */
	public void remove(BackendCondition backend) {
		BackendMeters removed = this.meters.remove(backend);
		if (removed != null) {
			removed.close();
		}
	}

}
