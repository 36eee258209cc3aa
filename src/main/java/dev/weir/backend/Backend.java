package dev.weir.backend;

import java.net.URI;
import java.time.Duration;

import com.github.benmanes.caffeine.cache.Ticker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import org.jspecify.annotations.Nullable;

import dev.weir.config.BackendDialect;
import dev.weir.config.BackendProperties;

/**
 * One Azure OpenAI resource, or one OpenAI-compatible server, with what is known about it
 * as a whole: failures count here, throttling belongs to its {@linkplain Lane lanes}.
 */
public final class Backend {

	private final BackendProperties properties;

	private final BackendDialect dialect;

	private final Slots slots;

	private final Ramp ramp;

	private final BreakerGate gate;

	private final Cooldown cooldown;

	/**
	 * How long a backend that broke a reply off stands behind others. SDKs repeat such a
	 * call twice, after 0.5 to 8 seconds, and mostly within 2; a circuit breaker may need
	 * more breaks than that to open.
	 */
	static final Duration AFTER_BREAK = Duration.ofSeconds(5);

	private final Cooldown afterBreak;

	private final RefusalStreak refusals = new RefusalStreak();

	private volatile @Nullable String credentialProblem;

	Backend(BackendProperties properties, CircuitBreaker breaker, Ticker ticker, FreeSignal free) {
		this.properties = properties;
		this.dialect = properties.effectiveDialect();
		this.slots = new Slots(properties.maxConcurrent());
		this.ramp = new Ramp(ticker);
		this.gate = new BreakerGate(breaker, this.ramp, () -> free.notifyListener(this), ticker);
		this.cooldown = new Cooldown(ticker);
		this.afterBreak = new Cooldown(ticker);
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
		return this.gate.breaker();
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
		return this.gate.isOpen();
	}

	/**
	 * Whether its circuit breaker is half open: a few requests try whether it works
	 * again.
	 * @return whether it is tried again
	 */
	public boolean isProbing() {
		return this.gate.isProbing();
	}

	/**
	 * Whether only some requests may go to it at first, because it rested or its circuit
	 * breaker was open.
	 * @return whether it has not its full share again
	 */
	public boolean isRamping() {
		return this.ramp.isActive();
	}

	/**
	 * Whether as many attempts are in flight on it as {@code max-concurrent} allows.
	 * @return whether it is full
	 */
	public boolean isFull() {
		return this.slots.isFull();
	}

	/**
	 * How many attempts are in flight on it, for whatever model.
	 * @return the number
	 */
	public int inFlight() {
		return this.slots.taken();
	}

	/**
	 * About how long its circuit breaker stays open.
	 * @return the time left, zero if it is not open
	 */
	public Duration breakerOpenFor() {
		return this.gate.openFor();
	}

	/**
	 * How long the backend as a whole rests.
	 * @return the rest left, zero if there is none
	 */
	public Duration cooldownLeft() {
		return this.cooldown.left();
	}

	/**
	 * Why the backend as a whole rests.
	 * @return the reason, or {@code null} if it does not rest
	 */
	public @Nullable CooldownReason cooldownReason() {
		return this.cooldown.reason();
	}

	/**
	 * What it said when it refused, if that is why it rests as a whole.
	 * @return what it said, or {@code null}
	 */
	public @Nullable Refusal refusal() {
		return this.cooldown.refusal();
	}

	/**
	 * What it said when it last refused a request without a reason (401, 403).
	 * @return what it said, or {@code null} if it has served since
	 */
	public @Nullable Refusal lastRefusal() {
		return this.refusals.last();
	}

	/**
	 * How many different requests it has refused in a row without a reason, counted up to
	 * where that proves that it refuses Weir's credential.
	 * @return the number, 0 if it has served since
	 */
	public int refusedInARow() {
		return this.refusals.count();
	}

	RefusalStreak refusals() {
		return this.refusals;
	}

	/**
	 * Why Weir had no credential when it last wanted to call the backend.
	 * @return the problem, or {@code null} if there is none
	 */
	public @Nullable String credentialProblem() {
		return this.credentialProblem;
	}

	/**
	 * Whether it broke off a reply a few seconds ago, so that others of the same tier are
	 * better. It is no reason to refuse it a request.
	 * @return whether it did so within {@link #AFTER_BREAK}
	 */
	public boolean brokeRecently() {
		return !this.afterBreak.isOver();
	}

	void recordBreak() {
		this.afterBreak.begin(AFTER_BREAK, CooldownReason.FAILED);
	}

	void recordCredentialProblem(@Nullable String problem) {
		this.credentialProblem = problem;
	}

	void beginCooldown(Duration duration, CooldownReason reason, @Nullable Refusal refusal) {
		this.cooldown.begin(duration, reason, refusal);
		this.ramp.restart();
	}

	/**
	 * Whether it has a place for another attempt now, apart from rests.
	 * @return whether neither {@code max-concurrent}, nor the ramp after a rest, nor the
	 * half-open circuit breaker is known to stand against it
	 */
	public boolean hasPlace() {
		return !isBlockedIndefinitely() && this.ramp.hasPlace();
	}

	/**
	 * Whether it takes no more until one of the attempts on it has ended, or its circuit
	 * breaker turns, so that nobody can say when that will be.
	 * @return whether it waits for something other than time
	 */
	boolean isBlockedIndefinitely() {
		return isFull() || isBreakerOpen() || this.gate.isExhausted();
	}

	/**
	 * When the ramp after a rest lets the next attempt begin.
	 * @return the time left, zero if it does now
	 */
	Duration timeToRampPlace() {
		return this.ramp.timeToNextPlace();
	}

	/**
	 * Asks for everything that an attempt on it needs.
	 * @return the step of the ramp that the attempt belongs to, or {@code null} if
	 * anything stands against it; nothing is taken then
	 */
	Ramp.@Nullable Step tryEnter() {
		Ramp.Step step = this.ramp.tryEnter();
		if (step == null) {
			return null;
		}
		// the rest is looked at behind the ramp, so that none that begins
		// meanwhile is missed
		if (this.cooldown.isOver() && this.slots.tryTake()) {
			if (this.gate.tryEnter()) {
				return step;
			}
			this.slots.giveBack();
		}
		this.ramp.leave(step);
		return null;
	}

	void advanceRamp(Ramp.Step step) {
		this.ramp.onServed(step);
	}

	/** Says that an attempt has ended and its circuit breaker knows. */
	void release() {
		this.slots.giveBack();
		this.gate.onAttemptEnd();
	}

	@Override
	public String toString() {
		return name();
	}

}
