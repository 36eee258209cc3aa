package dev.weir.gateway;

import java.time.Duration;

import reactor.core.publisher.Mono;

import dev.weir.backend.Outcome;
import dev.weir.backend.OutcomeException;
import dev.weir.config.PoolProperties;
import dev.weir.request.RequestContext;

/**
 * Bounds how long a backend may take to send the head of its response, from the moment
 * the request has been sent whole.
 */
final class ResponseHeadTimeout {

	private final RequestContext context;

	private final Mono<Void> sent;

	private final boolean small;

	private final PoolProperties settings;

	/**
	 * Prepares for one call.
	 * @param context the request
	 * @param sent completes when the request has been sent whole
	 * @param small whether it is sent at once, so that the request's deadline may stand
	 * in for a limit that ends later
	 */
	ResponseHeadTimeout(RequestContext context, Mono<Void> sent, boolean small) {
		this.context = context;
		this.sent = sent;
		this.small = small;
		this.settings = context.pool().properties();
	}

	/**
	 * Bounds a call that does not ask for a stream.
	 * @param call ends when the head has come
	 * @return the same, or an error with the outcome at {@code response-timeout}
	 */
	Mono<Void> bound(Mono<Void> call) {
		Duration limit = this.settings.responseTimeout();
		return isWatched(limit) ? call : call.timeout(this.sent.then(after(limit, limit)));
	}

	/**
	 * Bounds a call that asks for a stream. While no other lane can take the request,
	 * {@code first-event-timeout} does not count.
	 * @param call ends when the head has come
	 * @return the same, or an error with the outcome at {@code first-event-timeout} or
	 * {@code response-timeout}
	 */
	Mono<Void> boundStream(Mono<Void> call) {
		Duration first = this.settings.firstEventTimeout();
		if (isWatched(first)) {
			return call;
		}
		Duration response = this.settings.responseTimeout();
		if (response.compareTo(first) <= 0) {
			return call.timeout(this.sent.then(after(first, first)));
		}
		return call.timeout(this.sent.then(this.context.loop().delay(first))
			.then(Mono
				.defer(() -> this.context.canTryAnotherLane() ? late(first) : after(response.minus(first), response))));
	}

	private boolean isWatched(Duration limit) {
		return this.small && this.context.deadline().endsWithin(limit);
	}

	private Mono<Void> after(Duration delay, Duration limit) {
		return this.context.loop().delay(delay).then(late(limit));
	}

	private static Mono<Void> late(Duration limit) {
		return Mono.error(() -> new OutcomeException(Outcome.Failed.silence(limit)));
	}

}
