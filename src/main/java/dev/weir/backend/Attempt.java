package dev.weir.backend;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

import com.github.benmanes.caffeine.cache.Ticker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;

/**
 * One call to one lane for a request, from the choice to the last byte. It is ended
 * exactly once, whatever happens and however often somebody says so; only the first word
 * counts.
 */
public final class Attempt {

	private enum Stage {

		CALLING, ANSWERING, ENDED

	}

	private final Lane lane;

	private final Ticker ticker;

	private final long start;

	private final AtomicReference<Stage> stage = new AtomicReference<>(Stage.CALLING);

	Attempt(Lane lane, Ticker ticker) {
		this.lane = lane;
		this.ticker = ticker;
		this.start = ticker.read();
	}

	public Lane lane() {
		return this.lane;
	}

	/**
	 * Says that an answer for the client has begun. The circuit breaker hears of it now,
	 * since a long stream must not keep a half-open breaker waiting.
	 */
	public void answering() {
		if (this.stage.compareAndSet(Stage.CALLING, Stage.ANSWERING)) {
			breaker().onSuccess(elapsed(), TimeUnit.NANOSECONDS);
		}
	}

	/**
	 * Ends the attempt: the lane's counts, its rest and the circuit breaker follow.
	 * @param outcome what the attempt came to
	 * @return whether this was the end; {@code false} if it had ended before
	 */
	public boolean end(Outcome outcome) {
		Stage before = this.stage.getAndSet(Stage.ENDED);
		if (before == Stage.ENDED) {
			return false;
		}
		this.lane.ended(outcome, Duration.ofNanos(elapsed()));
		if (outcome instanceof Outcome.Failed || outcome instanceof Outcome.Broken) {
			breaker().onError(elapsed(), TimeUnit.NANOSECONDS, new AttemptFailed(outcome.words()));
		}
		else if (before == Stage.CALLING) {
			if (outcome instanceof Outcome.Served || outcome instanceof Outcome.Rejected) {
				breaker().onSuccess(elapsed(), TimeUnit.NANOSECONDS);
			}
			else {
				breaker().releasePermission();
			}
		}
		return true;
	}

	private CircuitBreaker breaker() {
		return this.lane.backend().breaker();
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
