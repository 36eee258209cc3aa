package dev.weir.backend;

import java.net.URI;
import java.time.Duration;
import java.util.Collections;
import java.util.Objects;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import org.jspecify.annotations.Nullable;

import dev.weir.config.BackendDialect;
import dev.weir.config.BackendProperties;
import dev.weir.config.ServerAddress;

/**
 * One Azure OpenAI resource or OpenAI-compatible server: its settings, which never
 * change, and its {@linkplain BackendCondition state}, which outlives a reload. Failures
 * count here; throttling belongs to its {@linkplain Lane lanes}.
 */
public final class Backend {

	private final BackendProperties properties;

	private final BackendDialect dialect;

	private final BackendCondition condition;

	private final int credentialGeneration;

	/**
	 * How long other backends are preferred to a backend that broke off a response. SDKs
	 * repeat such a request twice, after 0.5 to 8 seconds and mostly within 2. A circuit
	 * breaker may need more failures than that to open.
	 */
	static final Duration AFTER_BREAK = Duration.ofSeconds(5);

	/**
	 * Creates a backend with its settings and its state.
	 * @param properties the settings
	 * @param condition the state, new or that of the backend before a reload
	 * @param credentialGeneration how often the credential has changed
	 */
	Backend(BackendProperties properties, BackendCondition condition, int credentialGeneration) {
		this.properties = properties;
		this.dialect = properties.effectiveDialect();
		this.condition = condition;
		this.credentialGeneration = credentialGeneration;
	}

	/**
	 * Its state, which outlives a reload. Use it as a key for what belongs to a backend
	 * and must outlive a reload as well.
	 * @return the state, the same object as long as the backend is configured
	 */
	public BackendCondition condition() {
		return this.condition;
	}

	int credentialGeneration() {
		return this.credentialGeneration;
	}

	/**
	 * Whether it still has the credential of these settings. A reload may have changed it
	 * while a request with the old settings runs.
	 * @return whether outcomes that depend on the credential count
	 */
	boolean hasCurrentCredential() {
		return this.credentialGeneration == this.condition.credentialGeneration();
	}

	public String name() {
		return this.properties.name();
	}

	public URI url() {
		return this.properties.url();
	}

	/**
	 * Whether it is at the same server as another backend, for instance with other
	 * models.
	 * @param other the other backend
	 * @return whether host, port and key are the same
	 */
	public boolean isAtServerOf(Backend other) {
		return ServerAddress.serverOf(url()).equals(ServerAddress.serverOf(other.url()))
				&& Objects.equals(this.properties.apiKey(), other.properties.apiKey());
	}

	public BackendProperties properties() {
		return this.properties;
	}

	/**
	 * How requests to it are written, by its configuration or its host name.
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
		return this.condition.gate.breaker();
	}

	/**
	 * Whether it serves a model.
	 * @param model the model's name as clients know it, empty for calls that name none
	 * @return whether it does
	 */
	public boolean serves(String model) {
		return model.isEmpty() || isForAllModels() || this.properties.models().containsKey(model);
	}

	/**
	 * The deployment of a model on this backend.
	 * @param model the model's name as clients know it
	 * @return the name of its deployment, the same name if nothing else is configured
	 */
	public String deployment(String model) {
		String deployment = this.properties.models().get(model);
		return (deployment != null) ? deployment : this.properties.models().getOrDefault("*", model);
	}

	/**
	 * Whether it may be called now: it is not in cooldown and its circuit breaker is not
	 * open.
	 * @return whether it is available
	 */
	public boolean isAvailable() {
		return this.condition.isAvailable();
	}

	public boolean isBreakerOpen() {
		return this.condition.gate.isOpen();
	}

	/**
	 * Whether its circuit breaker is half open: a few requests test whether it works
	 * again.
	 * @return whether it is tested
	 */
	public boolean isProbing() {
		return this.condition.gate.isProbing();
	}

	/**
	 * Whether it is limited to a few requests, because a cooldown or an open circuit
	 * breaker has just ended.
	 * @return whether the ramp limits its requests
	 */
	public boolean isRamping() {
		return this.condition.ramp.isActive();
	}

	/**
	 * Whether {@code max-concurrent} limits the attempts on it.
	 * @return whether it is set to less than its default
	 */
	public boolean isLimited() {
		return this.properties.maxConcurrent() < BackendProperties.UNLIMITED;
	}

	/**
	 * Whether there may be a model that both this backend and another one serve.
	 * @param other the other backend
	 * @return whether one serves all models, or a model of the other one
	 */
	public boolean hasModelOf(Backend other) {
		return isForAllModels() || other.isForAllModels()
				|| !Collections.disjoint(this.properties.models().keySet(), other.properties.models().keySet());
	}

	private boolean isForAllModels() {
		return this.properties.models().isEmpty() || this.properties.models().containsKey("*");
	}

	/**
	 * Whether as many attempts are in flight on it as {@code max-concurrent} allows.
	 * @return whether it is full
	 */
	public boolean isFull() {
		return this.condition.inFlight() >= this.properties.maxConcurrent();
	}

	/**
	 * How many attempts are in flight on it, of all models together.
	 * @return the number
	 */
	public int inFlight() {
		return this.condition.inFlight();
	}

