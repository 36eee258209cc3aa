package dev.weir.ops;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import io.micrometer.core.instrument.MeterRegistry;
import org.jspecify.annotations.Nullable;

import dev.weir.backend.ConfigurationListener;
import dev.weir.backend.Attempt;
import dev.weir.backend.BackendCondition;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.PoolSet;
import dev.weir.openai.stream.Usage;
import dev.weir.request.RequestContext;
import dev.weir.request.RequestListener;
import dev.weir.request.Attempts;

/**
 * Records the metrics of attempts and backends. Models are no tag, because clients choose
 * their names, and each name would add a time series.
 */
final class AttemptMetrics implements RequestListener, ConfigurationListener {

	private final MeterRegistry registry;

	// by pool and name, since a backend with another URL continues the same time series
	private final Map<Id, BackendMeters> meters = new ConcurrentHashMap<>();

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
	public void onTokensUsed(RequestContext context, Attempt attempt, Usage usage) {
		recordTokens(attempt.lane(), "input", usage.inputTokens());
		recordTokens(attempt.lane(), "output", usage.outputTokens());
		BackendMeters backend = (usage.cachedTokens() > 0) ? metersOf(attempt.lane()) : null;
		if (backend != null) {
			backend.cachedTokens().increment(usage.cachedTokens());
		}
	}

	private void recordTokens(Lane lane, String type, long count) {
		BackendMeters backend = (count > 0) ? metersOf(lane) : null;
		if (backend != null) {
			backend.tokens(type).record(count);
		}
	}

	private @Nullable BackendMeters metersOf(Lane lane) {
		BackendCondition backend = lane.backend().condition();
		BackendMeters known = this.meters.get(Id.of(backend));
		// a request that began before the backend was removed must not create meters that
		// stay forever
		return (known != null || backend.isRemoved()) ? known
				: this.meters.computeIfAbsent(Id.of(backend), (id) -> new BackendMeters(this.registry, backend));
	}

	/**
	 * Registers the gauges of new backends.
	 * @param configuration the pools
	 */
	@Override
	public void onApplied(PoolSet configuration) {
		configuration.all()
			.forEach((pool) -> pool.backends()
				.forEach((backend) -> this.meters
					.computeIfAbsent(Id.of(backend.condition()),
							(id) -> new BackendMeters(this.registry, backend.condition()))
					.measure(backend.condition())));
	}

	@Override
	public void onRemoved(List<BackendCondition> gone, PoolSet current) {
		for (BackendCondition backend : gone) {
			BackendMeters meters = this.meters.get(Id.of(backend));
			if (meters != null && meters.isMeasuring(backend)) {
				this.meters.remove(Id.of(backend));
				meters.close();
			}
		}
	}

	private record Id(String pool, String backend) {

		static Id of(BackendCondition backend) {
			return new Id(backend.key().pool(), backend.key().name());
		}

	}

}
