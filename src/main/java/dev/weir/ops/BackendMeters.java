package dev.weir.ops;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import dev.weir.request.Attempts;

/**
 * The meters of one backend of a pool, one for each outcome and each type of tokens. They
 * are cached, because a lookup in the registry builds and compares tags each time.
 */
final class BackendMeters {

	private final MeterRegistry registry;

	private final Tags tags;

	private final Map<String, Timer> attempts = new ConcurrentHashMap<>();

	private final Map<String, DistributionSummary> tokens = new ConcurrentHashMap<>();

	BackendMeters(MeterRegistry registry, Tags tags) {
		this.registry = registry;
		this.tags = tags;
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

}
