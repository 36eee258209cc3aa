package dev.weir.client.limit;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

import io.github.bucket4j.Bucket;
import io.github.bucket4j.EstimationProbe;
import io.github.bucket4j.TimeMeter;
import io.github.bucket4j.local.SynchronizationStrategy;
import org.jspecify.annotations.Nullable;

import dev.weir.config.NamePatterns;
import dev.weir.request.TokenDemand;

/**
 * One limit of one client: a bucket that is filled at the beginning of each window. A
 * request belongs to the window in which it arrived. Tokens that it used beyond its
 * reservation are taken from the bucket, and so from the next window if this one has none
 * left. Tokens that it did not use return only to the window that they were reserved in;
 * later, they reduce what that window has taken from this one. Thus no window ever admits
 * more than its limit. Guarded by the lock of its {@link ClientQuota}.
 */
final class LimitWindow {

	/** OpenAI's SDKs ignore a longer delay, and would retry within seconds. */
	static final Duration MAX_DELAY = Duration.ofSeconds(60);

	/** How soon a request may be repeated if running ones have reserved what it needs. */
	private static final Duration RUNNING_WAIT = Duration.ofSeconds(1);

	private final LimitKind kind;

	// null for all models
	private final @Nullable String model;

	private final NamePatterns models;

	private final TimeMeter time;

	private long limit;

	private Bucket bucket;

	// the window at the last change, and what was left in it then
	private long number;

	private long left;

	// what earlier windows have taken from the current one
	private long debt;

	// what running requests of the current window have reserved, and may not use
	private long reserved;

	// null if the limit is not shared with other Weirs
	private @Nullable LimitShare share;

	/**
	 * Creates a full window.
	 * @param kind the kind of limit
	 * @param model the pattern of its models, or {@code null} for all
	 * @param models matches the pattern
	 * @param limit the limit, 1 or more
	 * @param time the time of the quota, which stands still during a change
	 */
	LimitWindow(LimitKind kind, @Nullable String model, NamePatterns models, long limit, TimeMeter time) {
		this.kind = kind;
		this.model = model;
		this.models = models;
		this.time = time;
		this.limit = limit;
		this.number = currentNumber();
		this.left = limit;
		this.bucket = bucket(limit);
	}

	/**
	 * Shares the limit with other Weirs.
	 * @param with the share of this one
	 */
	void share(LimitShare with) {
		this.share = with;
	}

	@Nullable LimitShare share() {
		return this.share;
	}

	private Bucket bucket(long initial) {
		long next = (this.number + 1) * this.kind.period().toNanos();
		Bucket created = Bucket.builder()
			.addLimit((bandwidth) -> bandwidth.capacity(this.limit)
				.refillIntervallyAligned(this.limit, this.kind.period(), instant(next))
				.initialTokens(Math.max(0, initial)))
			.withCustomTimePrecision(this.time)
			.withSynchronizationStrategy(SynchronizationStrategy.NONE)
			.build();
		if (initial < 0) {
			created.consumeIgnoringRateLimits(-initial);
		}
		return created;
	}

	private static Instant instant(long nanos) {
		return Instant.ofEpochSecond(Math.floorDiv(nanos, 1_000_000_000L), Math.floorMod(nanos, 1_000_000_000L));
	}

	private long currentNumber() {
		return this.time.currentTimeNanos() / this.kind.period().toNanos();
	}

	private void roll() {
		long current = currentNumber();
		if (current != this.number) {
			long owed = Math.max(0, -this.left);
			this.debt = Math.max(0, owed - (current - this.number - 1) * this.limit);
			this.number = current;
			this.reserved = 0;
		}
	}

	private void record() {
		this.left = this.bucket.getAvailableTokens();
	}

	LimitKind kind() {
		return this.kind;
	}

	@Nullable String model() {
		return this.model;
	}

	boolean appliesTo(String name) {
		return this.models.match(name);
	}

	long limit() {
		return this.limit;
	}

	/**
	 * Changes the limit. What was used in the current window stays used.
	 * @param next the new limit, 1 or more
	 */
	void limit(long next) {
		if (next == this.limit) {
			return;
		}
		roll();
		record();
		long used = this.limit - this.left;
		// a lower limit makes no debt of what was allowed
		long initial = Math.max(next - used, Math.min(this.left, 0));
		this.limit = next;
		this.bucket = bucket(initial);
		record();
		if (this.share != null) {
			this.share.limit(next);
		}
	}