	/**
	 * About how long its circuit breaker stays open.
	 * @return the remaining time, zero if it is not open
	 */
	public Duration breakerOpenFor() {
		return this.condition.gate.openFor();
	}

	/**
	 * The remaining cooldown of the whole backend.
	 * @return the remaining time, zero if there is no cooldown
	 */
	public Duration cooldownLeft() {
		return this.condition.cooldown.left();
	}

	/**
	 * Why the whole backend is in cooldown.
	 * @return the reason, or {@code null} if there is no cooldown
	 */
	public @Nullable CooldownReason cooldownReason() {
		return this.condition.cooldown.reason();
	}

	/**
	 * The refusal that started the cooldown of the whole backend.
	 * @return the refusal, or {@code null} if there is none
	 */
	public @Nullable Refusal refusal() {
		return this.condition.cooldown.refusal();
	}

	/**
	 * Its last refusal without a reason (401, 403).
	 * @return the refusal, or {@code null} if the backend has served a request since
	 */
	public @Nullable Refusal lastRefusal() {
		return this.condition.refusals.last();
	}

	/**
	 * How many different requests it has refused in a row without a reason. The count
	 * stops at the number that proves that the backend refuses Weir's credential.
	 * @return the number, 0 if it has served since
	 */
	public int refusedInARow() {
		return this.condition.refusals.count();
	}

	RefusalStreak refusals() {
		return this.condition.refusals;
	}

	/**
	 * Why Weir had no credential when it last wanted to call the backend.
	 * @return the problem, or {@code null} if there is none
	 */
	public @Nullable String credentialProblem() {
		return this.condition.credentialProblem();
	}

	/**
	 * The last outcome that counted as a failure of the backend.
	 * @return its {@linkplain Outcome#description() description}, or {@code null} if
	 * there was none since the start
	 */
	public @Nullable String lastFailure() {
		return this.condition.lastFailure();
	}

	/**
	 * Whether its last attempt failed.
	 * @return {@code false} if the backend has responded since its
	 * {@linkplain #lastFailure() last failure}
	 */
	public boolean hasFailedLast() {
		return this.condition.hasFailedLast();
	}

	void recordFailure(Outcome outcome) {
		this.condition.recordFailure(outcome.description());
	}

	void recordNoFailure() {
		this.condition.recordNoFailure();
	}

	/**
	 * Whether it broke off a response a few seconds ago. Other backends of the same tier
	 * are then preferred, but it still takes requests.
	 * @return whether it did so within {@link #AFTER_BREAK}
	 */
	public boolean brokeRecently() {
		return !this.condition.afterBreak.isOver();
	}

	void recordBreak() {
		this.condition.afterBreak.begin(AFTER_BREAK, CooldownReason.FAILED);
	}

	void recordCredentialProblem(@Nullable String problem) {
		if (hasCurrentCredential()) {
			this.condition.recordCredentialProblem(problem);
		}
	}

	void beginCooldown(Duration duration, CooldownReason reason, @Nullable Refusal refusal) {
		this.condition.cooldown.begin(duration, reason, refusal);
		this.condition.ramp.restart();
	}

	/**
	 * Whether it has a place for another attempt now. Cooldowns are not considered.
	 * @return whether neither {@code max-concurrent}, nor the ramp, nor the circuit
	 * breaker is known to forbid another attempt
	 */
	public boolean hasPlace() {
		return !isBlockedIndefinitely() && this.condition.ramp.hasPlace();
	}

	/**
	 * Whether it takes no attempt until another one has ended or its circuit breaker has
	 * changed its state. The time of that is not known.
	 * @return whether it is blocked by something other than time
	 */
	boolean isBlockedIndefinitely() {
		return isFull() || isBreakerOpen() || this.condition.gate.isExhausted();
	}

	/**
	 * How long the ramp delays the next attempt.
	 * @return the remaining time, zero if it may begin now
	 */
	Duration timeToRampPlace() {
		return this.condition.ramp.timeToNextPlace();
	}

	/**
	 * Takes everything that an attempt on the backend needs: a place in the ramp, one of
	 * {@code max-concurrent}, and a permission of the circuit breaker.
	 * @return the entry of the attempt, or {@code null} if one of them is not available;
	 * then nothing is taken
	 */
	@Nullable Entry tryEnter() {
		Ramp.Step step = this.condition.ramp.tryEnter();
		if (step == null) {
			return null;
		}
		// checked after the ramp, so that a cooldown that begins in between is not missed
		if (this.condition.cooldown.isOver() && this.condition.tryAcquire(this.properties.maxConcurrent())) {
			CircuitBreaker breaker = this.condition.gate.tryEnter();
			if (breaker != null) {
				return new Entry(step, breaker);
			}
			this.condition.release();
		}
		this.condition.ramp.leave(step);
		return null;
	}

	void advanceRamp(Ramp.Step step) {
		this.condition.ramp.onServed(step);
	}

	/** Releases the place of an attempt, once the circuit breaker has its result. */
	void release() {
		this.condition.release();
		this.condition.gate.onAttemptEnd();
	}

	@Override
	public String toString() {
		return name();
	}

	/**
	 * What an attempt has taken on the backend.
	 *
	 * @param step the step of the ramp
	 * @param breaker the circuit breaker that expects the result
	 */
	record Entry(Ramp.Step step, CircuitBreaker breaker) {
	}

}
