package dev.weir.gateway;

import io.netty.channel.Channel;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

import dev.weir.backend.Attempt;
import dev.weir.backend.Outcome;
import dev.weir.backend.OutcomeException;
import dev.weir.backend.TimeLimit;
import dev.weir.memory.WriteGate;
import dev.weir.request.Deadline;
import dev.weir.request.RequestContext;
import dev.weir.request.RequestLoop;

/**
 * How far a request has been sent to a backend. The backend's response times count from
 * the moment the whole request has been sent. Before that, an attempt fails only if the
 * backend accepts no bytes for {@code stream-idle-timeout}; the time the client takes to
 * send is not counted against the backend.
 */
final class UploadProgress {

	private final RequestLoop loop;

	private final Deadline deadline;

	private final Attempt attempt;

	private final TimeLimit idleLimit;

	private final Sinks.Empty<Void> completion = Sinks.empty();

	// used on the loop of the request
	private boolean uploading = true;

	/**
	 * Starts to record the upload of the current attempt.
	 * @param context the request, which must have a current attempt
	 * @param streamed whether the client is still sending the request
	 */
	UploadProgress(RequestContext context, boolean streamed) {
		this.loop = context.loop();
		this.deadline = context.failover().deadline();
		this.attempt = context.failover().attempts().requireCurrent();
		this.idleLimit = TimeLimit.streamIdle(context.pool().properties());
		if (streamed) {
			this.deadline.pauseForUpload();
			this.attempt.onUploadStart();
		}
	}

	/**
	 * Limits the parts of a body to the speed at which the backend accepts them.
	 * @param <T> the type of the parts
	 * @param parts the parts of the body
	 * @param channel the connection to the backend
	 * @return the parts, each emitted when the connection can take it; an
	 * {@link OutcomeException} if the backend stops accepting them
	 */
	<T> Flux<T> pace(Flux<T> parts, Channel channel) {
		this.loop.execute(() -> {
			// also when the request is sent again on a new connection
			this.uploading = true;
			this.attempt.onUploadStart();
		});
		return WriteGate
			.through(parts, channel, this.idleLimit.duration(),
					() -> new OutcomeException(Outcome.Failed.notAccepted(this.idleLimit)))
			.doOnComplete(this::complete)
			// Reactor Netty would pass the error on only after it has written all earlier
			// parts
			.doOnError(OutcomeException.class, (ex) -> this.loop.execute(() -> {
				Sinks.EmitResult unused = this.completion.tryEmitError(ex);
			}));
	}

	/**
	 * Records that the whole request has been sent. Has no effect when called again for
	 * the same upload.
	 */
	void complete() {
		this.loop.execute(() -> {
			if (this.uploading) {
				this.uploading = false;
				this.deadline.resumeAfterUpload();
				this.attempt.onUploadEnd();
				Sinks.EmitResult unused = this.completion.tryEmitEmpty();
			}
		});
	}

	/**
	 * The end of the upload.
	 * @return completes when the whole request has been sent, or emits an
	 * {@link OutcomeException} if the backend stops accepting it
	 */
	Mono<Void> completion() {
		return this.completion.asMono();
	}

}
