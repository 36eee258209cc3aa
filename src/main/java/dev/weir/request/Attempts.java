package dev.weir.request;

import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Attempt;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;

/**
 * The attempts of one request in order; at most one is running at a time. Used on the
 * request's loop only.
 */
public final class Attempts {

	private final List<Ended> ended = new ArrayList<>(2);

	private int count;

	private @Nullable Attempt current;

	private boolean closed;

	/** Adds an attempt that has begun. It ends at once if the request has ended. */
	void begin(Attempt attempt) {
		this.current = attempt;
		this.count++;
		if (this.closed) {
			attempt.end(new Outcome.Cancelled());
		}
	}

	/**
	 * The attempt that is running.
	 * @return the attempt, or {@code null} between attempts
	 */
	public @Nullable Attempt current() {
		return this.current;
	}

	/**
	 * The attempt that is running.
	 * @return the attempt
	 * @throws IllegalStateException if no attempt is running
	 */
	public Attempt requireCurrent() {
		if (this.current == null) {
			throw new IllegalStateException("No attempt is running");
		}
		return this.current;
	}

	/**
	 * Ends the running attempt, if there is one, so that another may follow.
	 * @param outcome its outcome
	 */
	public void end(Outcome outcome) {
		Attempt attempt = this.current;
		this.current = null;
		if (attempt != null) {
			attempt.end(outcome);
			this.ended.add(new Ended(attempt.lane(), outcome));
		}
	}

	/** Ends the running attempt and each one that begins afterwards. */
	void close() {
		this.closed = true;
		if (this.current != null) {
			this.current.end(new Outcome.Cancelled());
		}
	}

	/**
	 * How many attempts have begun.
	 * @return the number of attempts, the running one included
	 */
	public int count() {
		return this.count;
	}

	/**
	 * The attempts that ended without a reply for the client, in order.
	 * @return the attempts with their outcomes
	 */
	public List<Ended> ended() {
		return List.copyOf(this.ended);
	}

	/**
	 * The last attempt that ended without a reply for the client.
	 * @return the attempt with its outcome, or {@code null} before the first has ended
	 */
	public @Nullable Ended last() {
		return this.ended.isEmpty() ? null : this.ended.get(this.ended.size() - 1);
	}

	/**
	 * How many attempts had an outcome that counts in {@code max-attempts}.
	 * @return the number
	 */
	public int counted() {
		int counted = 0;
		for (Ended attempt : this.ended) {
			counted += attempt.outcome().type().countsAsAttempt() ? 1 : 0;
		}
		return counted;
	}

	/**
	 * An attempt that has ended.
	 *
	 * @param lane the lane that was called
	 * @param outcome the outcome
	 */
	public record Ended(Lane lane, Outcome outcome) {
	}

}
