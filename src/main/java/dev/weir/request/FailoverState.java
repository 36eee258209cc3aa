package dev.weir.request;

import java.time.Duration;
import java.util.function.LongSupplier;

import dev.weir.backend.Attempt;
import dev.weir.backend.AttemptListener;
import dev.weir.backend.Lane;
import dev.weir.backend.Pool;
import dev.weir.backend.RequestTraits;

/**
 * The state of failover of one request: the lanes it may use, the attempts that were made
 * on them, and the time that is left. Used on the request's loop only, except by a queue
 * while the request waits in it.
 */
public final class FailoverState {

	private final Pool pool;

	private final RequestTraits traits;

	private final Candidates candidates;

	private final Attempts attempts = new Attempts();

	private final Deadline deadline;

	private final AttemptListener listener;

	private Duration waited = Duration.ZERO;

	private long arrival;

	private boolean moved;

	private boolean repeatable = true;

	FailoverState(Pool pool, Candidates candidates, Deadline deadline, RequestTraits traits, AttemptListener listener) {
		this.pool = pool;
		this.traits = traits;
		this.candidates = candidates;
		this.deadline = deadline;
		this.listener = listener;
	}

	/**
	 * Continues a request that has waited and made no attempt in a new configuration.
	 * @param changed the pool of the same name
	 * @param possible its lanes that may serve the request
	 * @return the state, with the times and the arrival number of this one
	 */
	FailoverState movedTo(Pool changed, Candidates possible) {
		FailoverState moved = new FailoverState(changed, possible, this.deadline.with(changed.properties().deadline()),
				this.traits, this.listener);
		moved.waited = this.waited;
		moved.arrival = this.arrival;
		moved.moved = true;
		return moved;
	}

	/**
	 * The pool whose lanes the request may use.
	 * @return the pool in the configuration of the request
	 */
	public Pool pool() {
		return this.pool;
	}

	/**
	 * The properties of the request that lanes depend on.
	 * @return the traits
	 */
	public RequestTraits traits() {
		return this.traits;
	}

	/**
	 * The lanes that the request may use.
	 * @return the candidates
	 */
	public Candidates candidates() {
		return this.candidates;
	}

	/**
	 * The attempts that were made.
	 * @return the attempts
	 */
	public Attempts attempts() {
		return this.attempts;
	}

	/**
	 * The time that the request has left.
	 * @return the deadline
	 */
	public Deadline deadline() {
		return this.deadline;
	}

	/**
	 * Begins an attempt on a lane, if the lane allows it and is one of the
	 * {@link #candidates()}. A load balancer that a user has written may pick another
	 * one, which for instance does not have the objects that the request names.
	 * @param lane the lane. It is not chosen again for this request if the attempt
	 * begins, and not again in this choice if it refuses
	 * @return whether the attempt has begun
	 */
	public boolean tryBegin(Lane lane) {
		Attempt attempt = this.candidates.accepts(lane) ? lane.tryBegin(this.traits, this.listener) : null;
		if (attempt == null) {
			this.candidates.onRefused(lane);
			return false;
		}
		this.candidates.onTried(lane);
		this.attempts.begin(attempt);
		return true;
	}

	/**
	 * Sets whether the request may be sent again if the running attempt fails without a
	 * response.
	 * @param repeatable whether it may
	 */
	public void repeatable(boolean repeatable) {
		this.repeatable = repeatable;
	}

	/**
	 * Whether another lane could take the request now if the running attempt failed
	 * without a response. If not, there is no reason to end the attempt early.
	 * @return whether the request may be sent again, a lane is available, and neither the
	 * retry budget nor {@code max-attempts} would be used up
	 */
	public boolean canTryAnotherLane() {
		return this.repeatable && this.attempts.counted() + 1 < this.pool.properties().maxAttempts()
				&& this.pool.retryBudget().hasRetry() && this.candidates.hasAvailable();
	}

	/**
	 * Records that an attempt has begun to serve the request.
	 * @param attempt the attempt
	 */
	public void onServed(Attempt attempt) {
		attempt.lane().onServed(this.traits);
	}

	/**
	 * Records that the request has waited for a lane.
	 * @param time how long
	 */
	public void addWait(Duration time) {
		this.waited = this.waited.plus(time);
	}

	/**
	 * Whether the request has waited in a previous configuration, so that it has its
	 * place among the waiting requests already.
	 * @return whether it was moved
	 */
	public boolean wasMoved() {
		return this.moved;
	}

	/**
	 * The request's number among those that have waited. A request that waits again keeps
	 * its place in the order of arrival.
	 * @param next gives the number at the first wait
	 * @return a positive number
	 */
	public long arrival(LongSupplier next) {
		if (this.arrival == 0) {
			this.arrival = next.getAsLong();
		}
		return this.arrival;
	}

	/**
	 * How long the request has waited for lanes.
	 * @return the sum of all waits
	 */
	public Duration waited() {
		return this.waited;
	}

}
