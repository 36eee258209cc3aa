package dev.weir.ops;

import java.time.InstantSource;
import java.time.temporal.ChronoUnit;

import reactor.core.publisher.Mono;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import org.springframework.boot.health.contributor.Status;

import dev.weir.backend.Backend;
import dev.weir.backend.DurationText;
import dev.weir.backend.Pool;
import dev.weir.backend.Refusal;

/**
 * Health of one backend: its state and the reason. The state follows from the requests of
 * clients; Weir sends no health checks, which would cost tokens.
 */
final class BackendHealth implements ReactiveHealthIndicator {

	private final Pool pool;

	private final Backend backend;

	private final InstantSource clock;

	BackendHealth(Pool pool, Backend backend, InstantSource clock) {
		this.pool = pool;
		this.backend = backend;
		this.clock = clock;
	}

	@Override
	public Mono<Health> health() {
		return Mono.fromSupplier(() -> {
			BackendState state = BackendState.of(this.pool, this.backend);
			Health.Builder health = Health.status(status(state.kind()))
				.withDetail("pool", this.pool.name())
				.withDetail("url", this.backend.url().toString())
				.withDetail("state", state.kind())
				.withDetail("why", state.why())
				.withDetail("breaker", this.backend.breaker().getState());
			Refusal refused = this.backend.lastRefusal();
			if (refused != null) {
				health.withDetail("refused",
						this.backend.refusedInARow() + " different requests in a row without a reason: " + refused);
			}
			if (!state.remaining().isZero()) {
				health.withDetail("remaining", DurationText.of(state.remaining()))
					.withDetail("until", this.clock.instant().plus(state.remaining()).truncatedTo(ChronoUnit.MILLIS));
			}
			return health.build();
		});
	}

	private static Status status(BackendState.Kind kind) {
		return switch (kind) {
			case AVAILABLE, RAMPING, FULL, PARTIAL_COOLDOWN, PROBING -> Status.UP;
			case COOLDOWN -> new Status("COOLDOWN");
			case BREAKER_OPEN -> new Status("BREAKER_OPEN");
			case NO_MODEL -> new Status("NO_MODEL");
			case OUT_OF_QUOTA -> new Status("OUT_OF_QUOTA");
			case DENIED -> new Status("DENIED");
		};
	}

}
