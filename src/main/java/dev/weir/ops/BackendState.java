package dev.weir.ops;

import java.time.Duration;
import java.util.List;

import dev.weir.backend.Backend;
import dev.weir.backend.Durations;
import dev.weir.backend.Lane;
import dev.weir.backend.Pool;
import dev.weir.backend.RestReason;

/**
 * What a backend is right now, and why.
 *
 * @param kind the state in one word
 * @param why the state in words
 * @param left how long it lasts as far as is known, zero if that is not known
 */
record BackendState(Kind kind, String why, Duration left) {

	/** The states, from good to bad. */
	enum Kind {

		/** Takes requests. */
		AVAILABLE(true),

		/** Takes a few requests at first, since it or one of its lanes has rested. */
		RAMPING(true),

		/** As many requests are in flight on it as it is allowed. */
		FULL(true),

		/** Some of its lanes rest after a 429. */
		PARTLY_RESTING(true),

		/** Rests: after a 429 on all lanes in use, or because it asked for time. */
		RESTING(true),

		/** Its circuit breaker is half open: a few requests try it. */
		PROBING(true),

		/** Its circuit breaker is open. */
		BREAKER_OPEN(false),

		/** Its quota is spent. */
		OUT_OF_QUOTA(false),

		/** It refuses Weir's credential, or Weir has none. */
		DENIED(false);

		private final boolean serving;

		Kind(boolean serving) {
			this.serving = serving;
		}

		/**
		 * Whether it serves, now or by itself within seconds.
		 * @return whether the backend is no reason to worry
		 */
		boolean isServing() {
			return this.serving;
		}

	}

	static BackendState of(Pool pool, Backend backend) {
		RestReason reason = backend.restReason();
		Duration left = backend.restLeft();
		if (reason == RestReason.DENIED) {
			return new BackendState(Kind.DENIED, "it refuses the credential that Weir has for it", left);
		}
		if (reason == RestReason.OUT_OF_QUOTA) {
			return new BackendState(Kind.OUT_OF_QUOTA, "its quota is spent", left);
		}
		if (backend.credentialProblem() != null) {
			return new BackendState(Kind.DENIED, backend.credentialProblem(), Duration.ZERO);
		}
		if (backend.isBreakerOpen()) {
			return new BackendState(Kind.BREAKER_OPEN, "it failed too often", backend.breakerOpenFor());
		}
		if (reason != null) {
			return new BackendState(Kind.RESTING, "it failed and asked for time", left);
		}
		if (backend.isProbing()) {
			return new BackendState(Kind.PROBING, "it failed too often and is tried again", Duration.ZERO);
		}
		if (backend.isFull()) {
			return new BackendState(Kind.FULL, backend.inFlight() + " requests are in flight, which is its limit",
					Duration.ZERO);
		}
		if (backend.isRamping()) {
			return new BackendState(Kind.RAMPING, "it has rested and takes a few requests at first", Duration.ZERO);
		}
		return ofLanes(pool.knownLanes().stream().filter((lane) -> lane.backend() == backend).toList());
	}

	private static BackendState ofLanes(List<Lane> lanes) {
		// a model that clients made up says nothing about the backend
		List<Lane> resting = lanes.stream()
			.filter((lane) -> lane.restReason() != null && lane.restReason() != RestReason.NO_SUCH_DEPLOYMENT)
			.toList();
		if (resting.isEmpty()) {
			return ofRampingLanes(
					lanes.stream().filter((lane) -> lane.isRamping() && lane.restReason() == null).toList());
		}
		Duration first = resting.stream().map(Lane::restLeft).min(Duration::compareTo).orElse(Duration.ZERO);
		String which = String.join(", ", resting.stream().map(BackendState::words).toList());
		return new BackendState((resting.size() == lanes.size()) ? Kind.RESTING : Kind.PARTLY_RESTING, which, first);
	}

	private static BackendState ofRampingLanes(List<Lane> lanes) {
		if (lanes.isEmpty()) {
			return new BackendState(Kind.AVAILABLE, "it takes requests", Duration.ZERO);
		}
		String which = String.join(", ", lanes.stream().map(BackendState::model).toList());
		return new BackendState(Kind.RAMPING, "after a rest it takes a few requests at first for " + which,
				Duration.ZERO);
	}

	private static String model(Lane lane) {
		return lane.model().isEmpty() ? "calls without a model" : lane.model();
	}

	private static String words(Lane lane) {
		return model(lane) + " rests another " + Durations.words(lane.restLeft()) + " (" + lane.restReason() + ")";
	}

}
