package dev.weir.gateway;

import java.time.Duration;

import reactor.core.publisher.Mono;

import dev.weir.backend.Outcome;
import dev.weir.backend.OutcomeException;
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

	/**
	 * Creates the timeout of one attempt.
	 * @param context the request
	 * @param sent completes when the whole request has been sent
	 * @param small whether the request is small enough to be sent at once; the request's
	 * deadline then replaces a limit that would end later
	 */
	ResponseHeadTimeout(RequestContext context, Mono<Void> sent, boolean small) {
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
		Duration limit = this.settings.responseTimeout();
		return isDeadlineFirst(limit) ? attempt : attempt.timeout(this.sent.then(after(limit, limit)));
	}

	/**
	 * Limits an attempt that requests a stream. The {@code first-event-timeout} applies
	 * only if another lane can take the request at that moment.
	 * @param attempt completes when the head has arrived
	 * @return the same completion, or an {@link OutcomeException} after
	 * {@code first-event-timeout} or {@code response-timeout}
	 */
	Mono<Void> boundStream(Mono<Void> attempt) {
		Duration first = this.settings.firstEventTimeout();
		if (isDeadlineFirst(first)) {
			return attempt;
		}
		Duration response = this.settings.responseTimeout();
		if (response.compareTo(first) <= 0) {
			return attempt.timeout(this.sent.then(after(first, first)));
		}
		return attempt.timeout(this.sent.then(this.context.loop().delay(first))
			.then(Mono.defer(() -> this.context.failover().canTryAnotherLane() ? timedOut(first)
					: after(response.minus(first), response))));
	}

	private boolean isDeadlineFirst(Duration limit) {
		return this.small && this.context.failover().deadline().endsWithin(limit);
	}

	private Mono<Void> after(Duration delay, Duration limit) {
		return this.context.loop().delay(delay).then(timedOut(limit));
	}

	private static Mono<Void> timedOut(Duration limit) {
		return Mono.error(() -> new OutcomeException(Outcome.Failed.silence(limit)));
	}

}
