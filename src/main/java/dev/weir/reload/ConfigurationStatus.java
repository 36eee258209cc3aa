package dev.weir.reload;

import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import org.springframework.boot.health.contributor.Status;

/**
 * Whether the files contain the configuration that is in use; the component
 * {@code configuration} of health. It does not affect readiness, because requests are
 * served with the last valid configuration.
 */
final class ConfigurationStatus implements ReactiveHealthIndicator {

	private static final Status OUT_OF_DATE = new Status("OUT_OF_DATE");

	private final InstantSource clock;

	private volatile State state;

	ConfigurationStatus(InstantSource clock) {
		this.clock = clock;
		this.state = new State(clock.instant(), null, null, new TreeSet<>());
	}

	/**
	 * Records that the files contain the configuration in use.
	 * @param changed whether it was read from them now
	 * @param restartNeeded the properties that take effect only at a start
	 */
	void onValid(boolean changed, SortedSet<String> restartNeeded) {
		State last = this.state;
		this.state = new State(changed ? this.clock.instant() : last.loaded(), null, null, restartNeeded);
	}

	/**
	 * Records that the files contain mistakes.
	 * @param problem all mistakes
	 */
	void onInvalid(String problem) {
		State last = this.state;
		Instant since = (last.since() != null) ? last.since() : this.clock.instant();
		this.state = new State(last.loaded(), since, problem, last.restartNeeded());
	}

	Optional<String> problem() {
		return Optional.ofNullable(this.state.problem());
	}

	@Override
	public Mono<Health> health() {
		return Mono.fromSupplier(() -> {
			State now = this.state;
			Health.Builder health = (now.problem() != null) ? Health.status(OUT_OF_DATE) : Health.up();
			health.withDetail("loaded", now.loaded());
			if (now.problem() != null && now.since() != null) {
				health.withDetail("since", now.since()).withDetail("problem", now.problem());
			}
			if (!now.restartNeeded().isEmpty()) {
				health.withDetail("restartNeeded", List.copyOf(now.restartNeeded()));
			}
			return health.build();
		});
	}

	/**
	 * The state.
	 *
	 * @param loaded when the configuration in use was read
	 * @param since when the files became invalid, {@code null} if they are valid
	 * @param problem the mistakes, {@code null} if there are none
	 * @param restartNeeded the changed properties that take effect only at a start
	 */
	private record State(Instant loaded, @Nullable Instant since, @Nullable String problem,
			SortedSet<String> restartNeeded) {
	}

}
