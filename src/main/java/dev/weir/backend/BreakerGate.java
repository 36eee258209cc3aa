package dev.weir.backend;

import java.time.Duration;

import com.github.benmanes.caffeine.cache.Ticker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker.State;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A backend's circuit breaker, with two facts that Resilience4j does not provide: how
 * long it stays open, and whether it has a permission left while it is half open.
 */
final class BreakerGate {

	private static final Logger logger = LoggerFactory.getLogger(BreakerGate.class);

	private volatile CircuitBreaker breaker;

	private final Ramp ramp;

	private final Runnable free;

	private final Cooldown open;

	private volatile boolean exhausted;

	/**
	 * Watches a circuit breaker.
	 * @param breaker the circuit breaker
	 * @param ramp is restarted when it opens
	 * @param free is run after each change of its state
	 * @param ticker a monotonic clock in nanoseconds
	 */
	BreakerGate(CircuitBreaker breaker, Ramp ramp, Runnable free, Ticker ticker) {
		this.breaker = breaker;
		this.ramp = ramp;
		this.free = free;
		this.open = new Cooldown(ticker);
		watch(breaker);
	}

	private void watch(CircuitBreaker watched) {
		watched.getEventPublisher()
			.onStateTransition((event) -> onStateTransition(watched, event.getStateTransition()));
	}

	/**
	 * Replaces the circuit breaker by one with other settings, in the same state.
	 * Attempts in flight report to the old one.
	 * @param next the new circuit breaker, not used before
	 */
	void replace(CircuitBreaker next) {
		switch (this.breaker.getState()) {
			case OPEN -> {
				// at most as long as the new settings say
				this.open.shortenTo(openWait(next));
				next.transitionToOpenStateFor(this.open.left().plusMillis(1));
			}
			case HALF_OPEN -> {
				next.transitionToOpenState();
				next.transitionToHalfOpenState();
			}
			case FORCED_OPEN -> next.transitionToForcedOpenState();
			case DISABLED -> next.transitionToDisabledState();
			case METRICS_ONLY -> next.transitionToMetricsOnlyState();
			case CLOSED -> {
				// a new circuit breaker is closed
			}
		}
		watch(next);
		this.breaker = next;
		this.exhausted = false;
		this.free.run();
	}

	private static Duration openWait(CircuitBreaker breaker) {
		return Duration.ofMillis(breaker.getCircuitBreakerConfig().getWaitIntervalFunctionInOpenState().apply(1));
	}

	private void onStateTransition(CircuitBreaker source, CircuitBreaker.StateTransition transition) {
		if (source != this.breaker) {
			return;
		}
		logger.warn("The circuit breaker of {} turned from {} to {}", source.getName(), transition.getFromState(),
				transition.getToState());
		this.exhausted = false;
		if (isOpen(transition.getToState())) {
			this.ramp.restart();
		}
		if (transition.getToState() == State.OPEN) {
			this.open.begin(openWait(source), CooldownReason.FAILED);
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
	 * Whether it is half open and has no permission left until an attempt ends.
	 * @return whether it has refused a permission since the last end of an attempt
	 */
	boolean isExhausted() {
		return this.exhausted && isProbing();
	}

	Duration openFor() {
		return isOpen() ? this.open.left() : Duration.ZERO;
	}

	/**
	 * Takes a permission, which must be released or completed with a result.
	 * @return the circuit breaker that expects the result, or {@code null} if there was
	 * no permission
	 */
	@Nullable CircuitBreaker tryEnter() {
		CircuitBreaker current = this.breaker;
		return tryEnter(current) ? current : null;
	}

	private boolean tryEnter(CircuitBreaker current) {
		if (current.tryAcquirePermission()) {
			return true;
		}
		if (current.getState() != State.HALF_OPEN) {
			return false;
		}
		// Try again after the flag is set: a permission that was released just before
		// could not clear the flag, and no later release may follow.
		this.exhausted = true;
		boolean entered = current.tryAcquirePermission();
		if (entered) {
			this.exhausted = false;
		}
		return entered;
	}

	/** Records that an attempt has ended, so that there may be a permission again. */
	void onAttemptEnd() {
		this.exhausted = false;
	}

}
