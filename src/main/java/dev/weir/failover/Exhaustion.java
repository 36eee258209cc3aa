package dev.weir.failover;

import java.util.List;
import java.util.function.Predicate;

import dev.weir.request.Attempts;
import dev.weir.request.FailoverState;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.CooldownReason;

/**
 * Why no lane can take a request.
 */
enum Exhaustion {

	/** No backend of the pool knows the operation. */
	NO_LANE,

	/**
	 * At least one lane is at a limit, and becomes free by time or by the end of other
	 * requests.
	 */
	THROTTLED,

	/** The quota of every lane is used up. */
	OUT_OF_QUOTA,

	/** The request is larger than the quota of every lane. */
	TOO_LARGE,

	/** No lane serves the model. */
	MODEL_NOT_SERVED,

	/** No lane serves the operation for the model. */
	OPERATION_NOT_SERVED,

	/** The last failed backend did not respond in time. */
	TIMEOUT,

	/** The connection to the last failed backend failed. */
	CONNECTION,

	/** The last failed backend refused Weir's credential, or there was none. */
	DENIED,

	/** The last failed backend responded with an error. */
	FAILED,

	/** No backend was called, because every lane is set aside. */
	UNAVAILABLE;

	/**
	 * Decides the reason.
	 * @param failover the state of the request
	 * @param early whether another backend might have served the request, so that only
	 * the last outcome counts
	 * @return the reason
	 */
	static Exhaustion of(FailoverState failover, boolean early) {
		Attempts.Ended last = failover.attempts().last();
		if (early && last != null) {
			return switch (last.outcome().type()) {
				case THROTTLED, OUT_OF_QUOTA -> THROTTLED;
				case TOO_LARGE -> TOO_LARGE;
				// these lanes are set aside now, and the next request may use others
				case NOT_SERVED -> isWithoutWebSocket(failover) ? OPERATION_NOT_SERVED
						: (ofFailures(failover) == UNAVAILABLE) ? FAILED : ofFailures(failover);
				case SERVED, FAILED, DENIED, NO_CREDENTIAL, REJECTED, TOO_LONG, NOT_MINE, BROKEN, CANCELLED ->
					ofFailures(failover);
			};
		}
		List<Lane> lanes = failover.candidates().lanes();
		if (lanes.isEmpty()) {
			return NO_LANE;
		}
		if (lanes.stream()
			.anyMatch((lane) -> failover.candidates().fits(lane)
					&& (lane.cooldownReason() == CooldownReason.THROTTLED || isBusy(lane)))
				|| anyEnded(failover, (ended) -> of(ended.outcome()) == THROTTLED)) {
			return THROTTLED;
		}
		if (last != null && of(last.outcome()) == TOO_LARGE) {
			return TOO_LARGE;
		}
		if (lanes.stream().allMatch((lane) -> lane.cooldownReason() == CooldownReason.OUT_OF_QUOTA)) {
			return OUT_OF_QUOTA;
		}
		return lanes.stream().allMatch((lane) -> isMissing(failover, lane)) ? ofMissing(failover)
				: ofFailures(failover);
	}

	/** Whether every backend that was called refused the upgrade to a WebSocket. */
	private static boolean isWithoutWebSocket(FailoverState failover) {
		return failover.traits().operation().isHandshake()
				&& !anyEnded(failover, (ended) -> of(ended.outcome()) != OPERATION_NOT_SERVED);
	}

	/** Whether a lane does not serve the model or the operation. */
	private static boolean isMissing(FailoverState failover, Lane lane) {
		return lane.cooldownReason() == CooldownReason.NOT_SERVED || !lane.isServing(failover.traits().operation())
				|| anyEnded(failover, (ended) -> ended.lane() == lane && of(ended.outcome()).isMissing());
	}

	private static Exhaustion ofMissing(FailoverState failover) {
		boolean operation = failover.candidates()
			.lanes()
			.stream()
			.anyMatch((lane) -> !lane.isServing(failover.traits().operation()))
				|| anyEnded(failover, (ended) -> of(ended.outcome()) == OPERATION_NOT_SERVED);
		return operation ? OPERATION_NOT_SERVED : MODEL_NOT_SERVED;
	}

