package dev.weir.backend;

import java.net.URI;
import java.util.concurrent.atomic.AtomicInteger;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import org.jspecify.annotations.Nullable;

import dev.weir.config.BackendDialect;
import dev.weir.config.BackendProperties;

/**
 * The state of one backend of a pool: cooldowns, ramp, circuit breaker, attempts in
 * flight and the conditions of its lanes. A reload of the configuration creates a new
 * {@link Backend} and hands this state over to it. Safe for many threads.
 */
public final class BackendCondition {

	private final Key key;

	private final Ticker ticker;

	private final Cache<String, LaneCondition> lanes = Caffeine.newBuilder().weakValues().build();

	private final AtomicInteger inFlight = new AtomicInteger();

	final Ramp ramp;

	final BreakerGate gate;

	final Cooldown cooldown;

	final Cooldown afterBreak;

	final RefusalStreak refusals = new RefusalStreak();

	private final PendingUsage pendingUsage;

	private volatile @Nullable String credentialProblem;

	private volatile @Nullable String lastFailure;

	private volatile boolean failedLast;

	private volatile int credentialGeneration;

	// the settings with which it was last in use, for the comparison of credentials
	private volatile BackendProperties settings;

	private volatile boolean removed;

	private @Nullable CooldownExchange exchange;

	BackendCondition(Key key, BackendProperties settings, CircuitBreaker breaker, Ticker ticker, FreeSignal free) {
		this.key = key;
		this.settings = settings;
		this.ticker = ticker;
		this.ramp = new Ramp(ticker);
		this.gate = new BreakerGate(breaker, this.ramp, () -> free.notifyListener(this), ticker);
		this.cooldown = new Cooldown(ticker);
		this.afterBreak = new Cooldown(ticker);
		this.pendingUsage = new PendingUsage(ticker);
	}

	/**
	 * Notifies other Weirs of cooldowns from now on.
	 * @param others records the cooldowns
	 */
	void exchangeCooldowns(CooldownExchange others) {
		this.exchange = others;
	}

	void recordCooldown(Lane lane, CooldownPeriod period) {
		if (this.exchange != null) {
			this.exchange.record(lane, period);
		}
	}

	/**
	 * What identifies the backend across reloads.
	 * @return the key
	 */
	public Key key() {
		return this.key;
	}

	/**
	 * Whether the backend may be called now: it is not in cooldown and its circuit
	 * breaker is not open.
	 * @return whether it is available
	 */
	public boolean isAvailable() {
		return this.cooldown.isOver() && !this.gate.isOpen();
	}

	/**
	 * How many attempts are in flight on the backend, of all models together.
	 * @return the number
	 */
	public int inFlight() {
		return this.inFlight.get();
	}

	/**
	 * Whether the backend was removed from the configuration and its last attempt has
	 * ended. Meters of such a backend must not be created again.
	 * @return whether it is gone
	 */
	public boolean isRemoved() {
		return this.removed;
	}

	void markRemoved() {
		this.removed = true;
	}

	/**
	 * The stored responses of the backend whose usage is not known yet.
	 * @return the responses
	 */
	public PendingUsage pendingUsage() {
		return this.pendingUsage;
	}

	CircuitBreaker breaker() {
		return this.gate.breaker();
	}

	boolean tryAcquire(int limit) {
		int now = this.inFlight.get();
		while (now < limit) {
			if (this.inFlight.compareAndSet(now, now + 1)) {
				return true;
			}
			now = this.inFlight.get();
		}
		return false;
	}

	void release() {
		this.inFlight.decrementAndGet();
	}

	LaneCondition lane(String model) {
		return this.lanes.get(model, (it) -> new LaneCondition(this.ticker));
	}

	@Nullable String credentialProblem() {
		return this.credentialProblem;
	}

	void recordCredentialProblem(@Nullable String problem) {
		this.credentialProblem = problem;
	}

	@Nullable String lastFailure() {
		return this.lastFailure;
	}

	boolean hasFailedLast() {
		return this.failedLast;
	}

	void recordFailure(String description) {
		this.lastFailure = description;
		this.failedLast = true;
	}

	void recordNoFailure() {
		if (this.failedLast) {
			this.failedLast = false;
		}
	}

	int credentialGeneration() {
		return this.credentialGeneration;
	}

	/**
	 * Returns how often the credential will have changed with other settings.
	 * @param next the other settings
	 * @return the number of changes
	 */
	int credentialGeneration(BackendProperties next) {
		return next.hasCredentialOf(this.settings) ? this.credentialGeneration : this.credentialGeneration + 1;
	}

	/**
	 * Takes other settings into use. After a change of the credential, clears what the
	 * backend refused the last one for.
	 * @param next the settings
	 */
	void use(BackendProperties next) {
		int generation = credentialGeneration(next);
		this.settings = next;
		if (generation == this.credentialGeneration) {
			return;
		}
		this.credentialGeneration = generation;
		this.credentialProblem = null;
		this.refusals.onServed();
		this.cooldown.endIf(CooldownReason::isAboutCredential);
		this.lanes.asMap().values().forEach(LaneCondition::onCredentialChanged);
	}

	@Override
	public String toString() {
		return this.key.toString();
	}

	/**
	 * The identity of a backend. A backend with another name, URL or dialect is another
	 * backend.
	 *
	 * @param pool the name of its pool
	 * @param name its name
	 * @param url its URL
	 * @param dialect how requests to it are written
	 */
	public record Key(String pool, String name, URI url, BackendDialect dialect) {

		static Key of(String pool, BackendProperties backend) {
			return new Key(pool, backend.name(), backend.url(), backend.effectiveDialect());
		}

		@Override
		public String toString() {
			return this.pool + "/" + this.name;
		}

	}

}
