package dev.weir.request;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Lane;
import dev.weir.backend.Lanes;
import dev.weir.backend.Outcome;
import dev.weir.backend.RequestTraits;

/**
 * The lanes that one request may use: those that serve its model, without those that were
 * tried and those that do not fit it. Used on the request's loop only, except by a queue
 * while the request waits in it.
 */
public final class Candidates {

	private Lanes lanes;

	private final Lanes wider;

	private boolean bound;

	private final RequestTraits request;

	private final Set<Lane> tried = new HashSet<>();

	// in this choice only: another request took the last place of the lane after it was
	// found available
	private final Set<Lane> refused = new HashSet<>();

	// lanes of this priority and of higher tiers are excluded
	private int floor;

	// lanes whose known token limit is not higher are excluded; -1 for no limit
	private long tooFewTokens = -1;

	private boolean largerTried;

	/**
	 * Creates the candidates of a request.
	 * @param lanes the lanes that it may use
	 * @param wider the lanes that it may use once the first ones are out of service
	 * @param bound whether the objects that the request names restrict these lanes
	 * @param request its properties
	 */
	Candidates(Lanes lanes, Lanes wider, boolean bound, RequestTraits request) {
		this.bound = bound;
		this.lanes = lanes;
		this.wider = wider;
		this.request = request;
	}

	/**
	 * All lanes that serve the request's model.
	 * @return the lanes, tried or not
	 */
	public Lanes lanes() {
		return this.lanes;
	}

	/**
	 * Whether a lane may be chosen now.
	 * @param lane the lane
	 * @return whether it is available, was not tried, did not refuse in this choice and
	 * fits the request
	 */
	public boolean contains(Lane lane) {
		return isOpen(lane) && lane.isAvailable();
	}

	/**
	 * Whether a lane could serve the request, regardless of its state: it serves the
	 * operation, its tier is not too high for the request, and it is not known to have
	 * too few tokens.
	 * @param lane the lane
	 * @return whether it could
	 */
	public boolean fits(Lane lane) {
		return lane.priority() > this.floor && lane.isServing(this.request.operation())
				&& (this.tooFewTokens < 0 || lane.tokenLimit().orElse(Long.MAX_VALUE) > this.tooFewTokens);
	}

	private boolean isExcluded(Lane lane) {
		return this.tried.contains(lane) || !fits(lane);
	}

	/**
	 * Whether an attempt may begin on a lane, if the lane itself allows it.
	 * @param lane a lane of any pool
	 * @return {@code false} if the request must not use the lane, for instance because
	 * the objects that it names are on another backend
	 */
	boolean accepts(Lane lane) {
		return isOpen(lane) && this.lanes.contains(lane);
	}

	boolean isOpen(Lane lane) {
		return !this.refused.contains(lane) && !isExcluded(lane);
	}

	/**
	 * Whether there is a lane that may be called now.
	 * @return whether one of the lanes may be chosen
	 */
	public boolean hasAvailable() {
		for (Lane lane : this.lanes) {
			if (contains(lane)) {
				return true;
			}
		}
		return false;
	}

	/**
	 * The lanes that were not tried and fit the request, free or not. Lanes that refused
	 * in this choice are included, since the next choice may use them.
	 * @return the lanes in the order of {@link #lanes()}
	 */
	public List<Lane> remaining() {
		for (Lane lane : this.lanes) {
			if (isExcluded(lane)) {
				return this.lanes.stream().filter((it) -> !isExcluded(it)).toList();
			}
		}
		return this.lanes;
	}

	/**
	 * The time until {@link #remaining()} becomes larger because a lane accepts the
	 * request's operation again.
	 * @return the time left, or {@code null} if no lane is set aside for the operation
	 */
	public @Nullable Duration timeUntilMoreRemain() {
		Duration soonest = null;
		for (Lane lane : this.lanes) {
			Duration time = lane.setAsideFor(this.request.operation());
			if (!time.isZero() && !this.tried.contains(lane) && lane.priority() > this.floor
					&& (soonest == null || time.compareTo(soonest) < 0)) {
				soonest = time;
			}
		}
		return soonest;
	}

