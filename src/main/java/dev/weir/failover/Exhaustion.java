package dev.weir.failover;

import java.util.List;
import java.util.function.Predicate;

import dev.weir.backend.Attempts;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
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

	/** None has a deployment for the model. */
	NO_SUCH_DEPLOYMENT,

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
			boolean full = last.outcome() instanceof Outcome.Throttled || last.outcome() instanceof Outcome.OutOfQuota;
			return full ? THROTTLED : ofFailures(attempts);
		}
		List<Lane> lanes = attempts.lanes();
		if (lanes.isEmpty()) {
			return NO_LANE;
		}
		if (lanes.stream().anyMatch((lane) -> lane.restReason() == RestReason.THROTTLED || isBusy(lane))
				|| cameTo(attempts, Outcome.Throttled.class)) {
			return THROTTLED;
		}
		if (lanes.stream().allMatch(rests(RestReason.OUT_OF_QUOTA))) {
			return OUT_OF_QUOTA;
		}
		boolean missing = attempts.history().size() == lanes.size()
				&& attempts.history().stream().allMatch((it) -> it.outcome() instanceof Outcome.NoSuchDeployment);
		return (missing || lanes.stream().allMatch(rests(RestReason.NO_SUCH_DEPLOYMENT))) ? NO_SUCH_DEPLOYMENT
				: ofFailures(attempts);
	}

	private static Exhaustion ofFailures(Attempts attempts) {
		Exhaustion last = UNAVAILABLE;
		for (Attempts.Ended ended : attempts.history()) {
			if (ended.outcome() instanceof Outcome.Failed failure) {
				last = switch (failure.kind()) {
					case TIMEOUT -> TIMEOUT;
					case UNREACHED, CONNECTION -> CONNECTION;
					case STATUS, LOCAL -> FAILED;
				};
			}
			else if (ended.outcome() instanceof Outcome.Denied || ended.outcome() instanceof Outcome.NoCredential) {
				last = DENIED;
			}
		}
		return last;
	}

	/**
	 * Whether it has as many requests as it may, by its settings or so soon after a rest.
	 */
	private static boolean isBusy(Lane lane) {
		return !lane.isAvailable() && lane.restReason() == null && !lane.backend().isBreakerOpen()
				&& !lane.backend().isProbing();
	}

	private static Predicate<Lane> rests(RestReason reason) {
		return (lane) -> lane.restReason() == reason;
	}

	private static boolean cameTo(Attempts attempts, Class<? extends Outcome> outcome) {
		return attempts.history().stream().anyMatch((ended) -> outcome.isInstance(ended.outcome()));
	}

	/**
	 * Whether backends were called and failed, so that what one of them really said is
	 * the better answer.
	 * @return whether it is a failure of backends
	 */
	boolean isFailure() {
		return switch (this) {
			case TIMEOUT, CONNECTION, DENIED, FAILED -> true;
			case NO_LANE, THROTTLED, OUT_OF_QUOTA, NO_SUCH_DEPLOYMENT, UNAVAILABLE -> false;
		};
	}

}