	private static Exhaustion ofFailures(FailoverState failover) {
		boolean called = failover.attempts().last() != null;
		Exhaustion last = (!called && failover.candidates().lanes().stream().allMatch((lane) -> isDenied(lane)))
				? DENIED : UNAVAILABLE;
		for (Attempts.Ended ended : failover.attempts().ended()) {
			Exhaustion reason = of(ended.outcome());
			last = reason.isFailure() ? reason : last;
		}
		return last;
	}

	private static boolean isDenied(Lane lane) {
		return lane.cooldownReason() == CooldownReason.DENIED || lane.cooldownReason() == CooldownReason.NO_CREDENTIAL;
	}

	/**
	 * Whether an operator must correct something before a lane can take the request.
	 * @param failover the state of the request
	 * @return whether the client need not repeat the request
	 */
	static boolean isLasting(FailoverState failover) {
		return !failover.candidates().lanes().isEmpty() && failover.candidates().lanes().stream().allMatch((lane) -> {
			CooldownReason reason = lane.cooldownReason();
			return (reason != null) ? reason.isLasting() : isMissing(failover, lane)
					|| anyEnded(failover, (ended) -> ended.lane() == lane && isDenied(ended.outcome()));
		});
	}

	/**
	 * Whether a lane has as many requests as its settings or its ramp allow.
	 */
	private static boolean isBusy(Lane lane) {
		return !lane.isAvailable() && lane.cooldownReason() == null && !lane.backend().isBreakerOpen()
				&& !lane.backend().isProbing();
	}

	private static boolean anyEnded(FailoverState failover, Predicate<Attempts.Ended> condition) {
		return failover.attempts().ended().stream().anyMatch(condition);
	}

	/**
	 * The reason for one outcome; {@link #UNAVAILABLE} if the outcome gives none.
	 */
	private static Exhaustion of(Outcome outcome) {
		return switch (outcome.type()) {
			case THROTTLED -> THROTTLED;
			case TOO_LARGE -> TOO_LARGE;
			case OUT_OF_QUOTA -> OUT_OF_QUOTA;
			case NOT_SERVED -> switch (((Outcome.NotServed) outcome).scope()) {
				case MODEL, REQUEST -> MODEL_NOT_SERVED;
				case OPERATION, OPERATION_IMPLIED -> OPERATION_NOT_SERVED;
			};
			case FAILED -> switch (((Outcome.Failed) outcome).kind()) {
				case TIMEOUT, DEADLINE -> TIMEOUT;
				case UNREACHED, CONNECTION -> CONNECTION;
				case STATUS, LOCAL -> FAILED;
			};
			case DENIED, NO_CREDENTIAL -> DENIED;
			case SERVED, REJECTED, TOO_LONG, NOT_MINE, BROKEN, CANCELLED -> UNAVAILABLE;
		};
	}

	private static boolean isDenied(Outcome outcome) {
		return switch (outcome.type()) {
			case DENIED -> true;
			case SERVED, THROTTLED, TOO_LARGE, OUT_OF_QUOTA, FAILED, NO_CREDENTIAL, NOT_SERVED, REJECTED, TOO_LONG,
					NOT_MINE, BROKEN, CANCELLED ->
				false;
		};
	}

	private boolean isMissing() {
		return switch (this) {
			case MODEL_NOT_SERVED, OPERATION_NOT_SERVED -> true;
			case NO_LANE, THROTTLED, OUT_OF_QUOTA, TOO_LARGE, TIMEOUT, CONNECTION, DENIED, FAILED, UNAVAILABLE -> false;
		};
	}

	/**
	 * Whether backends were called and failed. Then the error of a backend is a better
	 * reply than Weir's own.
	 * @return whether it is a failure of backends
	 */
	boolean isFailure() {
		return switch (this) {
			case TIMEOUT, CONNECTION, DENIED, FAILED -> true;
			case NO_LANE, THROTTLED, OUT_OF_QUOTA, TOO_LARGE, MODEL_NOT_SERVED, OPERATION_NOT_SERVED, UNAVAILABLE ->
				false;
		};
	}

}