	/**
	 * The time until a lane that was not tried may be free.
	 * @return the time as far as it is known; zero if a lane is free now or if that
	 * depends on other requests; {@code null} if every lane was tried
	 */
	public @Nullable Duration freeIn() {
		Duration soonest = null;
		for (Lane lane : this.lanes) {
			if (isOpen(lane)) {
				Duration time = Objects.requireNonNullElse(lane.freeIn(), Duration.ZERO);
				soonest = (soonest == null || time.compareTo(soonest) < 0) ? time : soonest;
			}
		}
		return soonest;
	}

	/**
	 * Begins a choice: lanes that refused during the last one may be chosen again.
	 */
	public void beginChoice() {
		this.refused.clear();
	}

	/**
	 * Records that a lane refused an attempt, so that it is not chosen again in this
	 * choice.
	 */
	void onRefused(Lane lane) {
		this.refused.add(lane);
	}

	/**
	 * Records that an attempt has begun on a lane, so that it is never chosen again for
	 * this request.
	 */
	void onTried(Lane lane) {
		this.tried.add(lane);
	}

	/**
	 * Allows a lane that was tried to be chosen again, because no other lane can take the
	 * request, or because the request has changed.
	 * @param lane the lane
	 */
	public void allowAgain(Lane lane) {
		this.tried.remove(lane);
	}

	/**
	 * Whether other lanes are excluded because of the objects that the request names.
	 * @return {@code false} if all lanes may be used by now
	 */
	public boolean isBound() {
		return this.bound;
	}

	/**
	 * Whether a lane would be available if the request were not bound.
	 * @return whether {@link #widen()} adds a lane that may be called now
	 */
	public boolean hasAvailableWider() {
		for (Lane lane : this.wider) {
			if (contains(lane)) {
				return true;
			}
		}
		return false;
	}

	/** Adds the lanes that the request may use once the first ones are out of service. */
	public void widen() {
		this.lanes = this.wider;
		this.bound = false;
	}

	/**
	 * Excludes the lanes of a server that does not know what the request contains.
	 * @param lane the lane that responded so
	 * @return whether another lane is available now
	 */
	public boolean restrictToOtherServers(Lane lane) {
		for (Lane other : this.lanes) {
			if (other.backend().isAtServerOf(lane.backend())) {
				this.tried.add(other);
			}
		}
		return hasAvailable();
	}

	/**
	 * Restricts the candidates to tiers below that of a lane. Works once for a request.
	 * @param lane the lane
	 * @return whether one of them is available now; otherwise nothing has changed
	 */
	public boolean restrictToLowerTiers(Lane lane) {
		if (this.floor > 0) {
			return false;
		}
		this.floor = lane.priority();
		if (!hasAvailable()) {
			this.floor = 0;
		}
		return this.floor > 0;
	}

	/**
	 * Restricts the candidates to lanes whose token limit is unknown or higher than that
	 * of a lane whose backend found the request too large. Works once for a request.
	 * @param lane the lane whose limit was too low
	 * @param tooLarge the outcome of the attempt on it
	 * @return whether such a lane is left, free or not; otherwise nothing has changed
	 */
	public boolean restrictToLargerLanes(Lane lane, Outcome.TooLarge tooLarge) {
		if (this.largerTried) {
			return false;
		}
		long limit = (tooLarge.limit() != null) ? tooLarge.limit() : lane.tokenLimit().orElse(0);
		// a limit equal to the requested tokens is high enough
		long requested = (tooLarge.requested() != null) ? tooLarge.requested() - 1 : 0;
		this.tooFewTokens = Math.max(limit, requested);
		this.largerTried = freeIn() != null;
		if (!this.largerTried) {
			this.tooFewTokens = -1;
		}
		return this.largerTried;
	}

}
