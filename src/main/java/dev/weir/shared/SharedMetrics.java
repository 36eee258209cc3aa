package dev.weir.shared;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

/**
 * Counts what was not shared.
 */
final class SharedMetrics {

	private final Counter lost;

	private final Counter invalid;

	SharedMetrics(MeterRegistry registry) {
		this.lost = Counter.builder("weir.shared.lost")
			.description("Messages and reports that did not reach Redis")
			.register(registry);
		this.invalid = Counter.builder("weir.shared.invalid")
			.description("Messages from Redis that were ignored because they are not valid")
			.register(registry);
	}

	void lost(int count) {
		this.lost.increment(count);
	}

	void invalid() {
		this.invalid.increment();
	}

}
