package dev.weir.backend;

import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.ServiceInstance;

import dev.weir.config.CooldownProperties;
import dev.weir.openai.call.Operation;
import dev.weir.openai.quota.QuotaHeaders;

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

	private final FreeSignal free;

	private final Cooldown cooldown;

	private final Ramp ramp;

	private final Latency latency;

	private final Headroom headroom;

	private final LaneOperations operations;

	private final LastServed lastServed;

	private final LaneTally tally = new LaneTally();

	Lane(String pool, Backend backend, String model, CooldownProperties rests, Ticker ticker, FreeSignal free) {
		this.pool = pool;
		this.backend = backend;
		this.model = model;
		this.rests = rests;
		this.ticker = ticker;
		this.free = free;
		this.cooldown = new Cooldown(ticker);
		this.ramp = new Ramp(ticker);
		this.latency = new Latency(ticker);
		this.headroom = new Headroom(ticker);
		this.operations = new LaneOperations(ticker);
		this.lastServed = new LastServed(ticker);
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
	public @Nullable CooldownReason restReason() {
		CooldownReason whole = this.backend.restReason();
		return (whole != null) ? whole : this.cooldown.reason();
	}

	/**
	 * What the backend said when it refused, if that is why it rests.
	 * @return what it said, or {@code null}
	 */
	public @Nullable Refusal refusal() {
		return (this.backend.restReason() != null) ? this.backend.refusal() : this.cooldown.refusal();
	}

	/**
	 * Whether it serves an operation, as far as is known. One that the backend has said
	 * it does not know is set aside for {@code cooldown.refusal}; the lane serves others
	 * meanwhile.
	 * @param operation the operation
	 * @return whether the operation is not set aside
	 */
	public boolean isServing(Operation operation) {
		return this.operations.isServing(operation);
	}

	/**
	 * How long an operation stays set aside.
	 * @param operation the operation
	 * @return the time left, zero if the lane serves it as far as is known
	 */
	public Duration setAsideFor(Operation operation) {
		return this.operations.left(operation);
	}

	/**
	 * The operations that are set aside, since the backend has said that it does not
	 * serve them.
	 * @return the operations, mostly none
	 */
	public Set<Operation> operationsNotServed() {
		return this.operations.notServed();
	}

	/**
	 * How many tokens it has in all, from what its answers last said.
	 * @return the limit, or empty if none was said
	 */
	public OptionalLong tokenLimit() {
		return this.headroom.tokenLimit();
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
	 * Begins an attempt of a request of which nothing is known.
	 * @return the attempt, which must be ended, or {@code null} if it must not begin
	 */
	public @Nullable Attempt tryBegin() {
		return tryBegin(RequestTraits.UNKNOWN, AttemptListener.NONE);
	}

	/**
	 * Begins an attempt, if nothing stands against it: a rest, {@code max-concurrent},
	 * the ramp after a rest, the circuit breaker.
	 * @param request what the attempt is made for
	 * @param listener is notified of the attempt
	 * @return the attempt, which must be ended, or {@code null} if it must not begin
	 */
	public @Nullable Attempt tryBegin(RequestTraits request, AttemptListener listener) {
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
		return new Attempt(this, request, listener, own, whole, this.ticker);
	}

	void hear(QuotaHeaders limits) {
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
		switch (outcome.type()) {
			case SERVED -> this.latency.took(duration.toNanos());
			case BROKEN -> failedAfter(duration);
			case FAILED -> {
				if (((Outcome.Failed) outcome).isBackends()) {
					failedAfter(duration);
				}
				else {
					this.latency.atLeast(duration.toNanos());
				}
			}
			// whoever leaves, or has no more time, has waited at least so long
			case CANCELLED -> this.latency.atLeast(duration.toNanos());
			case THROTTLED, TOO_LARGE, OUT_OF_QUOTA, DENIED, NO_CREDENTIAL, NOT_SERVED, REJECTED, TOO_LONG -> {
				// a refusal says nothing about the time an answer takes
			}
		}
		this.latency.over();
	}

	private void failedAfter(Duration duration) {
		this.latency.atLeast(longest(duration, Latency.ASSUMED).toNanos());
	}

	void ended(Outcome outcome, RequestTraits request) {
		this.tally.ended(outcome);
		if (outcome instanceof Outcome.Broken) {
			this.backend.recordBreak();
		}
		rest(outcome, request);
		if (outcome instanceof Outcome.NoCredential missing) {
			this.backend.credentialProblem(missing.words());
		}
		else if (outcome.type() != OutcomeType.CANCELLED) {
			this.backend.credentialProblem(null);
		}
	}

	/**
	 * Records that it served a request, or has begun to.
	 * @param request what matters of the request to lanes
	 */
	public void onServed(RequestTraits request) {
		this.operations.onServed(request.operation());
		this.lastServed.onServed(request.size());
		this.backend.refusals().onServed();
	}

	boolean isLastServedSmallerThan(long size) {
		return this.lastServed.isSmallerThan(size);
	}

	/** Says that an attempt is over for everyone, so that another may take its place. */
	void left() {
		this.backend.left();
		this.free.send(this.backend);
	}

	private void rest(Outcome outcome, RequestTraits request) {
		CooldownPeriod rest = CooldownPeriod.after(outcome, !this.model.isEmpty(), this.rests);
		if (rest != null) {
			rest(rest);
		}
		else if (outcome instanceof Outcome.NotServed missing && missing.scope() != Outcome.Scope.MODEL
				&& missing.scope() != Outcome.Scope.REQUEST) {
			this.operations.setAside(request.operation(), missing.scope() == Outcome.Scope.OPERATION_IMPLIED,
					this.rests.refusal(), missing.refusal());
		}
		else if (outcome instanceof Outcome.Denied denied && denied.proof() == Outcome.Proof.NO_REASON
				&& !this.model.isEmpty()
				&& this.backend.refusals().onRefused(request.fingerprint().getAsInt(), denied.refusal())) {
			rest(CooldownPeriod.denied(denied.refusal(), this.rests));
		}
	}

	private void rest(CooldownPeriod rest) {
		if (rest.whole()) {
			this.backend.rest(rest.duration(), rest.reason(), rest.refusal());
		}
		else {
			this.cooldown.begin(rest.duration(), rest.reason(), rest.refusal());
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
