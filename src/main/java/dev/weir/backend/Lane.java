package dev.weir.backend;

import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalDouble;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.ServiceInstance;

import dev.weir.api.RateLimits;
import dev.weir.config.CooldownProperties;

/**
 * One model on one backend: what Spring Cloud LoadBalancer chooses among. Quota belongs
 * to a lane, so it is the lane that rests after a 429; failure belongs to its backend.
 * Safe for many threads, never blocks.
 */
public final class Lane implements ServiceInstance {

	private final String pool;

	private final Backend backend;

	private final String model;

	private final CooldownProperties rests;

	private final Ticker ticker;

	private final AttemptListener listener;

	private final FreeSignal free;

	private final Cooldown cooldown;

	private final Ramp ramp;

	private final Latency latency;

	private final Headroom headroom;

	private final LaneTally tally = new LaneTally();

	Lane(String pool, Backend backend, String model, CooldownProperties rests, Ticker ticker, AttemptListener listener,
			FreeSignal free) {
		this.pool = pool;
		this.backend = backend;
		this.model = model;
		this.rests = rests;
		this.ticker = ticker;
		this.listener = listener;
		this.free = free;
		this.cooldown = new Cooldown(ticker);
		this.ramp = new Ramp(ticker);
		this.latency = new Latency(ticker);
		this.headroom = new Headroom(ticker);
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
	 * @return whether neither it nor its backend rests, is full or still has to be probed
	 * by others, and the circuit breaker is not open
	 */
	public boolean isAvailable() {
		return this.cooldown.isOver() && this.backend.isAvailable() && this.backend.hasPlace() && this.ramp.hasPlace();
	}

	/**
	 * How long it takes until the lane may be available, as far as that is known: the
	 * longest of its rest, its backend's, the time its circuit breaker stays open, and
	 * what the ramp after a rest wants to wait.
	 * @return the time left, zero if it may be available now, or {@code null} if that
	 * depends on other requests, on their end or on their success: then
	 * {@link Pool#onFree} tells
	 */
	public @Nullable Duration freeIn() {
		Duration longest = longest(restLeft(),
				longest(this.backend.breakerOpenFor(), longest(this.ramp.left(), this.backend.rampLeft())));
		return (longest.isZero() && this.backend.waitsForAnEnd()) ? null : longest;
	}

	/**
	 * The rest left until it may be tried again, its backend's rest included.
	 * @return the rest left, zero if there is none
	 */
	public Duration restLeft() {
		return longest(this.cooldown.left(), this.backend.restLeft());
	}

	private static Duration longest(Duration one, Duration other) {
		return (one.compareTo(other) > 0) ? one : other;
	}

	/**
	 * Why it rests; what its backend as a whole rests for comes first.
	 * @return the reason, or {@code null} if it does not rest
	 */
	public @Nullable RestReason restReason() {
		RestReason whole = this.backend.restReason();
		return (whole != null) ? whole : this.cooldown.reason();
	}

	/**
	 * Whether only some requests may go to it at first, because it or its backend rested,
	 * or the circuit breaker was open.
	 * @return whether it has not its full share again
	 */
	public boolean isRamping() {
		return this.ramp.isSteep() || this.backend.isRamping();
	}

	public LaneCounts counts() {
		return this.tally.counts();
	}

	/**
	 * How many attempts run on it now, each until the last byte of its answer.
	 * @return the number
	 */
	public int inFlight() {
		return this.tally.inFlight();
	}

	/**
	 * How long the lane's answers take to begin.
	 * @return the moving average when one began last, or {@code null} before the first
	 */
	public @Nullable Duration latency() {
		return this.latency.average();
	}

	/**
	 * How long the next answer may take to begin, for comparison with other lanes. A lane
	 * that has not answered yet counts as fast until one request tries it, and an idle
	 * one as ever faster.
	 * @return the time in nanoseconds, not negative
	 */
	public double expectedLatency() {
		return this.latency.expected();
	}

	/**
	 * How much of its quota is left, from what its answers last said.
	 * @return the lowest share of any limit, 0 to 1, or empty if nothing is known
	 */
	public OptionalDouble headroom() {
		return this.headroom.known();
	}

	/**
	 * How much of its quota is left, for comparison with other lanes.
	 * @return the lowest share of any limit, 0 to 1; a half if nothing is known
	 */
	public double expectedHeadroom() {
		return this.headroom.known().orElse(Headroom.UNKNOWN);
	}

	/**
	 * Begins an attempt, if nothing stands against it: a rest, {@code max-concurrent},
	 * the ramp after a rest, the circuit breaker.
	 * @return the attempt, which must be ended, or {@code null} if it must not begin
	 */
	public @Nullable Attempt tryBegin() {
		Ramp.Step own = this.ramp.tryEnter();
		if (own == null) {
			return null;
		}
		// the rest is looked at behind the ramp, so that none that begins
		// meanwhile is missed
		Ramp.Step whole = this.cooldown.isOver() ? this.backend.tryEnter() : null;
		if (whole == null) {
			this.ramp.leave(own);
			return null;
		}
		this.tally.begun();
		this.latency.begun();
		return new Attempt(this, own, whole, this.ticker);
	}

	void hear(RateLimits limits) {
		this.headroom.hear(limits);
	}

	void served(Ramp.Step step) {
		this.ramp.served(step);
	}

	/** Says that the answer of an attempt has begun, and after how many nanoseconds. */
	void answered(long nanos) {
		this.latency.took(nanos);
		this.latency.over();
		this.free.send(this.backend);
	}

	/** Says that an attempt ended of which no beginning of an answer was heard. */
	void unanswered(Outcome outcome, Duration duration) {
		if (outcome instanceof Outcome.Served) {
			this.latency.took(duration.toNanos());
		}
		else if (outcome instanceof Outcome.Broken
				|| (outcome instanceof Outcome.Failed failure && failure.isBackends())) {
			this.latency.atLeast(longest(duration, Latency.ASSUMED).toNanos());
		}
		// whoever leaves, or has no more time, has waited at least so long
		else if (outcome instanceof Outcome.Cancelled || outcome instanceof Outcome.Failed) {
			this.latency.atLeast(duration.toNanos());
		}
		this.latency.over();
	}

	void ended(Outcome outcome, Duration duration) {
		this.tally.ended(outcome);
		if (outcome instanceof Outcome.Broken) {
			this.backend.recordBreak();
		}
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

	/** Says that an attempt is over for everyone, so that another may take its place. */
	void left() {
		this.backend.left();
		this.free.send(this.backend);
	}

	private void rest(Outcome outcome) {
		Rest rest = Rest.after(outcome, !this.model.isEmpty(), this.rests);
		if (rest == null) {
			return;
		}
		if (rest.whole()) {
			this.backend.rest(rest.duration(), rest.reason());
		}
		else {
			this.cooldown.begin(rest.duration(), rest.reason());
			this.ramp.restart();
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
		return this.backend.properties().host();
	}

	@Override
	public int getPort() {
		int port = this.backend.properties().port();
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
