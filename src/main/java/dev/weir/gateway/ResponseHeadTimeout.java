package dev.weir.gateway;

import java.time.Duration;
import java.util.function.BooleanSupplier;

import reactor.core.publisher.Mono;

import dev.weir.backend.Outcome;
import dev.weir.backend.OutcomeException;
import dev.weir.backend.TimeLimit;
import dev.weir.config.PoolProperties;
import dev.weir.request.RequestContext;

/**
 * Limits the time in which a backend must send the head of its response. The time starts
 * when the whole request has been sent.
 */
final class ResponseHeadTimeout {

	private final RequestContext context;

	private final Mono<Void> sent;

	private final boolean small;

	private final PoolProperties settings;

	private final BooleanSupplier replied;

	/**
	 * Creates the timeout of one attempt.
	 * @param context the request
	 * @param sent completes when the whole request has been sent
	 * @param small whether the request is small enough to be sent at once; the request's
	 * deadline then replaces a limit that would end later
	 * @param replied whether a filter of the user is writing a reply itself, which is not
	 * limited
	 */
	ResponseHeadTimeout(RequestContext context, Mono<Void> sent, boolean small, BooleanSupplier replied) {
		this.replied = replied;
		this.context = context;
		this.sent = sent;
		this.small = small;
		this.settings = context.pool().properties();
	}

	/**
	 * Limits an attempt that does not request a stream.
	 * @param attempt completes when the head has arrived
	 * @return the same completion, or an {@link OutcomeException} after
	 * {@code response-timeout}
	 */
	Mono<Void> bound(Mono<Void> attempt) {
		TimeLimit limit = TimeLimit.response(this.settings);
		return isDeadlineFirst(limit) ? attempt : attempt.timeout(this.sent.then(after(limit.duration(), limit)));
	}

	/**
	 * Limits an attempt that requests a stream. The {@code first-event-timeout} applies
	 * only if another lane can take the request at that moment.
	 * @param attempt completes when the head has arrived
	 * @return the same completion, or an {@link OutcomeException} after
	 * {@code first-event-timeout} or {@code response-timeout}
	 */
	Mono<Void> boundStream(Mono<Void> attempt) {
		return bound(attempt, TimeLimit.firstEvent(this.settings));
	}

	/**
	 * Limits an attempt that opens a WebSocket. The {@code handshake-timeout} applies
	 * only if another lane can take the request at that moment.
	 * @param attempt completes when the head has arrived
	 * @return the same completion, or an {@link OutcomeException} after
	 * {@code handshake-timeout} or {@code response-timeout}
	 */
	Mono<Void> boundHandshake(Mono<Void> attempt) {
		return bound(attempt, TimeLimit.handshake(this.settings));
	}

	private Mono<Void> bound(Mono<Void> attempt, TimeLimit first) {
		if (isDeadlineFirst(first)) {
			return attempt;
		}
		TimeLimit response = TimeLimit.response(this.settings);
		Duration more = response.duration().minus(first.duration());
		if (more.isNegative() || more.isZero()) {
			return attempt.timeout(this.sent.then(after(first.duration(), first)));
		}
		return attempt.timeout(this.sent.then(this.context.loop().delay(first.duration()))
			.then(Mono
				.defer(() -> this.context.failover().canTryAnotherLane() ? timedOut(first) : after(more, response))));
	}

	private boolean isDeadlineFirst(TimeLimit limit) {
		return this.small && this.context.failover().deadline().endsWithin(limit.duration());
	}

	private Mono<Void> after(Duration delay, TimeLimit limit) {
		return this.context.loop().delay(delay).then(timedOut(limit));
	}

	private Mono<Void> timedOut(TimeLimit limit) {
		return Mono.defer(() -> this.replied.getAsBoolean() ? Mono.never()
				: Mono.error(new OutcomeException(Outcome.Failed.silence(limit))));
	}

}
