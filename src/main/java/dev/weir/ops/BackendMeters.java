package dev.weir.ops;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import org.jspecify.annotations.Nullable;

import dev.weir.backend.BackendCondition;
import dev.weir.request.Attempts;

/**
 * The meters of one backend of a pool, one for each outcome and each type of tokens. They
 * are cached, because a lookup in the registry builds and compares tags each time.
 */
final class BackendMeters {

	private final MeterRegistry registry;

	private final Tags tags;

	private volatile BackendCondition backend;

	private final Map<String, Timer> attempts = new ConcurrentHashMap<>();

	private final Map<String, DistributionSummary> tokens = new ConcurrentHashMap<>();

	private volatile @Nullable Counter cached;

	private final List<Gauge> gauges = new CopyOnWriteArrayList<>();

	BackendMeters(MeterRegistry registry, BackendCondition backend) {
		this.registry = registry;
		this.backend = backend;
		this.tags = Tags.of("pool", backend.key().pool(), "backend", backend.key().name());
	}

	Timer attempts(String outcome) {
		Timer known = this.attempts.get(outcome);
		return (known != null) ? known
				: this.attempts.computeIfAbsent(outcome,
						(label) -> Timer.builder("weir.attempts")
							.description("Attempts on backends, until the last byte of the response")
							.tags(this.tags.and("outcome", label))
							.register(this.registry));
	}

	DistributionSummary tokens(String type) {
		DistributionSummary known = this.tokens.get(type);
		// OpenTelemetry semantic conventions for generative AI, 1.41
		return (known != null) ? known
				: this.tokens.computeIfAbsent(type,
						(it) -> DistributionSummary.builder("gen_ai.client.token.usage")
							.description("Tokens that responses report")
							.baseUnit("token")
							.tags(this.tags.and("gen_ai.token.type", it))
							.register(this.registry));
	}

	Counter cachedTokens() {
		Counter known = this.cached;
		if (known == null) {
			// the registry returns the same counter to all
			known = Counter.builder("weir.cached.tokens")
				.description("Input tokens that were in the prompt cache of the backend")
				.tags(this.tags)
				.register(this.registry);
			this.cached = known;
		}
		return known;
	}

	/**
	 * Measures the state of the backend with gauges.
	 * @param current the state, another one if the URL of the backend has changed
	 */
	void measure(BackendCondition current) {
		this.backend = current;
		if (!this.gauges.isEmpty()) {
			return;
		}
		this.gauges.add(Gauge.builder("weir.backend.available", this, (it) -> it.backend.isAvailable() ? 1 : 0)
			.description("1 if the backend as a whole is available now, else 0")
			.tags(this.tags)
			.register(this.registry));
		this.gauges.add(Gauge.builder("weir.backend.in.flight", this, (it) -> it.backend.inFlight())
			.description("Attempts in flight, until the last byte of their responses")
			.tags(this.tags)
			.register(this.registry));
	}

	boolean isMeasuring(BackendCondition state) {
		return this.backend == state;
	}

	/** Removes all meters of the backend from the registry. */
	void close() {
		this.gauges.forEach(this.registry::remove);
		this.attempts.values().forEach(this.registry::remove);
		this.tokens.values().forEach(this.registry::remove);
		Counter counter = this.cached;
		if (counter != null) {
			this.registry.remove(counter);
		}
	}

}
