package dev.weir.backend;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

/**
 * The attempts of one request: the lanes that may take it, those that were tried and what
 * came of it. Used by one request only, one step after the other.
 */
public final class Attempts {

	/** The exchange attribute that holds the attempts of a request to a pool. */
	public static final String ATTRIBUTE = Attempts.class.getName();

	private final Pool pool;

	private final List<Lane> lanes;

	private final Ticker ticker;

	private final long start;

	private final Set<Lane> tried = new HashSet<>();

	private final List<Ended> history = new ArrayList<>();

	private int count;

	private @Nullable Attempt current;

	/**
	 * Begins a request without any attempt yet.
	 * @param pool the pool the request was sent to
	 * @param lanes the lanes of the pool that serve it
	 * @param ticker a monotonic clock in nanoseconds
	 */
	public Attempts(Pool pool, List<Lane> lanes, Ticker ticker) {
		this.pool = pool;
		this.lanes = List.copyOf(lanes);
		this.ticker = ticker;
		this.start = ticker.read();
	}

	public Pool pool() {
		return this.pool;
	}

	public List<Lane> lanes() {
		return this.lanes;
	}

	/**
	 * Whether a lane has had its turn: it was called, or its circuit breaker refused.
	 * @param lane the lane
	 * @return whether it must not be chosen again
	 */
	public boolean isTried(Lane lane) {
		return this.tried.contains(lane);
	}

	/**
	 * Begins an attempt on a lane, if its circuit breaker lets it.
	 * @param lane the lane, which has had its turn after this in any case
	 * @return whether the attempt has begun
	 */
	public boolean tryBegin(Lane lane) {
		this.tried.add(lane);
		this.current = lane.tryBegin();
		if (this.current != null) {
			this.count++;
		}
		return this.current != null;
	}

	/**
	 * The attempt that runs.
	 * @return the attempt, or {@code null} between attempts
	 */
	public @Nullable Attempt current() {
		return this.current;
	}

	/**
	 * Ends the attempt that runs, if one does, so that another may follow.
	 * @param outcome what it came to
	 */
	public void end(Outcome outcome) {
		if (this.current != null) {
			this.current.end(outcome);
			this.history.add(new Ended(this.current.lane(), outcome));
			this.current = null;
		}
	}

	/**
	 * How many attempts have begun.
	 * @return the number of calls to backends
	 */
	public int count() {
		return this.count;
	}

	/**
	 * The attempts that ended without an answer for the client, in order.
	 * @return the attempts with their outcomes
	 */
	public List<Ended> history() {
		return List.copyOf(this.history);
	}

	/**
	 * The last attempt that ended without an answer for the client.
	 * @return the attempt with its outcome, or {@code null} before the first has ended
	 */
	public @Nullable Ended last() {
		return this.history.isEmpty() ? null : this.history.get(this.history.size() - 1);
	}

	/**
	 * The time since the request came.
	 * @return the time that all attempts have taken so far
	 */
	public Duration elapsed() {
		return Duration.ofNanos(this.ticker.read() - this.start);
	}

	/**
	 * An attempt that ended without an answer for the client.
	 *
	 * @param lane the lane that was tried
	 * @param outcome what it came to
	 */
	public record Ended(Lane lane, Outcome outcome) {
	}

}
