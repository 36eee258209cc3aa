package dev.weir.proxy;

import java.time.Duration;

import io.netty.channel.Channel;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

import dev.weir.backend.Attempt;
import dev.weir.backend.Attempts;
import dev.weir.backend.Outcome;
import dev.weir.backend.OutcomeException;
import dev.weir.memory.WriteGate;

/**
 * How far a request has been sent to a backend. The backend's time begins when it is
 * whole; until then a backend fails only if it accepts nothing for
 * {@code stream-idle-timeout}, and how long a client takes is no matter of the backend's.
 */
final class Sending {

	private final Attempts attempts;

	private final Attempt attempt;

	private final Duration patience;

	private final Sinks.Empty<Void> whole = Sinks.empty();

	/**
	 * Begins.
	 * @param attempts the attempts of the request
	 * @param attempt the attempt that runs
	 * @param streamed whether the client is still sending the request
	 */
	Sending(Attempts attempts, Attempt attempt, boolean streamed) {
		this.attempts = attempts;
		this.attempt = attempt;
		this.patience = attempts.pool().properties().streamIdleTimeout();
		if (streamed) {
			attempts.uploading();
			attempt.uploading();
		}
	}

	/**
	 * Sends a body in parts, no faster than the backend accepts them.
	 * @param <T> what is sent
	 * @param parts the parts of the body
	 * @param channel the connection to the backend
	 * @return the parts, to be written to the connection as they come; an error with the
	 * outcome if the backend does not accept them
	 */
	<T> Flux<T> inParts(Flux<T> parts, Channel channel) {
		this.attempt.uploading();
		return WriteGate
			.through(parts, channel, this.patience,
					() -> new OutcomeException(Outcome.Failed.notAccepted(this.patience)))
			.doOnComplete(this::complete)
			// Reactor Netty passes an error on only when all before it is written
			.doOnError(OutcomeException.class, (ex) -> {
				Sinks.EmitResult unused = this.whole.tryEmitError(ex);
			});
	}

	/** Says that the request has been sent. Only the first time counts. */
	void complete() {
		if (this.whole.tryEmitEmpty() == Sinks.EmitResult.OK) {
			this.attempts.uploaded();
			this.attempt.requestSent();
		}
	}

	/**
	 * Tells when the request has been sent.
	 * @return completion, or an error with the outcome if the backend does not accept it
	 */
	Mono<Void> whole() {
		return this.whole.asMono();
	}

}
