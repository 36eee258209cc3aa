package dev.weir.backend;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import com.github.benmanes.caffeine.cache.Ticker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;

/**
 * One call to one lane for a request, from the choice to the last byte. It is ended
 * exactly once, whatever happens and however often somebody says so; only the first word
 * counts.
 */
public final class Attempt {

	private final Lane lane;

	private final Ticker ticker;

	private final long start;

	// what began before a circuit breaker opened says nothing about its tries
	private final boolean probing;

	private final AtomicBoolean ended = new AtomicBoolean();

	// one permission of the circuit breaker gets one word back
	private final AtomicBoolean told = new AtomicBoolean();

	private volatile boolean sent;

	private volatile boolean answering;

	Attempt(Lane lane, Ticker ticker) {
		this.lane = lane;
		this.ticker = ticker;
		this.start = ticker.read();
		this.probing = lane.backend().isProbing();
	}

	public Lane lane() {
		return this.lane;
	}

	/** Says that the backend is called now; before, Weir looks for its credential. */
	public void sending() {
		this.sent = true;
	}

	/**
	 * Whether the backend has been called.
	 * @return whether it can be blamed for what happens
	 */
	public boolean isSent() {
		return this.sent;
	}

	/**
	 * Tells what the answer says it cost.
	 * @param inputTokens tokens of the request
	 * @param outputTokens tokens of the answer
	 */
	public void used(long inputTokens, long outputTokens) {
		this.lane.used(inputTokens, outputTokens);
	}

	/**
	 * Says that an answer for the client has begun. A half-open circuit breaker hears of
	 * it now, since a long stream must not keep it waiting; one that is closed hears at
	 * the end, when it is known whether the answer broke off.
	 */
	public void answering() {
		if (this.probing) {
			succeed();
		}
		this.answering = true;
	}

	/**
	 * Ends the attempt: the lane's counts, its rest and the circuit breaker follow.
	 * @param outcome what the attempt came to
	 * @return whether this was the end; {@code false} if it had ended before
	 */
	public boolean end(Outcome outcome) {
		if (!this.ended.compareAndSet(false, true)) {
			return false;
		}
		this.lane.ended(outcome, Duration.ofNanos(elapsed()));
		if (outcome instanceof Outcome.Broken
				|| (outcome instanceof Outcome.Failed failure && failure.kind() != Outcome.Failure.LOCAL)) {
			fail(outcome);
		}
		else if (this.answering || outcome instanceof Outcome.Served || outcome instanceof Outcome.Rejected
				|| outcome instanceof Outcome.TooLong) {
			succeed();
		}
		else if (mayTell()) {
			breaker().releasePermission();
		}
		return true;
	}

	private void succeed() {
		if (mayTell()) {
			breaker().onSuccess(elapsed(), TimeUnit.NANOSECONDS);
		}
	}

	private void fail(Outcome outcome) {
		if (mayTell()) {
			breaker().onError(elapsed(), TimeUnit.NANOSECONDS, new AttemptFailed(outcome.words()));
		}
	}

	private boolean mayTell() {
		boolean first = this.told.compareAndSet(false, true);
		return first && (this.probing || !this.lane.backend().isProbing());
	}

	private CircuitBreaker breaker() {
		return this.lane.backend().breaker();
	}

	/**
	 * How long ago the lane was chosen.
	 * @return the time the attempt has taken so far
	 */
	public Duration age() {
		return Duration.ofNanos(elapsed());
	}

	private long elapsed() {
		return this.ticker.read() - this.start;
	}

	/** What a circuit breaker is told; it wants an exception, though none was thrown. */
	private static final class AttemptFailed extends RuntimeException {

		AttemptFailed(String message) {
			super(message, null, false, false);
		}

	}

}
