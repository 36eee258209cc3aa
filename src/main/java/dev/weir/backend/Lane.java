package dev.weir.backend;

import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.ServiceInstance;

import dev.weir.config.CooldownProperties;

/**
 * One model on one backend: what Spring Cloud LoadBalancer chooses among. Quota belongs
 * to a lane, so it is the lane that rests after a 429; failure belongs to its backend.
 * Safe for many threads, never blocks.
 */
public final class Lane implements ServiceInstance {

	// as long as the answer to a failed request for a token stands
	private static final Duration WITHOUT_CREDENTIAL = Duration.ofSeconds(5);

	private final String pool;

	private final Backend backend;

	private final String model;

	private final CooldownProperties rests;

	private final Ticker ticker;

	private final AttemptListener listener;

	private final Cooldown cooldown;

	private final AtomicInteger inFlight = new AtomicInteger();

	private final LongAdder attempts = new LongAdder();

	private final LongAdder served = new LongAdder();

	private final LongAdder rejected = new LongAdder();

	private final LongAdder throttled = new LongAdder();

	private final LongAdder failed = new LongAdder();

	Lane(String pool, Backend backend, String model, CooldownProperties rests, Ticker ticker,
			AttemptListener listener) {
		this.pool = pool;
		this.backend = backend;
		this.model = model;
		this.rests = rests;
		this.ticker = ticker;
		this.listener = listener;
		this.cooldown = new Cooldown(ticker);
	}

	public Backend backend() {
		return this.backend;
	}

	/**
	 * The model as clients know it.
	 * @return the model, empty for calls that name none
	 */
	public String model() {
		return this.model;
	}

	public String deployment() {
		return this.backend.deployment(this.model);
	}

	public int priority() {
		return this.backend.properties().priority();
	}

	public int weight() {
		return this.backend.properties().weight();
	}

	/**
	 * Whether the lane may take a request now.
	 * @return whether neither it nor its backend rests and the circuit breaker is not
	 * open
	 */
	public boolean isAvailable() {
		return this.cooldown.isOver() && this.backend.isAvailable();
	}

	/**
	 * How long it takes until it may take a request.
	 * @return the time as far as is known, zero if it may now; {@code null} if that hangs
	 * on other requests
	 */
	public @Nullable Duration freeIn() {
		Duration rest = restLeft();
		Duration open = this.backend.breakerOpenFor();
		return (rest.compareTo(open) > 0) ? rest : open;
	}

	/**
	 * The rest left until it may be tried again, its backend's rest included.
	 * @return the rest left, zero if there is none
	 */
	public Duration restLeft() {
		Duration own = this.cooldown.left();
		Duration whole = this.backend.restLeft();
		return (own.compareTo(whole) > 0) ? own : whole;
	}

	/**
	 * Why it rests; what its backend as a whole rests for comes first.
	 * @return the reason, or {@code null} if it does not rest
	 */
	public @Nullable RestReason restReason() {
		RestReason whole = this.backend.restReason();
		return (whole != null) ? whole : this.cooldown.reason();
	}

	public LaneCounts counts() {
		return new LaneCounts(this.inFlight.get(), this.attempts.sum(), this.served.sum(), this.rejected.sum(),
				this.throttled.sum(), this.failed.sum());
	}

	/**
	 * Begins an attempt, if the circuit breaker lets it.
	 * @return the attempt, which must be ended, or {@code null} if the circuit breaker
	 * refuses
	 */
	public @Nullable Attempt tryBegin() {
		if (!this.backend.breaker().tryAcquirePermission()) {
			return null;
		}
		this.inFlight.incrementAndGet();
		this.attempts.increment();
		return new Attempt(this, this.ticker);
	}

	void ended(Outcome outcome, Duration duration) {
		this.inFlight.decrementAndGet();
		count(outcome);
		rest(outcome);
		if (outcome instanceof Outcome.NoCredential missing) {
			this.backend.credentialProblem(missing.words());
		}
		else if (!(outcome instanceof Outcome.Cancelled)) {
			this.backend.credentialProblem(null);
		}
		this.listener.ended(this, outcome, duration);
	}

	void used(long inputTokens, long outputTokens) {
		this.listener.used(this, inputTokens, outputTokens);
	}

	private void count(Outcome outcome) {
		if (outcome instanceof Outcome.Served) {
			this.served.increment();
		}
		else if (outcome instanceof Outcome.Rejected || outcome instanceof Outcome.TooLong) {
			this.rejected.increment();
		}
		else if (outcome instanceof Outcome.Throttled || outcome instanceof Outcome.OutOfQuota) {
			this.throttled.increment();
		}
		else if (!(outcome instanceof Outcome.Cancelled)) {
			this.failed.increment();
		}
	}

	private void rest(Outcome outcome) {
		if (outcome instanceof Outcome.Throttled throttling) {
			this.cooldown.begin(throttling.rest(), RestReason.THROTTLED);
		}
		else if (outcome instanceof Outcome.NoCredential) {
			this.backend.rest(WITHOUT_CREDENTIAL, RestReason.NO_CREDENTIAL);
		}
		else if (outcome instanceof Outcome.OutOfQuota) {
			this.backend.rest(this.rests.refusal(), RestReason.OUT_OF_QUOTA);
		}
		// calls that name no model often want what a credential made for
		// models may not do
		else if (outcome instanceof Outcome.NoSuchDeployment && !this.model.isEmpty()) {
			this.cooldown.begin(this.rests.refusal(), RestReason.NO_SUCH_DEPLOYMENT);
		}
		else if (outcome instanceof Outcome.Denied && !this.model.isEmpty()) {
			this.backend.rest(this.rests.refusal(), RestReason.DENIED);
		}
		else if (outcome instanceof Outcome.Failed failure && failure.retryAfter() != null) {
			this.backend.rest(failure.retryAfter(), RestReason.FAILED);
		}
	}

	@Override
	public String getInstanceId() {
		return this.backend.name() + "/" + this.model;
	}

	@Override
	public String getServiceId() {
		return this.pool;
	}

	@Override
	public String getHost() {
		return this.backend.url().getHost();
	}

	@Override
	public int getPort() {
		int port = this.backend.url().getPort();
		return (port != -1) ? port : isSecure() ? 443 : 80;
	}

	@Override
	public boolean isSecure() {
		return "https".equalsIgnoreCase(this.backend.url().getScheme());
	}

	@Override
	public URI getUri() {
		return this.backend.url();
	}

	@Override
	public Map<String, String> getMetadata() {
		return Map.of();
	}

	@Override
	public String toString() {
		return getInstanceId();
	}

}
