package dev.weir.gateway;

import java.time.Duration;

import io.netty.channel.Channel;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

import dev.weir.backend.Attempt;
import dev.weir.backend.Outcome;
import dev.weir.backend.OutcomeException;
import dev.weir.memory.WriteGate;
import dev.weir.request.Deadline;
import dev.weir.request.RequestContext;
import dev.weir.request.RequestLoop;

/**
 * How far a request has been sent to a backend. The backend's time begins when it is
 * whole; until then a backend fails only if it accepts nothing for
 * {@code stream-idle-timeout}, and how long a client takes is no matter of the backend's.
 */
final class UploadProgress {

	private final RequestLoop loop;

	private final Deadline deadline;

	private final Attempt attempt;

	private final Duration patience;

	private final Sinks.Empty<Void> completion = Sinks.empty();

	/**
	 * Begins.
	 * @param context the request, of which an attempt runs
	 * @param streamed whether the client is still sending the request
	 */
	UploadProgress(RequestContext context, boolean streamed) {
		this.loop = context.loop();
		this.deadline = context.deadline();
		this.attempt = context.attempts().requireCurrent();
		this.patience = context.pool().properties().streamIdleTimeout();
		if (streamed) {
			this.deadline.pauseForUpload();
			this.attempt.uploading();
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
	<T> Flux<T> pace(Flux<T> parts, Channel channel) {
		this.loop.execute(this.attempt::uploading);
		return WriteGate
			.through(parts, channel, this.patience,
					() -> new OutcomeException(Outcome.Failed.notAccepted(this.patience)))
			.doOnComplete(this::complete)
			// Reactor Netty passes an error on only when all before it is written
			.doOnError(OutcomeException.class, (ex) -> this.loop.execute(() -> {
				Sinks.EmitResult unused = this.completion.tryEmitError(ex);
			}));
	}

	/** Says that the request has been sent. Only the first time counts. */
	void complete() {
		this.loop.execute(() -> {
			if (this.completion.tryEmitEmpty() == Sinks.EmitResult.OK) {
				this.deadline.resumeAfterUpload();
				this.attempt.requestSent();
			}
		});
	}

	/**
	 * Tells when the request has been sent.
	 * @return completion, or an error with the outcome if the backend does not accept it
	 */
	Mono<Void> completion() {
		return this.completion.asMono();
	}

}
