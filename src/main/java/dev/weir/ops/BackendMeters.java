package dev.weir.ops;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;

/**
 * The meters of one backend of a pool. Kept, since a registry makes tags and compares
 * them each time it is asked for one. As many as there are outcomes and kinds of tokens.
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
							.description("Calls to backends, until the last byte of the answer")
							.tags(this.tags.and("outcome", label))
							.register(this.registry));
	}

	DistributionSummary tokens(String type) {
		DistributionSummary known = this.tokens.get(type);
		// named by OpenTelemetry's semantic conventions for generative AI, 1.41
		return (known != null) ? known
				: this.tokens.computeIfAbsent(type,
						(it) -> DistributionSummary.builder("gen_ai.client.token.usage")
							.description("Tokens that answers say they took")
							.baseUnit("token")
							.tags(this.tags.and("gen_ai.token.type", it))
							.register(this.registry));
	}

}
