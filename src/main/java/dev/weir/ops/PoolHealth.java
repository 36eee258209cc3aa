package dev.weir.ops;

import java.util.Map;
import java.util.stream.Collectors;

import reactor.core.publisher.Mono;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;

import dev.weir.backend.Pool;

/**
 * Health of one pool: out of service only when no backend of it can serve for a reason
 * that does not pass by itself in seconds. Resting after a 429 is everyday life.
 */
final class PoolHealth implements ReactiveHealthIndicator {

	private final Pool pool;

	PoolHealth(Pool pool) {
		this.pool = pool;
	}

	@Override
	public Mono<Health> health() {
		return Mono.fromSupplier(() -> {
			Map<BackendState.Kind, Long> states = this.pool.backends()
				.stream()
				.collect(Collectors.groupingBy((backend) -> BackendState.of(this.pool, backend).kind(),
						Collectors.counting()));
			boolean serves = states.keySet().stream().anyMatch(BackendState.Kind::isServing);
			return (serves ? Health.up() : Health.outOfService()).withDetail("backends", states).build();
		});
	}

}