	/**
	 * What is left in the current window.
	 * @return the number; negative if the next windows are used, too
	 */
	long left() {
		roll();
		record();
		return this.left;
	}

	/**
	 * What is left in the current window of all Weirs together.
	 * @return the number; negative if the next windows are used, too
	 */
	long remaining() {
		return (this.share != null) ? this.share.remaining(left()) : left();
	}

	/**
	 * What a request needs at least.
	 * @param demand its tokens
	 * @return the number; a request that needs more than the limit is never granted
	 */
	long needed(TokenDemand demand) {
		return this.kind.isTokens() ? demand.stated() : 1;
	}

	/**
	 * How much a request reserves: what it states, and an output that it does not state
	 * as far as there are tokens left.
	 * @param demand its tokens
	 * @return the number, not less than it needs
	 */
	long reserved(TokenDemand demand) {
		if (!this.kind.isTokens()) {
			return 1;
		}
		long left = left();
		return demand.reserved((this.share != null) ? this.share.held(left) : left);
	}

	/**
	 * How long a request must wait.
	 * @param count what it needs, 1 to the limit
	 * @return the time after which it is granted if nothing else is, or a shorter one
	 * after which it may be; zero if it need not wait
	 */
	Duration waitFor(long count) {
		EstimationProbe probe = this.bucket.estimateAbilityToConsume(count);
		Duration wait = Duration.ofNanos(probe.getNanosToWaitForRefill());
		if (probe.canBeConsumed()) {
			wait = (this.share != null) ? this.share.waitFor(count) : Duration.ZERO;
		}
		return (wait.compareTo(MAX_DELAY) > 0 && settledRemaining() >= count) ? RUNNING_WAIT : wait;
	}

	/** What would be left if no running request used what it has reserved. */
	private long settledRemaining() {
		long left = left();
		return this.reserved + ((this.share != null) ? this.share.settledRemaining(left) : left);
	}

	/**
	 * Takes from the current window.
	 * @param count a number for which {@link #waitFor} is zero
	 * @return the number of the window
	 */
	long take(long count) {
		roll();
		this.bucket.consumeIgnoringRateLimits(count);
		record();
		// tokens may return when the request ends; a request always counts as one
		reserve(this.kind.isTokens() ? count : 0);
		if (this.share != null) {
			this.share.take(count);
		}
		return this.number;
	}

	private void reserve(long more) {
		this.reserved += more;
		if (this.share != null && more != 0) {
			this.share.reserved(this.reserved);
		}
	}

	/**
	 * Records that what a request uses is known, or will not be known.
	 * @param from the window that it was taken from
	 * @param count what the request has taken
	 */
	void settle(long from, long count) {
		roll();
		if (from == this.number && this.kind.isTokens()) {
			reserve(-count);
		}
	}

	/**
	 * Corrects what a request has taken.
	 * @param from the window that it was taken from
	 * @param more what the request takes in addition; negative for what it returns
	 * @return how much more it has taken; negative for what has returned, which may be
	 * less
	 */
	long correct(long from, long more) {
		if (more == 0) {
			return 0;
		}
		roll();
		long applied = more;
		if (more > 0) {
			this.bucket.consumeIgnoringRateLimits(more);
			this.debt += (from == this.number) ? 0 : more;
			correctShare(more);
		}
		else {
			long back = (from == this.number) ? -more : Math.min(-more, this.debt);
			this.debt -= (from == this.number) ? 0 : back;
			applied = -back;
			if (back > 0) {
				this.bucket.addTokens(back);
				correctShare(-back);
			}
		}
		record();
		return applied;
	}

	private void correctShare(long more) {
		if (this.share != null) {
			this.share.correct(more);
		}
	}

	/**
	 * The time until the limit is whole again, if nothing more is used.
	 * @return the time, zero if nothing is used
	 */
	Duration reset() {
		if (left() >= this.limit) {
			return (remaining() < this.limit) ? Duration.ofMillis(millisLeft()) : Duration.ZERO;
		}
		long windows = 1 + Math.max(0, -this.left) / this.limit;
		windows += (this.left < 0 && -this.left % this.limit != 0) ? 1 : 0;
		return Duration.ofNanos((this.number + windows) * this.kind.period().toNanos() - this.time.currentTimeNanos());
	}

	/**
	 * The end of the current window.
	 * @return milliseconds from now
	 */
	long millisLeft() {
		roll();
		return TimeUnit.NANOSECONDS
			.toMillis((this.number + 1) * this.kind.period().toNanos() - this.time.currentTimeNanos());
	}

}
