package dev.weir.ops;

import java.util.Map;
import java.util.stream.Collectors;

import reactor.core.publisher.Mono;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;

import dev.weir.backend.Pool;

/**
 * Health of one pool. It is out of service only if no backend can serve for a reason that
 * does not pass within seconds; a cooldown after a 429 is normal.
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
			boolean serving = states.keySet().stream().anyMatch(BackendState.Kind::isServing);
			return (serving ? Health.up() : Health.outOfService()).withDetail("backends", states).build();
		});
	}

}
