package dev.weir.failover;

import java.util.List;

import dev.weir.backend.Attempts;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.OutcomeType;
import dev.weir.backend.RestReason;

/**
 * Why no lane can take a request.
 */
enum Exhaustion {

	/** No backend of the pool knows the operation. */
	NO_LANE,

	/**
	 * At least one lane is at a limit; time, or the end of other requests, will free it.
	 */
	THROTTLED,

	/** The quota of all is spent. */
	OUT_OF_QUOTA,

	/** The request is larger than the quota of all. */
	TOO_LARGE,

	/** None serves the model. */
	MODEL_NOT_SERVED,

	/** None serves the operation, at least not for the model. */
	OPERATION_NOT_SERVED,

	/** The last that failed did not answer in time. */
	TIMEOUT,

	/** The last that failed could not be reached. */
	CONNECTION,

	/** The last that failed refused Weir's credential, or there was none. */
	DENIED,

	/** The last that failed said so itself. */
	FAILED,

	/** None was called: all are set aside. */
	UNAVAILABLE;

	/**
	 * Tells why.
	 * @param attempts what was tried
	 * @param early whether another backend might have served, so that what the last one
	 * came to is all there is to say
	 * @return why no lane takes the request
	 */
	static Exhaustion of(Attempts attempts, boolean early) {
		Attempts.Ended last = attempts.last();
		if (early && last != null) {
			return switch (last.outcome().type()) {
				case THROTTLED, OUT_OF_QUOTA -> THROTTLED;
				case TOO_LARGE -> TOO_LARGE;
				// they are set aside now, and others may be asked the next time
				case NOT_SERVED -> (ofFailures(attempts) == UNAVAILABLE) ? FAILED : ofFailures(attempts);
				case SERVED, FAILED, DENIED, NO_CREDENTIAL, REJECTED, TOO_LONG, BROKEN, CANCELLED ->
					ofFailures(attempts);
			};
		}
		List<Lane> lanes = attempts.lanes();
		if (lanes.isEmpty()) {
			return NO_LANE;
		}
		if (lanes.stream()
			.anyMatch((lane) -> attempts.fits(lane) && (lane.restReason() == RestReason.THROTTLED || isBusy(lane)))
				|| cameTo(attempts, OutcomeType.THROTTLED)) {
			return THROTTLED;
		}
		if (last != null && last.outcome().type() == OutcomeType.TOO_LARGE) {
			return TOO_LARGE;
		}
		if (lanes.stream().allMatch((lane) -> lane.restReason() == RestReason.OUT_OF_QUOTA)) {
			return OUT_OF_QUOTA;
		}
		return lanes.stream().allMatch((lane) -> isMissing(attempts, lane)) ? ofMissing(attempts)
				: ofFailures(attempts);
	}

	/** Whether a lane does not serve the model or the operation. */
	private static boolean isMissing(Attempts attempts, Lane lane) {
		return lane.restReason() == RestReason.NOT_SERVED || !lane.isServing(attempts.request().operation())
				|| attempts.history()
					.stream()
					.anyMatch((ended) -> ended.lane() == lane && ended.outcome().type() == OutcomeType.NOT_SERVED);
	}

	private static Exhaustion ofMissing(Attempts attempts) {
		boolean operation = attempts.lanes()
			.stream()
			.anyMatch((lane) -> !lane.isServing(attempts.request().operation()))
				|| attempts.history()
					.stream()
					.anyMatch((ended) -> ended.outcome() instanceof Outcome.NotServed missing
							&& missing.scope() != Outcome.Scope.MODEL && missing.scope() != Outcome.Scope.REQUEST);
		return operation ? OPERATION_NOT_SERVED : MODEL_NOT_SERVED;
	}

	private static Exhaustion ofFailures(Attempts attempts) {
		boolean called = attempts.last() != null;
		Exhaustion last = (!called && attempts.lanes().stream().allMatch((lane) -> isDenied(lane))) ? DENIED
				: UNAVAILABLE;
		for (Attempts.Ended ended : attempts.history()) {
			last = switch (ended.outcome().type()) {
				case FAILED -> switch (((Outcome.Failed) ended.outcome()).kind()) {
					case TIMEOUT, DEADLINE -> TIMEOUT;
					case UNREACHED, CONNECTION -> CONNECTION;
					case STATUS, LOCAL -> FAILED;
				};
				case DENIED, NO_CREDENTIAL -> DENIED;
				case SERVED, THROTTLED, TOO_LARGE, OUT_OF_QUOTA, NOT_SERVED, REJECTED, TOO_LONG, BROKEN, CANCELLED ->
					last;
			};
		}
		return last;
	}

	private static boolean isDenied(Lane lane) {
		return lane.restReason() == RestReason.DENIED || lane.restReason() == RestReason.NO_CREDENTIAL;
	}

	/**
	 * Whether no lane can take the request before an operator has mended something, so
	 * that no waiting helps the client.
	 * @param attempts what was tried
	 * @return whether it is in vain to come again
	 */
	static boolean isLasting(Attempts attempts) {
		return !attempts.lanes().isEmpty() && attempts.lanes().stream().allMatch((lane) -> {
			RestReason reason = lane.restReason();
			return (reason != null) ? reason.isLasting()
					: isMissing(attempts, lane) || attempts.history()
						.stream()
						.anyMatch((ended) -> ended.lane() == lane && ended.outcome().type() == OutcomeType.DENIED);
		});
	}

	/**
	 * Whether it has as many requests as it may, by its settings or so soon after a rest.
	 */
	private static boolean isBusy(Lane lane) {
		return !lane.isAvailable() && lane.restReason() == null && !lane.backend().isBreakerOpen()
				&& !lane.backend().isProbing();
	}

	private static boolean cameTo(Attempts attempts, OutcomeType type) {
		return attempts.history().stream().anyMatch((ended) -> ended.outcome().type() == type);
	}

	/**
	 * Whether backends were called and failed, so that what one of them really said is
	 * the better answer.
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
