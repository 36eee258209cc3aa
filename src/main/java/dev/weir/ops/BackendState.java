package dev.weir.ops;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Backend;
import dev.weir.backend.Durations;
import dev.weir.backend.Lane;
import dev.weir.backend.Pool;
import dev.weir.backend.Refusal;
import dev.weir.backend.RestReason;

/**
 * What a backend is right now, and why.
 *
 * @param kind the state in one word
 * @param why the state in words
 * @param left how long it lasts as far as is known, zero if that is not known
 */
record BackendState(Kind kind, String why, Duration left) {

	// a backend may have as many lanes as clients invent models
	private static final int MAX_SHOWN = 20;

	/** The states, from good to bad. */
	enum Kind {

		/** Takes requests. */
		AVAILABLE(true),

		/** Takes a few requests at first, since it or one of its lanes has rested. */
		RAMPING(true),

		/** As many requests are in flight on it as it is allowed. */
		FULL(true),

		/**
		 * Some of its lanes rest, after a 429 or since it does not serve their models.
		 */
		PARTLY_RESTING(true),

		/** Rests: after a 429 on all lanes in use, or because it asked for time. */
		RESTING(true),

		/** Its circuit breaker is half open: a few requests try it. */
		PROBING(true),

		/** Its circuit breaker is open. */
		BREAKER_OPEN(false),

		/** It serves none of the models it is configured to serve. */
		NO_MODEL(false),

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
			return new BackendState(Kind.DENIED,
					"it refuses the credential that Weir has for it" + words(backend.refusal()), left);
		}
		if (reason == RestReason.OUT_OF_QUOTA) {
			return new BackendState(Kind.OUT_OF_QUOTA, "its quota is spent" + words(backend.refusal()), left);
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
		List<Lane> lanes = pool.knownLanes(backend);
		BackendState missing = ofMissingModels(backend, lanes);
		if (missing != null) {
			return missing;
		}
		if (backend.isFull()) {
			return new BackendState(Kind.FULL, backend.inFlight() + " requests are in flight, which is its limit",
					Duration.ZERO);
		}
		if (backend.isRamping()) {
			return new BackendState(Kind.RAMPING, "it has rested and takes a few requests at first", Duration.ZERO);
		}
		return ofLanes(backend, lanes);
	}

	private static String words(@Nullable Refusal refusal) {
		return (refusal != null) ? ": " + refusal : "";
	}

	/** Whether it serves none of the models that it is configured to serve. */
	private static @Nullable BackendState ofMissingModels(Backend backend, List<Lane> lanes) {
		Set<String> models = backend.properties().models().keySet();
		List<Lane> missing = lanes.stream()
			.filter((lane) -> lane.restReason() == RestReason.NOT_SERVED && models.contains(lane.model()))
			.toList();
		if (missing.isEmpty() || missing.size() < models.size()) {
			return null;
		}
		return new BackendState(Kind.NO_MODEL, "it serves none of its models: " + words(missing), first(missing));
	}

	private static BackendState ofLanes(Backend backend, List<Lane> lanes) {
		List<Lane> counting = lanes.stream().filter((lane) -> counts(backend, lane, lanes)).toList();
		List<Lane> resting = counting.stream().filter((lane) -> lane.restReason() != null).toList();
		if (resting.isEmpty()) {
			return ofRampingLanes(counting.stream().filter(Lane::isRamping).toList());
		}
		boolean all = resting.size() == counting.size()
				&& resting.stream().noneMatch((lane) -> lane.restReason() == RestReason.NOT_SERVED);
		return new BackendState(all ? Kind.RESTING : Kind.PARTLY_RESTING, words(resting), first(resting));
	}

	/**
	 * Whether a lane says something about its backend. A model that a client made up does
	 * not, unless the backend has served nothing else so far.
	 */
	private static boolean counts(Backend backend, Lane lane, List<Lane> lanes) {
		return lane.restReason() != RestReason.NOT_SERVED || backend.properties().models().containsKey(lane.model())
				|| lane.counts().served() > 0
				|| lanes.stream().noneMatch((other) -> other.restReason() != RestReason.NOT_SERVED);
	}

	private static Duration first(List<Lane> lanes) {
		return lanes.stream().map(Lane::restLeft).min(Duration::compareTo).orElse(Duration.ZERO);
	}

	private static String words(List<Lane> lanes) {
		String shown = lanes.stream().limit(MAX_SHOWN).map(BackendState::words).collect(Collectors.joining(", "));
		return (lanes.size() > MAX_SHOWN) ? shown + " and " + (lanes.size() - MAX_SHOWN) + " more" : shown;
	}

	private static BackendState ofRampingLanes(List<Lane> lanes) {
		if (lanes.isEmpty()) {
			return new BackendState(Kind.AVAILABLE, "it takes requests", Duration.ZERO);
		}
		String which = lanes.stream().limit(MAX_SHOWN).map(BackendState::model).collect(Collectors.joining(", "));
		return new BackendState(Kind.RAMPING, "after a rest it takes a few requests at first for " + which,
				Duration.ZERO);
	}

	private static String model(Lane lane) {
		return lane.model().isEmpty() ? "calls without a model" : lane.model();
	}

	private static String words(Lane lane) {
		return model(lane) + " rests another " + Durations.words(lane.restLeft()) + " (" + lane.restReason()
				+ words(lane.refusal()) + ")";
	}

}
