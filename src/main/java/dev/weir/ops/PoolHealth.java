package dev.weir.ops;

import java.util.Map;
import java.util.stream.Collectors;

import reactor.core.publisher.Mono;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;

import dev.weir.backend.BackendCondition;
import dev.weir.backend.Pool;
import dev.weir.backend.Pools;

/**
 * Health of one pool. It is out of service only if no backend can serve for a reason that
 * does not pass within seconds; a cooldown after a 429 is normal.
 */
final class PoolHealth implements ReactiveHealthIndicator {

	private final Pool pool;

	private final Pools pools;

	PoolHealth(Pool pool, Pools pools) {
		this.pool = pool;
		this.pools = pools;
	}

	@Override
	public Mono<Health> health() {
		return Mono.fromSupplier(() -> {
			Map<BackendState.Kind, Long> states = this.pool.backends()
				.stream()
				.collect(Collectors.groupingBy((backend) -> BackendState.of(this.pool, backend).kind(),
						Collectors.counting()));
			boolean serving = states.keySet().stream().anyMatch(BackendState.Kind::isServing);
			Health.Builder health = (serving ? Health.up() : Health.outOfService()).withDetail("backends", states);
			Map<String, Integer> draining = draining();
			return (draining.isEmpty() ? health : health.withDetail("draining", draining)).build();
		});
	}

	/** The removed backends, with the attempts that still run on them. */
	private Map<String, Integer> draining() {
		return this.pools.draining()
			.stream()
			.filter((backend) -> backend.key().pool().equals(this.pool.name()))
			.collect(Collectors.toMap((backend) -> backend.key().name(), BackendCondition::inFlight, Integer::sum));
	}

}
