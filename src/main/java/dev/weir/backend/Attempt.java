package dev.weir.backend;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

import com.github.benmanes.caffeine.cache.Ticker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import org.jspecify.annotations.Nullable;

import dev.weir.openai.quota.QuotaHeaders;
import dev.weir.openai.stored.ReportedObject;
import dev.weir.openai.stream.Usage;

/**
 * One call to one lane for a request, from the choice of the lane to the last byte of the
 * response. It ends exactly once: only the first call of {@link #end} counts. Used on the
 * loop of its request only.
 */
public final class Attempt {

	/** A usual size of a token, for the estimate of a request without a usage yet. */
	private static final int BYTES_PER_TOKEN = 4;

	/** Tokens of a response, until one has reported its usage. */
	private static final int USUAL_OUTPUT = 256;

	private final Lane lane;

	private final Ramp.Step laneStep;

	private final Backend.Entry entry;

	private final RequestTraits request;

	private final AttemptListener listener;

	private final Ticker ticker;

	private final long start;

	// an attempt from before the circuit breaker opened does not count as one of its
	// probes
	private final boolean probing;

	private Phase phase = Phase.WAITING;

	// the circuit breaker expects exactly one result for each permission
	private boolean reported;

	private boolean started;

	private boolean responded;

	private boolean askedForUsage;

	private long sentAt;

	// while the request is uploaded, the backend's response time does not run
	private boolean uploading;

	// of a request for a prompt cache, until the response reports its usage
	private long estimatedTokens;

	private long estimatedAt;

	Attempt(Lane lane, RequestTraits request, AttemptListener listener, Ramp.Step laneStep, Backend.Entry entry,
			Ticker ticker) {
		this.lane = lane;
		this.request = request;
		this.listener = listener;
		this.laneStep = laneStep;
		this.entry = entry;
		this.ticker = ticker;
		this.start = ticker.read();
		this.probing = isHalfOpen();
		if (request.promptKey() != 0) {
			this.estimatedTokens = request.size() / BYTES_PER_TOKEN;
			this.estimatedAt = lane.tokens().add(this.estimatedTokens);
		}
	}

	public Lane lane() {
		return this.lane;
	}

	/**
	 * Whether the lane's last served request was smaller than this one.
	 * @return whether one was served within the last minute
	 */
	public boolean isLargerThanLastServed() {
		return this.lane.isLastServedSmallerThan(this.request.size());
	}

	/** Records that the call to the backend begins, once Weir has a credential for it. */
	public void onSendStart() {
		this.sentAt = this.ticker.read();
		this.started = true;
	}

	/**
	 * Records whether the backend is asked for the usage of a stream, although the client
	 * has not asked.
	 * @param asked whether it is
	 */
	public void askForUsage(boolean asked) {
		this.askedForUsage = asked;
	}

	/**
	 * Whether the stream has a usage only because Weir has asked for it.
	 * @return whether it must be taken out of the stream
	 */
	public boolean hasAskedForUsage() {
		return this.askedForUsage;
	}

	/**
	 * Records that the upload of a large request begins. {@link #responseTime()} stays
	 * zero until {@link #onUploadEnd()}.
	 */
	public void onUploadStart() {
		this.uploading = true;
	}

	/** Records that the whole request was sent: the backend's response time begins. */
	public void onUploadEnd() {
		this.sentAt = this.ticker.read();
		this.uploading = false;
	}

	/**
	 * Whether the call to the backend has begun.
	 * @return {@code false} if an error cannot be the backend's
	 */
	public boolean hasStarted() {
		return this.started;
	}

	/**
	 * Whether the response for the client has begun, also if it has ended.
	 * @return whether {@link #onResponseStart()} was called in time
	 */
	public boolean hasResponded() {
		return this.responded;
	}

	/**
	 * Records the usage that the response reports.
	 * @param reported the usage
	 */
	public void recordUsage(Usage reported) {
		Usage used = this.listener.onUsage(this, reported);
		if (used != null) {
			this.lane.tokens().record(used);
			this.lane.tokens().add(used.total());
		}
		removeEstimate();
	}

	private void removeEstimate() {
		if (this.estimatedTokens != 0) {
			this.lane.tokens().remove(this.estimatedTokens, this.estimatedAt);
			this.estimatedTokens = 0;
		}
	}

	/**
	 * Records objects that the backend stores, before the client learns their ids.
	 * @param objects the objects that the response names, at least one
	 */
	public void recordObjects(List<ReportedObject> objects) {
		this.listener.onObjects(this, objects);
	}

