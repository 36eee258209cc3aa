package dev.weir.ops;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Backend;
import dev.weir.backend.DurationText;
import dev.weir.backend.Lane;
import dev.weir.backend.Pool;
import dev.weir.backend.Refusal;
import dev.weir.backend.CooldownReason;

/**
 * The current state of a backend and the reason for it.
 *
 * @param kind the state
 * @param why the reason, a phrase for people
 * @param remaining how long the state lasts, zero if that is not known
 */
record BackendState(Kind kind, String why, Duration remaining) {

	// bounds the text: clients choose the names of models, so lanes can be many
	private static final int MAX_SHOWN = 20;

	/** The states, from healthy to unusable. */
	enum Kind {

		/** Takes requests. */
		AVAILABLE(true),

		/**
		 * The cooldown of the backend or of a lane is over; it takes a few requests at
		 * first.
		 */
		RAMPING(true),

		/** {@code max-concurrent} requests are in flight. */
		FULL(true),

		/**
		 * Some lanes are in cooldown, after a 429 or because the backend does not serve
		 * their models.
		 */
		PARTIAL_COOLDOWN(true),

		/**
		 * All lanes in use are in cooldown after a 429, or the backend failed with a
		 * delay.
		 */
		COOLDOWN(true),

		/** Its circuit breaker is half open and lets a few requests through. */
		PROBING(true),

		/** Its circuit breaker is open. */
		BREAKER_OPEN(false),

		/** It serves none of its configured models. */
		NO_MODEL(false),

		/** Its quota is used up for good. */
		OUT_OF_QUOTA(false),

		/** It refuses the credential of Weir, or Weir has none for it. */
		DENIED(false);

		private final boolean serving;

		Kind(boolean serving) {
			this.serving = serving;
		}

		/**
		 * Whether it serves requests now, or will within seconds without an operator.
		 * @return whether the backend needs no attention
		 */
		boolean isServing() {
			return this.serving;
		}

	}

	static BackendState of(Pool pool, Backend backend) {
		CooldownReason reason = backend.cooldownReason();
		Duration remaining = backend.cooldownLeft();
		if (reason == CooldownReason.DENIED) {
			return new BackendState(Kind.DENIED,
					"it refuses the credential that Weir has for it" + describe(backend.refusal()), remaining);
		}
		if (reason == CooldownReason.OUT_OF_QUOTA) {
			return new BackendState(Kind.OUT_OF_QUOTA, "its quota is used up" + describe(backend.refusal()), remaining);
		}
		if (backend.credentialProblem() != null) {
			return new BackendState(Kind.DENIED, backend.credentialProblem(), Duration.ZERO);
		}
		if (backend.isBreakerOpen()) {
			return new BackendState(Kind.BREAKER_OPEN, "it failed too often" + lastFailure(backend),
					backend.breakerOpenFor());
		}
		if (reason != null) {
			return new BackendState(Kind.COOLDOWN, "it failed and sent a delay" + lastFailure(backend), remaining);
		}
		if (backend.isProbing()) {
			return new BackendState(Kind.PROBING, "it failed too often and is being tried again" + lastFailure(backend),
					Duration.ZERO);
		}
		List<Lane> lanes = pool.knownLanes(backend);
		BackendState noModel = ofMissingModels(backend, lanes);
		if (noModel != null) {
			return noModel;
		}
		if (backend.isFull()) {
			return new BackendState(Kind.FULL, backend.inFlight() + " requests are in flight, which is its limit",
					Duration.ZERO);
		}
		if (backend.isRamping()) {
			return new BackendState(Kind.RAMPING, "after a cooldown it takes a few requests at first", Duration.ZERO);
		}
		return ofLanes(backend, lanes);
	}

	private static String lastFailure(Backend backend) {
		return (backend.lastFailure() != null) ? "; its last failure: " + backend.lastFailure() : "";
	}

	private static String describe(@Nullable Refusal refusal) {
		return (refusal != null) ? "; " + refusal : "";
	}

	/** Returns the state if the backend serves none of its configured models. */
	private static @Nullable BackendState ofMissingModels(Backend backend, List<Lane> lanes) {
		Set<String> models = backend.properties().models().keySet();
		List<Lane> missing = lanes.stream()
			.filter((lane) -> lane.cooldownReason() == CooldownReason.NOT_SERVED && models.contains(lane.model()))
			.toList();
		if (missing.isEmpty() || missing.size() < models.size()) {
			return null;
		}
		return new BackendState(Kind.NO_MODEL, "it serves none of its models: " + describe(missing),
				shortestCooldown(missing));
	}

	private static BackendState ofLanes(Backend backend, List<Lane> lanes) {
		List<Lane> counting = lanes.stream().filter((lane) -> counts(backend, lane, lanes)).toList();
		List<Lane> coolingDown = counting.stream().filter((lane) -> lane.cooldownReason() != null).toList();
		if (coolingDown.isEmpty()) {
			return ofRampingLanes(backend, counting.stream().filter(Lane::isRamping).toList());
		}
		boolean all = coolingDown.size() == counting.size()
				&& coolingDown.stream().noneMatch((lane) -> lane.cooldownReason() == CooldownReason.NOT_SERVED);
		return new BackendState(all ? Kind.COOLDOWN : Kind.PARTIAL_COOLDOWN, describe(coolingDown),
				shortestCooldown(coolingDown));
	}

	/**
	 * Whether a lane counts for the state of its backend. The lane of an unknown model
	 * does not, because a client may have made the name up, unless the backend has no
	 * other lane.
	 */
	private static boolean counts(Backend backend, Lane lane, List<Lane> lanes) {
		return lane.cooldownReason() != CooldownReason.NOT_SERVED
				|| backend.properties().models().containsKey(lane.model()) || lane.counts().served() > 0
				|| lanes.stream().noneMatch((other) -> other.cooldownReason() != CooldownReason.NOT_SERVED);
	}

	private static Duration shortestCooldown(List<Lane> lanes) {
		return lanes.stream().map(Lane::cooldownLeft).min(Duration::compareTo).orElse(Duration.ZERO);
	}

	private static String describe(List<Lane> lanes) {
		String shown = lanes.stream().limit(MAX_SHOWN).map(BackendState::describe).collect(Collectors.joining(", "));
		return (lanes.size() > MAX_SHOWN) ? shown + " and " + (lanes.size() - MAX_SHOWN) + " more" : shown;
	}

	private static BackendState ofRampingLanes(Backend backend, List<Lane> lanes) {
		if (lanes.isEmpty()) {
			return new BackendState(Kind.AVAILABLE,
					"it takes requests" + (backend.hasFailedLast() ? lastFailure(backend) : ""), Duration.ZERO);
		}
		String models = lanes.stream().limit(MAX_SHOWN).map(BackendState::model).collect(Collectors.joining(", "));
		return new BackendState(Kind.RAMPING, "after a cooldown it takes a few requests at first for " + models,
				Duration.ZERO);
	}

	private static String model(Lane lane) {
		return lane.model().isEmpty() ? "requests without a model" : lane.model();
	}

	private static String describe(Lane lane) {
		return model(lane) + " is in cooldown for another " + DurationText.of(lane.cooldownLeft()) + " ("
				+ lane.cooldownReason() + describe(lane.refusal()) + ")";
	}

}
