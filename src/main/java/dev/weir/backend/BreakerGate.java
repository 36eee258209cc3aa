package dev.weir.backend;

import java.time.Duration;

import com.github.benmanes.caffeine.cache.Ticker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker.State;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A backend's circuit breaker, and what Resilience4j does not tell of it: how long it
 * stays open, and whether it has a place for another try while it is half open.
 */
final class BreakerGate {

	private static final Logger logger = LoggerFactory.getLogger(BreakerGate.class);

	private final CircuitBreaker breaker;

	private final Ramp ramp;

	private final Runnable free;

	private final Cooldown open;

	private volatile boolean exhausted;

	/**
	 * Watches a circuit breaker.
	 * @param breaker the circuit breaker
	 * @param ramp what starts over when it opens
	 * @param free is run when it may let requests through again
	 * @param ticker a monotonic clock in nanoseconds
	 */
	BreakerGate(CircuitBreaker breaker, Ramp ramp, Runnable free, Ticker ticker) {
		this.breaker = breaker;
		this.ramp = ramp;
		this.free = free;
		this.open = new Cooldown(ticker);
		breaker.getEventPublisher().onStateTransition((event) -> onStateTransition(event.getStateTransition()));
	}

	private void onStateTransition(CircuitBreaker.StateTransition transition) {
		logger.warn("The circuit breaker of {} turned from {} to {}", this.breaker.getName(), transition.getFromState(),
				transition.getToState());
		this.exhausted = false;
		if (isOpen(transition.getToState())) {
			this.ramp.restart();
		}
		if (transition.getToState() == State.OPEN) {
			long wait = this.breaker.getCircuitBreakerConfig().getWaitIntervalFunctionInOpenState().apply(1);
			this.open.begin(Duration.ofMillis(wait), CooldownReason.FAILED);
		}
		this.free.run();
	}

	CircuitBreaker breaker() {
		return this.breaker;
	}

	boolean isOpen() {
		return isOpen(this.breaker.getState());
	}

	private static boolean isOpen(State state) {
		return state == State.OPEN || state == State.FORCED_OPEN;
	}

	boolean isProbing() {
		return this.breaker.getState() == State.HALF_OPEN;
	}

	/**
	 * Whether it is half open and has no place for another try, until one has ended.
	 * @return whether it has none, as far as is known from those it refused
	 */
	boolean isExhausted() {
		return this.exhausted && isProbing();
	}

	Duration openFor() {
		return isOpen() ? this.open.left() : Duration.ZERO;
	}

	/**
	 * Asks for a permission, which must be given back or answered with a result.
	 * @return whether there was one
	 */
	boolean tryEnter() {
		if (this.breaker.tryAcquirePermission()) {
			return true;
		}
		if (!isProbing()) {
			return false;
		}
		// AttemptFacts once more after it is noted: one that came back in between has
		// found nothing to take back, and nobody else might ever.
		this.exhausted = true;
		boolean entered = this.breaker.tryAcquirePermission();
		if (entered) {
			this.exhausted = false;
		}
		return entered;
	}

	/** Says that an attempt has ended, so that there may be a place again. */
	void onAttemptEnd() {
		this.exhausted = false;
	}

}