	/**
	 * Records the remaining quota in the headers of the response, whatever its status.
	 * @param headers looks up a response header by its lower-case name
	 * @param accepted whether the response accepts the request, so that its quota counts
	 */
	public void recordQuota(Function<String, @Nullable String> headers, boolean accepted) {
		QuotaHeaders limits = QuotaHeaders.read(headers);
		this.lane.recordQuota(limits);
		if (accepted) {
			this.lane.followQuota(limits, this.laneStep, this.request.size() / BYTES_PER_TOKEN + USUAL_OUTPUT);
		}
	}

	/**
	 * Records that the response for the client has begun. A half-open circuit breaker and
	 * the ramp are notified now, because they must not wait for the end of a long stream.
	 * A closed circuit breaker is notified at the end, when it is known whether the
	 * response broke off. Only the first call counts, and none after the end.
	 */
	public void onResponseStart() {
		if (this.phase != Phase.WAITING) {
			return;
		}
		this.phase = Phase.RESPONDING;
		this.responded = true;
		if (this.probing) {
			reportSuccess();
		}
		advanceRamps();
		this.lane.onResponseStart(elapsed());
	}

	/**
	 * Ends the attempt, and updates the lane's counts, its cooldown and the circuit
	 * breaker.
	 * @param outcome the outcome of the attempt
	 * @return whether this was the end; {@code false} if it had ended before
	 */
	public boolean end(Outcome outcome) {
		Phase last = this.phase;
		if (last == Phase.ENDED) {
			return false;
		}
		this.phase = Phase.ENDED;
		Duration duration = Duration.ofNanos(elapsed());
		if (last == Phase.WAITING) {
			if (!outcome.type().isSuccess()) {
				removeEstimate();
			}
			this.lane.onEndBeforeResponse(outcome, duration);
		}
		try {
			this.lane.onEnd(outcome, this.request, this.laneStep);
			this.listener.onEnd(this, outcome, duration);
		}
		finally {
			reportToBreaker(outcome, last);
			this.lane.release();
		}
		return true;
	}

	private void reportToBreaker(Outcome outcome, Phase last) {
		boolean failed = switch (outcome.type()) {
			case BROKEN -> true;
			case FAILED -> ((Outcome.Failed) outcome).isBackendFault();
			case SERVED, THROTTLED, TOO_LARGE, OUT_OF_QUOTA, DENIED, NO_CREDENTIAL, NOT_SERVED, REJECTED, TOO_LONG,
					NOT_MINE, CANCELLED ->
				false;
		};
		boolean worked = switch (outcome.type()) {
			case SERVED, REJECTED, TOO_LONG, NOT_MINE -> true;
			case THROTTLED, TOO_LARGE, OUT_OF_QUOTA, FAILED, DENIED, NO_CREDENTIAL, NOT_SERVED, BROKEN, CANCELLED ->
				last == Phase.RESPONDING;
		};
		if (failed) {
			reportFailure(outcome);
		}
		else if (worked) {
			reportSuccess();
			advanceRamps();
		}
		else if (mayReport()) {
			breaker().releasePermission();
		}
	}

	private void advanceRamps() {
		this.lane.advanceRamp(this.laneStep);
		this.lane.backend().advanceRamp(this.entry.step());
	}

	private void reportSuccess() {
		if (mayReport()) {
			breaker().onSuccess(elapsed(), TimeUnit.NANOSECONDS);
		}
	}

	private void reportFailure(Outcome outcome) {
		if (mayReport()) {
			breaker().onError(elapsed(), TimeUnit.NANOSECONDS, new AttemptFailed(outcome.description()));
		}
	}

	private boolean mayReport() {
		boolean first = !this.reported;
		this.reported = true;
		return first && (this.probing || !isHalfOpen());
	}

	private boolean isHalfOpen() {
		return breaker().getState() == CircuitBreaker.State.HALF_OPEN;
	}

	private CircuitBreaker breaker() {
		return this.entry.breaker();
	}

	/**
	 * The response time of the backend so far.
	 * @return the time since it got the whole request, zero if it has not
	 */
	public Duration responseTime() {
		return (this.started && !this.uploading) ? Duration.ofNanos(this.ticker.read() - this.sentAt) : Duration.ZERO;
	}

	private long elapsed() {
		return this.ticker.read() - this.start;
	}

	/** The progress of an attempt. */
	private enum Phase {

		WAITING, RESPONDING, ENDED

	}

	/** Resilience4j records an exception for each failure, though none was thrown. */
	private static final class AttemptFailed extends RuntimeException {

		AttemptFailed(String message) {
			super(message, null, false, false);
		}

	}

}
