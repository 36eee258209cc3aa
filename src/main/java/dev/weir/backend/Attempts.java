package dev.weir.backend;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;

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

	// these two meet the client's going away, which comes on another thread at any time
	private final AtomicReference<@Nullable Attempt> current = new AtomicReference<>();

	private volatile boolean closed;

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
		Attempt attempt = lane.tryBegin();
		this.current.set(attempt);
		if (attempt == null) {
			return false;
		}
		this.count++;
		if (this.closed) {
			attempt.end(new Outcome.Cancelled());
		}
		return true;
	}

	/**
	 * Whether there is a lane that has not had its turn and may be called now.
	 * @return whether there is another
	 */
	public boolean hasAnother() {
		return this.lanes.stream().anyMatch((lane) -> !isTried(lane) && lane.isAvailable());
	}

	/**
	 * The attempt that runs.
	 * @return the attempt, or {@code null} between attempts
	 */
	public @Nullable Attempt current() {
		return this.current.get();
	}

	/**
	 * Ends the attempt that runs, if one does, so that another may follow.
	 * @param outcome what it came to
	 */
	public void end(Outcome outcome) {
		Attempt attempt = this.current.getAndSet(null);
		if (attempt != null) {
			attempt.end(outcome);
			this.history.add(new Ended(attempt.lane(), outcome));
		}
	}

	/**
	 * Ends the request for good, whatever runs: the client has its answer or went away.
	 * The only thing here that any thread may do at any time; an attempt that begins
	 * after it ends at once.
	 */
	public void close() {
		this.closed = true;
		Attempt attempt = this.current.get();
		if (attempt != null) {
			attempt.end(new Outcome.Cancelled());
		}
	}

	/**
	 * Whether the request has ended.
	 * @return whether nobody waits for an answer any more
	 */
	public boolean isClosed() {
		return this.closed;
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
