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
 * One model on one backend; Spring Cloud LoadBalancer chooses among lanes. Quota belongs
 * to a lane, so a 429 starts a cooldown of the lane. A failure belongs to the backend.
 * The settings never change; the state outlives a reload. Safe for many threads, never
 * blocks.
 */
public final class Lane implements ServiceInstance {

	private final String pool;

	private final Backend backend;

	private final String model;

	private final CooldownProperties cooldowns;

	private final Ticker ticker;

	private final FreeSignal free;

	private final LaneCondition condition;

	Lane(String pool, Backend backend, String model, CooldownProperties cooldowns, Ticker ticker, FreeSignal free) {
		this.pool = pool;
		this.backend = backend;
		this.model = model;
		this.cooldowns = cooldowns;
		this.ticker = ticker;
		this.free = free;
		this.condition = backend.condition().lane(model);
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
	 * @return whether neither the lane nor its backend is in cooldown, full or at the
	 * limit of its ramp, and the circuit breaker is not open
	 */
	public boolean isAvailable() {
		return this.condition.cooldown.isOver() && this.backend.isAvailable() && this.backend.hasPlace()
				&& this.condition.ramp.hasPlace();
	}

	/**
	 * How long it takes until the lane may be available: the longest of its cooldown, its
	 * backend's cooldown, the time its circuit breaker stays open, and the delay of the
	 * ramp.
	 * @return the remaining time, zero if it may be available now, or {@code null} if
	 * that depends on the end of other attempts; {@link Pool#onFree} then notifies its
	 * listener
	 */
	public @Nullable Duration freeIn() {
		Duration longest = longest(cooldownLeft(), longest(this.backend.breakerOpenFor(),
				longest(this.condition.ramp.timeToNextPlace(), this.backend.timeToRampPlace())));
		return (longest.isZero() && this.backend.isBlockedIndefinitely()) ? null : longest;
	}

	/**
	 * The remaining cooldown of the lane or of its backend, whichever is longer.
	 * @return the remaining time, zero if there is no cooldown
	 */
	public Duration cooldownLeft() {
		return longest(this.condition.cooldown.left(), this.backend.cooldownLeft());
	}

	/**
	 * Whether the last cooldown of the lane or of its backend has ended a short time ago.
	 * @param time how long ago at most, exclusive
	 * @return {@code false} also during a cooldown, unless the other one has just ended
	 */
	public boolean hasEndedCooldownWithin(Duration time) {
		return this.condition.cooldown.hasEndedWithin(time) || this.backend.condition().cooldown.hasEndedWithin(time);
	}

	private static Duration longest(Duration one, Duration other) {
		return (one.compareTo(other) > 0) ? one : other;
	}

	/**
	 * Why the lane is in cooldown. The cooldown of the whole backend takes precedence.
	 * @return the reason, or {@code null} if there is no cooldown
	 */
	public @Nullable CooldownReason cooldownReason() {
		CooldownReason whole = this.backend.cooldownReason();
		return (whole != null) ? whole : this.condition.cooldown.reason();
	}

	/**
	 * The refusal that started the current cooldown.
	 * @return the refusal, or {@code null} if there is none
	 */
	public @Nullable Refusal refusal() {
		return (this.backend.cooldownReason() != null) ? this.backend.refusal() : this.condition.cooldown.refusal();
	}

	/**
	 * Whether the lane serves an operation. If the backend has responded that it does not
	 * know an operation, that operation is not sent to the lane for
	 * {@code cooldown.refusal}. Other operations are.
	 * @param operation the operation
	 * @return whether the operation is not set aside
	 */
	public boolean isServing(Operation operation) {
		return this.condition.operations.isServing(operation);
	}

	/**
	 * How long an operation is not sent to the lane.
	 * @param operation the operation
	 * @return the remaining time, zero if the operation is not set aside
	 */
	public Duration setAsideFor(Operation operation) {
		return this.condition.operations.left(operation);
	}

	/**
	 * The operations that are set aside, because the backend has responded that it does
	 * not serve them.
	 * @return the operations, usually none
	 */
	public Set<Operation> operationsNotServed() {
		return this.condition.operations.notServed();
	}

	/**
	 * The lane's limit of tokens, from the headers of its last response that had one.
	 * @return the limit, or empty if no response had one
	 */
	public OptionalLong tokenLimit() {
		return this.condition.headroom.tokenLimit();
	}

	/**
	 * Whether the lane is limited to a few requests, because a cooldown or an open
	 * circuit breaker has just ended.
	 * @return whether the ramp of the lane or of its backend limits requests
	 */
	public boolean isRamping() {
		return this.condition.ramp.isActive() || this.backend.isRamping();
	}

	public LaneCounts counts() {
		return this.condition.tally.counts();
	}

	/**
	 * How many attempts run on the lane, each until the last byte of its response.
	 * @return the number
	 */
	public int inFlight() {
		return this.condition.tally.inFlight();
	}

	/**
	 * The tokens of its requests and responses in the last minute. Until a response
	 * reports its usage, the request counts with an estimate.
	 * @return the number, 0 or more
	 */
	public long tokensOfLastMinute() {
		return this.condition.tokens.lastMinute();
	}

	/**
	 * The tokens of prompts that its responses have reported.
	 * @return the number since the start
	 */
	public long promptTokens() {
		return this.condition.tokens.prompt();
	}

	/**
	 * Those {@link #promptTokens()} that were in the backend's prompt cache.
	 * @return the number since the start
	 */
	public long cachedTokens() {
		return this.condition.tokens.cached();
	}

	/**
	 * How long the lane's responses take to begin.
	 * @return the moving average at the time of the last response, or {@code null} before
	 * the first one
	 */
	public @Nullable Duration latency() {
		return this.condition.latency.average();
	}

	/**
	 * How long the next response may take to begin, for comparison with other lanes. A
	 * lane without a response yet counts as fast until one request tries it. The value of
	 * an idle lane decreases with time.
	 * @return the time in nanoseconds, not negative
	 */
	public double expectedLatency() {
		return this.condition.latency.expected();
	}

	/**
	 * The remaining share of its quota, from the headers of its last responses.
	 * @return the lowest share of any limit, 0 to 1, or empty if nothing is known
	 */
	public OptionalDouble headroom() {
		return this.condition.headroom.known();
	}

	/**
	 * The remaining share of its quota, for comparison with other lanes.
	 * @return the lowest share of any limit, 0 to 1; 0.5 if nothing is known
	 */
	public double expectedHeadroom() {
		return this.condition.headroom.known().orElse(Headroom.UNKNOWN);
	}

	/**
	 * Begins an attempt for a request without known properties.
	 * @return the attempt, which must be ended, or {@code null} if it must not begin
	 */
	public @Nullable Attempt tryBegin() {
		return tryBegin(RequestTraits.UNKNOWN, AttemptListener.NONE);
	}

	/**
	 * Begins an attempt, unless a cooldown, {@code max-concurrent}, the ramp or the
	 * circuit breaker forbids it.
	 * @param request the properties of the request
	 * @param listener is notified of the attempt
	 * @return the attempt, which must be ended, or {@code null} if it must not begin
	 */
	public @Nullable Attempt tryBegin(RequestTraits request, AttemptListener listener) {
		Ramp.Step own = this.condition.ramp.tryEnter();
		if (own == null) {
			return null;
		}
		// checked after the ramp, so that a cooldown that begins in between is not missed
		Backend.Entry whole = this.condition.cooldown.isOver() ? this.backend.tryEnter() : null;
		if (whole == null) {
			this.condition.ramp.leave(own);
			return null;
		}
		this.condition.tally.onBegin();
		this.condition.latency.onWaitStart();
		return new Attempt(this, request, listener, own, whole, this.ticker);
	}

	/**
	 * Whether the backend accepts {@code stream_options.include_usage} for this model.
	 * @return what is known
	 */
	public UsageOption usageOption() {
		return this.condition.usageOption;
	}

	/**
	 * Records whether the backend accepts {@code stream_options.include_usage}.
	 * @param known what has been found out
	 */
	public void recordUsageOption(UsageOption known) {
		this.condition.usageOption = known;
	}

	TokenTally tokens() {
		return this.condition.tokens;
	}

	void recordQuota(QuotaHeaders limits) {
		this.condition.headroom.record(limits);
	}

	/**
	 * Records how much of the quota remains, in a response that accepts a request.
	 * @param limits the quota in the headers of the response
	 * @param step the step of the ramp that the request belongs to
	 * @param tokens the estimated tokens of a request, used while none has reported them
	 */
	void followQuota(QuotaHeaders limits, Ramp.Step step, long tokens) {
		if (step.takesAll()) {
			return;
		}
		long requests = (limits.requests() != null) ? limits.requests().left() : Long.MAX_VALUE;
		long ofTokens = (limits.tokens() != null)
				? countOf(limits.tokens().left() / this.condition.tokens.perRequest(tokens)) : Long.MAX_VALUE;
		long remaining = Math.min(requests, ofTokens);
		if (remaining < Long.MAX_VALUE) {
			this.condition.ramp.onRemaining(step, remaining);
			this.free.notifyListener(this.backend.condition());
		}
	}

	/**
	 * Requests have different sizes, so that the sum of a number of them may be smaller.
	 */
	private static long countOf(long usualRequests) {
		return usualRequests + Math.round(Math.sqrt(usualRequests));
	}

	void advanceRamp(Ramp.Step step) {
		this.condition.ramp.onServed(step);
	}

	/** Records how many nanoseconds the response of an attempt took to begin. */
	void onResponseStart(long nanos) {
		this.condition.latency.record(nanos);
		this.condition.latency.onWaitEnd();
		this.free.notifyListener(this.backend.condition());
	}

	/** Records the latency of an attempt that ended before its response began. */
	void onEndBeforeResponse(Outcome outcome, Duration duration) {
		switch (outcome.type()) {
			case SERVED -> this.condition.latency.record(duration.toNanos());
			case BROKEN -> failedAfter(duration);
			case FAILED -> {
				if (((Outcome.Failed) outcome).isBackendFault()) {
					failedAfter(duration);
				}
				else {
					this.condition.latency.recordAtLeast(duration.toNanos());
				}
			}
			// the response would have taken at least as long as the client waited
			case CANCELLED -> this.condition.latency.recordAtLeast(duration.toNanos());
			case THROTTLED, TOO_LARGE, OUT_OF_QUOTA, DENIED, NO_CREDENTIAL, NOT_SERVED, REJECTED, TOO_LONG,
					NOT_MINE -> {
				// the time of a refusal is not the time of a response
			}
		}
		this.condition.latency.onWaitEnd();
	}

	private void failedAfter(Duration duration) {
		this.condition.latency.recordAtLeast(longest(duration, Latency.ASSUMED).toNanos());
	}

	void onEnd(Outcome outcome, RequestTraits request, Ramp.Step step) {
		this.condition.tally.onEnd(outcome);
		beginCooldown(outcome, request, step);
		recordFailure(outcome);
		switch (outcome.type()) {
			case NO_CREDENTIAL -> this.backend.recordCredentialProblem(outcome.description());
			case BROKEN -> {
				this.backend.recordBreak();
				this.backend.recordCredentialProblem(null);
			}
			case SERVED, THROTTLED, TOO_LARGE, OUT_OF_QUOTA, FAILED, DENIED, NOT_SERVED, REJECTED, TOO_LONG, NOT_MINE ->
				this.backend.recordCredentialProblem(null);
			case CANCELLED -> {
				// the client may have left before Weir had a credential
			}
		}
	}

	private void recordFailure(Outcome outcome) {
		switch (outcome.type()) {
			case BROKEN -> this.backend.recordFailure(outcome);
			case FAILED -> {
				if (((Outcome.Failed) outcome).isBackendFault()) {
					this.backend.recordFailure(outcome);
				}
			}
			case SERVED, THROTTLED, TOO_LARGE, OUT_OF_QUOTA, DENIED, NOT_SERVED, REJECTED, TOO_LONG, NOT_MINE ->
				this.backend.recordNoFailure();
			case NO_CREDENTIAL, CANCELLED -> {
				// the backend may not have been called
			}
		}
	}

	/**
	 * Records that the lane served a request, or has begun to.
	 * @param request the properties of the request
	 */
	public void onServed(RequestTraits request) {
		this.condition.operations.onServed(request.operation());
		this.condition.lastServed.onServed(request.size());
		if (this.backend.hasCurrentCredential()) {
			this.backend.refusals().onServed();
		}
	}

	boolean isLastServedSmallerThan(long size) {
		return this.condition.lastServed.isSmallerThan(size);
	}

	/** Releases the place of an attempt, once its outcome is recorded. */
	void release() {
		this.backend.release();
		this.free.notifyListener(this.backend.condition());
	}

	private void beginCooldown(Outcome outcome, RequestTraits request, Ramp.Step step) {
		if (outcome.type().isAboutCredential() && !this.backend.hasCurrentCredential()) {
			return;
		}
		CooldownPeriod period = CooldownPeriod.after(outcome, !this.model.isEmpty(), this.cooldowns);
		if (period != null) {
			beginCooldown(period, step);
			return;
		}
		switch (outcome.type()) {
			case NOT_SERVED -> setAside((Outcome.NotServed) outcome, request.operation());
			case DENIED -> countRefusal((Outcome.Denied) outcome, request, step);
			case SERVED, THROTTLED, TOO_LARGE, OUT_OF_QUOTA, FAILED, NO_CREDENTIAL, REJECTED, TOO_LONG, NOT_MINE,
					BROKEN, CANCELLED -> {
				// the lane remains available
			}
		}
	}

	private void setAside(Outcome.NotServed missing, Operation operation) {
		switch (missing.scope()) {
			case OPERATION ->
				this.condition.operations.setAside(operation, false, this.cooldowns.refusal(), missing.refusal());
			case OPERATION_IMPLIED ->
				this.condition.operations.setAside(operation, true, this.cooldowns.refusal(), missing.refusal());
			case MODEL, REQUEST -> {
				// other requests may be served
			}
		}
	}

	private void countRefusal(Outcome.Denied denied, RequestTraits request, Ramp.Step step) {
		switch (denied.proof()) {
			case NO_REASON -> {
				if (!this.model.isEmpty()
						&& this.backend.refusals().onRefused(request.fingerprint().getAsInt(), denied.refusal())) {
					beginCooldown(CooldownPeriod.denied(denied.refusal(), this.cooldowns), step);
				}
			}
			case STATED, PAGE -> {
				// decided by CooldownPeriod, or about the request
			}
		}
	}

	/** The cooldown of the lane alone, without that of its backend. */
	Cooldown ownCooldown() {
		return this.condition.cooldown;
	}

	/** Begins a cooldown that another Weir has seen. */
	void beginStatedCooldown(CooldownPeriod period) {
		if (period.whole()) {
			this.backend.beginCooldown(period.duration(), period.reason(), null);
		}
		else {
			this.condition.cooldown.begin(period.duration(), period.reason(), null);
			this.condition.ramp.restart();
		}
	}

	private void beginCooldown(CooldownPeriod period, Ramp.Step step) {
		if (period.whole()) {
			this.backend.beginCooldown(period.duration(), period.reason(), period.refusal());
		}
		else {
			this.condition.cooldown.begin(period.duration(), period.reason(), period.refusal());
			this.condition.ramp.restart(step);
		}
		this.backend.condition().recordCooldown(this, period);
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
