package dev.weir.simulator;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The quota of one deployment in tokens per minute. A request reserves its tokens on
 * arrival; a minute later they are free again. Thread-safe; the requests of one second
 * share an entry, so there are at most about sixty entries.
 */
final class TokenQuota {

	/**
	 * The delay that Azure sends for a request larger than the whole quota.
	 */
	static final Duration NEVER = Duration.ofDays(1);

	private static final long WINDOW = Duration.ofMinutes(1).toMillis();

	private static final long MERGED = Duration.ofSeconds(1).toMillis();

	private final Clock clock;

	private final int limit;

	private final Deque<Reservation> reservations = new ArrayDeque<>();

	private long reservedTokens;

	private long reservedRequests;

	/**
	 * Creates an unused quota.
	 * @param limit tokens per minute, at least 1
	 * @param clock the clock that reservations expire by
	 */
	TokenQuota(int limit, Clock clock) {
		this.limit = limit;
		this.clock = clock;
	}

	/**
	 * Reserves tokens for a minute.
	 * @param tokens the estimated tokens of the request, at least 1
	 * @return the decision; a refused request reserves nothing
	 */
	synchronized Admission reserve(long tokens) {
		long now = this.clock.millis();
		release(now);
		if (tokens > this.limit) {
			return admission(NEVER);
		}
		if (tokens > this.limit - this.reservedTokens) {
			return admission(untilFree(tokens, now));
		}
		add(tokens, now);
		return admission(Duration.ZERO);
	}

	private void release(long now) {
		Reservation oldest = this.reservations.peekFirst();
		while (oldest != null && oldest.freeAt() <= now) {
			this.reservations.removeFirst();
			this.reservedTokens -= oldest.tokens;
			this.reservedRequests -= oldest.requests;
			oldest = this.reservations.peekFirst();
		}
	}

	private void add(long tokens, long now) {
		Reservation latest = this.reservations.peekLast();
		if (latest != null && now - latest.first < MERGED) {
			this.reservations.removeLast();
			this.reservations.addLast(latest.plus(tokens, now));
		}
		else {
			this.reservations.addLast(new Reservation(now, now, tokens, 1));
		}
		this.reservedTokens += tokens;
		this.reservedRequests++;
	}

	private Duration untilFree(long tokens, long now) {
		long missing = tokens - (this.limit - this.reservedTokens);
		long freeAt = now;
		for (Reservation reservation : this.reservations) {
			freeAt = reservation.freeAt();
			missing -= reservation.tokens;
			if (missing <= 0) {
				break;
			}
		}
		return Duration.ofMillis(freeAt - now);
	}

	private Admission admission(Duration retryAfter) {
		// a request takes at least one token, so the same number as a limit of requests
		// is never reached first
		return new Admission(this.limit, this.limit - this.reservedTokens, this.limit - this.reservedRequests,
				retryAfter);
	}

	/**
	 * The reservations of all requests of one second. They expire together, a minute
	 * after the last one.
	 *
	 * @param first when the first of them arrived, epoch milliseconds
	 * @param last when the last of them arrived, epoch milliseconds
	 * @param tokens the sum of their tokens
	 * @param requests the number of requests
	 */
	private record Reservation(long first, long last, long tokens, long requests) {

		Reservation plus(long more, long now) {
			return new Reservation(this.first, Math.max(this.last, now), this.tokens + more, this.requests + 1);
		}

		long freeAt() {
			return this.last + WINDOW;
		}

	}

}
