package dev.weir.proxy;

import java.time.Duration;

import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

import dev.weir.backend.Attempts;
import dev.weir.backend.Outcome;
import dev.weir.backend.OutcomeException;
import dev.weir.config.PoolProperties;

/**
 * Bounds how long a backend may take to send the head of its response, from the moment
 * the request has been sent whole.
 */
final class HeadTimeout {

	private final Attempts attempts;

	private final Mono<Void> sent;

	private final boolean small;

	private final Scheduler timers;

	private final PoolProperties settings;

	/**
	 * Prepares for one call.
	 * @param attempts the attempts of the request
	 * @param sent completes when the request has been sent whole
	 * @param small whether it is sent at once, so that the request's deadline may stand
	 * in for a limit that ends later
	 * @param timers what measures time
	 */
	HeadTimeout(Attempts attempts, Mono<Void> sent, boolean small, Scheduler timers) {
		this.attempts = attempts;
		this.sent = sent;
		this.small = small;
		this.timers = timers;
		this.settings = attempts.pool().properties();
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
		return call.timeout(this.sent.then(Mono.delay(first, this.timers))
			.flatMap((end) -> this.attempts.mayMoveOn() ? late(first) : after(response.minus(first), response)));
	}

	private boolean isWatched(Duration limit) {
		return this.small && this.attempts.endsWithin(limit);
	}

	private Mono<Long> after(Duration delay, Duration limit) {
		return Mono.delay(delay, this.timers).flatMap((end) -> late(limit));
	}

	private static Mono<Long> late(Duration limit) {
		return Mono.error(() -> new OutcomeException(Outcome.Failed.silence(limit)));
	}

}
