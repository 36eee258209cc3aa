package dev.weir.backend;

import java.net.URI;
import java.time.Duration;

import com.github.benmanes.caffeine.cache.Ticker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import dev.weir.config.BackendDialect;
import dev.weir.config.BackendProperties;

/**
 * One Azure OpenAI resource, or one OpenAI-compatible server, with what is known about it
 * as a whole: failures count here, throttling belongs to its {@linkplain Lane lanes}.
 */
public final class Backend {

	private static final Logger logger = LoggerFactory.getLogger(Backend.class);

	private final BackendProperties properties;

	private final BackendDialect dialect;

	private final CircuitBreaker breaker;

	private final Cooldown cooldown;

	private final Cooldown open;

	private volatile @Nullable String credentialProblem;

	Backend(BackendProperties properties, CircuitBreaker breaker, Ticker ticker) {
		this.properties = properties;
		this.dialect = (properties.dialect() != null) ? properties.dialect()
				: BackendDialect.ofHost(properties.url().getHost());
		this.breaker = breaker;
		this.cooldown = new Cooldown(ticker);
		this.open = new Cooldown(ticker);
		breaker.getEventPublisher().onStateTransition((event) -> turned(event.getStateTransition()));
	}

	private void turned(CircuitBreaker.StateTransition transition) {
		logger.warn("The circuit breaker of {} turned from {} to {}", name(), transition.getFromState(),
				transition.getToState());
		if (transition.getToState() == CircuitBreaker.State.OPEN) {
			long wait = this.breaker.getCircuitBreakerConfig().getWaitIntervalFunctionInOpenState().apply(1);
			this.open.begin(Duration.ofMillis(wait), RestReason.FAILED);
		}
	}

	public String name() {
		return this.properties.name();
	}

	public URI url() {
		return this.properties.url();
	}

	public BackendProperties properties() {
		return this.properties;
	}

	/**
	 * How it wants to be spoken to, as configured or as its host tells.
	 * @return the dialect
	 */
	public BackendDialect dialect() {
		return this.dialect;
	}

	/**
	 * Its circuit breaker, named like the backend and set by Resilience4j's own
	 * properties.
	 * @return the circuit breaker
	 */
	public CircuitBreaker breaker() {
		return this.breaker;
	}

	/**
	 * Whether it serves a model.
	 * @param model the model's name as clients know it, empty for calls that name none
	 * @return whether it does
	 */
	public boolean serves(String model) {
		return model.isEmpty() || this.properties.models().isEmpty() || this.properties.models().containsKey(model)
				|| this.properties.models().containsKey("*");
	}

	/**
	 * What a model is called here.
	 * @param model the model's name as clients know it
	 * @return the name of its deployment, the same name if nothing else is configured
	 */
	public String deployment(String model) {
		String deployment = this.properties.models().get(model);
		return (deployment != null) ? deployment : this.properties.models().getOrDefault("*", model);
	}

	/**
	 * Whether it may be called now: it does not rest and its circuit breaker is not open.
	 * @return whether it is available
	 */
	public boolean isAvailable() {
		return this.cooldown.isOver() && !isBreakerOpen();
	}

	public boolean isBreakerOpen() {
		CircuitBreaker.State state = this.breaker.getState();
		return state == CircuitBreaker.State.OPEN || state == CircuitBreaker.State.FORCED_OPEN;
	}

	/**
	 * Whether its circuit breaker is half open: a few requests try whether it works
	 * again.
	 * @return whether it is tried again
	 */
	public boolean isProbing() {
		return this.breaker.getState() == CircuitBreaker.State.HALF_OPEN;
	}

	/**
	 * About how long its circuit breaker stays open.
	 * @return the time left, zero if it is not open
	 */
	public Duration breakerOpenFor() {
		return isBreakerOpen() ? this.open.left() : Duration.ZERO;
	}

	/**
	 * How long the backend as a whole rests.
	 * @return the rest left, zero if there is none
	 */
	public Duration restLeft() {
		return this.cooldown.left();
	}

	/**
	 * Why the backend as a whole rests.
	 * @return the reason, or {@code null} if it does not rest
	 */
	public @Nullable RestReason restReason() {
		return this.cooldown.reason();
	}

	/**
	 * Why Weir had no credential when it last wanted to call the backend.
	 * @return the problem, or {@code null} if there is none
	 */
	public @Nullable String credentialProblem() {
		return this.credentialProblem;
	}

	void credentialProblem(@Nullable String problem) {
		this.credentialProblem = problem;
	}

	void rest(Duration duration, RestReason reason) {
		this.cooldown.begin(duration, reason);
	}

	@Override
	public String toString() {
		return name();
	}

}
