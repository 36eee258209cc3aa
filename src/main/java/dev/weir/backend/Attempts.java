package dev.weir.backend;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
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

	private final Lanes lanes;

	private final RequestTraits request;

	private final Ticker ticker;

	private volatile long start;

	// the deadline has not begun: the client is still sending
	private volatile boolean uploading;

	private final Set<Lane> tried = new HashSet<>();

	// for this round only: their places were taken between the look and the choice
	private final Set<Lane> refused = new HashSet<>();

	// lanes of this priority and better ones are out of the question
	private int floor;

	// lanes that are known to have no more tokens are out of the question; -1 for none
	private long tooFewTokens = -1;

	private boolean largerTried;

	private Duration waited = Duration.ZERO;

	private final List<Ended> history = new ArrayList<>();

	private int count;

	private boolean repeatable = true;

	// these two meet the client's going away, which comes on another thread at any time
	private final AtomicReference<@Nullable Attempt> current = new AtomicReference<>();

	private volatile boolean closed;

	/**
	 * Begins a request without any attempt yet.
	 * @param pool the pool the request was sent to
	 * @param lanes the lanes of the pool that serve it
	 * @param ticker a monotonic clock in nanoseconds
	 */
	public Attempts(Pool pool, Lanes lanes, Ticker ticker) {
		this(pool, lanes, RequestTraits.UNKNOWN, ticker);
	}

	/**
	 * Begins a request without any attempt yet.
	 * @param pool the pool the request was sent to
	 * @param lanes the lanes of the pool that serve it
	 * @param request what is known of it
	 * @param ticker a monotonic clock in nanoseconds
	 */
	public Attempts(Pool pool, Lanes lanes, RequestTraits request, Ticker ticker) {
		this.pool = pool;
		this.lanes = lanes;
		this.request = request;
		this.ticker = ticker;
		this.start = ticker.read();
	}

	public Pool pool() {
		return this.pool;
	}

	public Lanes lanes() {
		return this.lanes;
	}

	/**
	 * Whether a lane is out of the question: it was called, it refused in this round, or
	 * it does not fit the request.
	 * @param lane the lane
	 * @return whether it must not be chosen
	 */
	public boolean isTried(Lane lane) {
		return this.refused.contains(lane) || isExcluded(lane);
	}

	/**
	 * The lanes that the request may still use, free or not: neither tried nor unfit for
	 * it. Lanes that refused in this round count, since they may be asked again.
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
	 * When {@link #remaining()} becomes larger by time alone: the request's operation is
	 * set aside on a lane until then.
	 * @return the time left, or {@code null} if it does not become larger
	 */
	public @Nullable Duration moreRemainIn() {
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

	private boolean isExcluded(Lane lane) {
		return this.tried.contains(lane) || !fits(lane);
	}

	/**
	 * Whether a lane could serve the request, whatever state it is in: it serves the
	 * operation, its tier is not too high for the request, and it is not known to have
	 * too few tokens.
	 * @param lane the lane
	 * @return whether it could
	 */
	public boolean fits(Lane lane) {
		return lane.priority() > this.floor && lane.isServing(this.request.operation())
				&& (this.tooFewTokens < 0 || lane.tokenLimit().orElse(Long.MAX_VALUE) > this.tooFewTokens);
	}

	/**
	 * What is known of the request.
	 * @return what matters to lanes
	 */
	public RequestTraits request() {
		return this.request;
	}

	/**
	 * Whether a lane may be chosen now.
	 * @param lane the lane
	 * @return whether it is not out of the question and is available
	 */
	public boolean isCandidate(Lane lane) {
		return !isTried(lane) && lane.isAvailable();
	}

	/**
	 * Begins a round of choosing: lanes that refused in the last one may be asked again.
	 */
	public void beginRound() {
		this.refused.clear();
	}

	/**
	 * Whether a lane refused in this round though it had looked free, so that it makes
	 * little sense to ask again at once.
	 * @return whether one did
	 */
	public boolean isRefused() {
		return !this.refused.isEmpty();
	}

	/**
	 * Begins an attempt on a lane, if the lane lets it.
	 * @param lane the lane, which is not chosen again in this request if it does, and not
	 * in this round if it refuses
	 * @return whether the attempt has begun
	 */
	public boolean tryBegin(Lane lane) {
		Attempt attempt = lane.tryBegin(this.request);
		this.current.set(attempt);
		if (attempt == null) {
			this.refused.add(lane);
			return false;
		}
		this.tried.add(lane);
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
		for (Lane lane : this.lanes) {
			if (isCandidate(lane)) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Sets whether the request may be made again should the attempt that runs fail for
	 * want of an answer.
	 * @param repeatable whether it may
	 */
	public void repeatable(boolean repeatable) {
		this.repeatable = repeatable;
	}

	/**
	 * Whether another lane could take the request at this moment should the attempt that
	 * runs fail for want of an answer. Otherwise giving it up early gains nothing.
	 * @return whether the request may be made again, a lane is available, and neither the
	 * retry budget nor {@code max-attempts} is used up by then
	 */
	public boolean mayMoveOn() {
		return this.repeatable && spent() + 1 < this.pool.properties().maxAttempts()
				&& this.pool.retryBudget().hasRetry() && hasAnother();
	}

	/**
	 * How long it takes until a lane that has not had its turn may be free.
	 * @return the time as far as it is known; zero if there is one now or if that hangs
	 * on other requests; {@code null} if there is no such lane
	 */
	public @Nullable Duration freeIn() {
		Duration soonest = null;
		for (Lane lane : this.lanes) {
			if (!isTried(lane)) {
				Duration time = Objects.requireNonNullElse(lane.freeIn(), Duration.ZERO);
				soonest = (soonest == null || time.compareTo(soonest) < 0) ? time : soonest;
			}
		}
		return soonest;
	}

	/**
	 * Leaves only lanes of lower tiers than that of a lane to choose from. Works once per
	 * request.
	 * @param lane the lane
	 * @return whether one of them may be called now; otherwise nothing has changed
	 */
	public boolean tryBelow(Lane lane) {
		if (this.floor > 0) {
			return false;
		}
		this.floor = lane.priority();
		if (!hasAnother()) {
			this.floor = 0;
		}
		return this.floor > 0;
	}

	/**
	 * Leaves only lanes to choose from that have more tokens than one which found the
	 * request too large, as far as is known. Works once per request.
	 * @param lane the lane that found it too large
	 * @param tooLarge what it said
	 * @return whether there is one that was not tried, now or later; otherwise nothing
	 * has changed
	 */
	public boolean tryLarger(Lane lane, Outcome.TooLarge tooLarge) {
		if (this.largerTried) {
			return false;
		}
		long limit = (tooLarge.limit() != null) ? tooLarge.limit() : lane.tokenLimit().orElse(0);
		// a lane of just so many tokens as were requested is large enough
		long requested = (tooLarge.requested() != null) ? tooLarge.requested() - 1 : 0;
		this.tooFewTokens = Math.max(limit, requested);
		this.largerTried = freeIn() != null;
		if (!this.largerTried) {
			this.tooFewTokens = -1;
		}
		return this.largerTried;
	}

	/**
	 * How many attempts came to something that counts in {@code max-attempts}.
	 * @return the number
	 */
	public int spent() {
		int spent = 0;
		for (Ended ended : this.history) {
			spent += ended.outcome().type().countsAsAttempt() ? 1 : 0;
		}
		return spent;
	}

	/**
	 * Records that the attempt that runs serves the request, or has begun to.
	 */
	public void onServed() {
		Attempt attempt = this.current.get();
		if (attempt != null) {
			attempt.lane().onServed(this.request);
		}
	}

	/**
	 * Notes that the request has waited for a lane.
	 * @param time how long
	 */
	public void waited(Duration time) {
		this.waited = this.waited.plus(time);
	}

	/**
	 * How long the request has waited for lanes.
	 * @return the sum of all waits
	 */
	public Duration waited() {
		return this.waited;
	}

	/**
	 * Says that the client is still sending its request while a backend gets it: how long
	 * that takes is the client's choice. {@link #left()} stays what it is until
	 * {@link #uploaded()}.
	 */
	public void uploading() {
		this.uploading = true;
	}

	/** Begins the deadline after {@link #uploading()}; else without effect. */
	public void uploaded() {
		if (this.uploading) {
			this.start = this.ticker.read();
			this.uploading = false;
		}
	}

	/**
	 * Begins a new deadline: an answer had begun in time, and is now gone on with.
	 */
	public void beginAgain() {
		this.start = this.ticker.read();
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
	 * The time since the request came, or since an answer that had begun broke off.
	 * @return the time that all attempts have taken so far
	 */
	public Duration elapsed() {
		return Duration.ofNanos(this.ticker.read() - this.start);
	}

	/**
	 * How much of the request's time is left.
	 * @return the deadline less the time that has passed, negative if it is over
	 */
	public Duration left() {
		Duration deadline = this.pool.properties().deadline();
		return this.uploading ? deadline : deadline.minus(elapsed());
	}

	/**
	 * Whether the request's deadline ends it sooner than a limit would, so that nobody
	 * needs to watch that.
	 * @param limit a time from now on
	 * @return whether the deadline comes first, or at the same time
	 */
	public boolean endsWithin(Duration limit) {
		return left().compareTo(limit) <= 0;
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
