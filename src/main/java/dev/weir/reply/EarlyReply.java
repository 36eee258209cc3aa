package dev.weir.reply;

import java.time.Duration;
import java.util.Objects;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.publisher.Sinks;

import org.springframework.http.server.reactive.ServerHttpResponse;

import dev.weir.openai.call.ApiCall;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ErrorDetails;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.BrokenResponseException;
import dev.weir.backend.Outcome;
import dev.weir.config.PoolProperties;
import dev.weir.request.Reply;
import dev.weir.request.RequestContext;
import dev.weir.openai.stream.ErrorEvent;

/**
 * Begins the reply to a request for a stream before a backend has begun its response, so
 * that no proxy between Weir and the client closes a silent connection. The status is
 * then 200. The attempts continue, and if none succeeds, the error is sent as an event.
 * One for each request, used on its loop only.
 */
public final class EarlyReply implements Reply {

	private static final Logger logger = LoggerFactory.getLogger(EarlyReply.class);

	private final RequestContext context;

	private final PoolProperties settings;

	private final ReplyFactory replies;

	private final Sinks.One<RequestResult> result = Sinks.one();

	private final Disposable.Swap attempts = Disposables.swap();

	private boolean over;

	private @Nullable Relay relay;

	/**
	 * Creates the reply.
	 * @param context the request
	 * @param replies turns the result into the reply, or into its remainder
	 */
	public EarlyReply(RequestContext context, ReplyFactory replies) {
		this.context = context;
		this.settings = context.pool().properties();
		this.replies = replies;
	}

	/**
	 * Whether the reply to a request may begin early.
	 * @param call the request
	 * @param settings the settings of its pool
	 * @return whether it asks for a stream, and comments are wanted
	 */
	public static boolean isWanted(ApiCall call, PoolProperties settings) {
		return !settings.keepAlive().isZero() && call.isStream();
	}

	/**
	 * Makes the attempts until there is a result or the first comment is due.
	 * @param run the attempts
	 * @return completion when the request has its reply: the one of the result, or this
	 * one, which then waits for the result
	 */
	public Mono<Void> await(Mono<RequestResult> run) {
		return Mono.create((sink) -> {
			Disposable timer = this.context.loop().schedule(() -> begin(sink), delay());
			MonoSink<Void> early = sink.onCancel(Disposables.composite(timer, this.attempts));
			this.attempts.update(run.contextWrite(sink.contextView()).subscribe((end) -> {
				timer.dispose();
				onResult(end, early);
			}, (error) -> {
				timer.dispose();
				onError(error, early);
			}));
		});
	}

	/** The first comment is not written before comments are due. */
	private Duration delay() {
		Duration period = this.settings.keepAlive();
		Duration delay = this.settings.keepAliveDelay();
		return (period.compareTo(delay) > 0) ? period : delay;
	}

	private void begin(MonoSink<Void> sink) {
		// a filter of an attempt may have begun a reply
		if (!this.over && !this.replies.isClientCommitted()) {
			this.over = true;
			this.replies.beginEarly();
			this.context.reply(this);
			sink.success();
		}
	}

	private void onResult(RequestResult end, MonoSink<Void> sink) {
		if (this.over) {
			emit(end);
			return;
		}
		this.over = true;
		try {
			this.context.reply(this.replies.of(end));
			sink.success();
		}
		catch (RuntimeException ex) {
			end.discard();
			sink.error(ex);
		}
	}

	private void onError(Throwable error, MonoSink<Void> sink) {
		if (!this.over) {
			this.over = true;
			sink.error(error);
			return;
		}
		logger.error("A request whose reply has begun failed [{}]", this.context.id(), error);
		emit(new RequestResult.Exhausted(null, null, new ApiErrorException(ApiError.internal())));
	}

	private void emit(RequestResult end) {
		if (this.result.tryEmitValue(end).isFailure()) {
			end.discard();
		}
	}

	@Override
	public Mono<Void> writeTo(ServerHttpResponse response) {
		Mono<RequestResult> end = this.result.asMono();
		Flux<byte[]> comments = Mono.just(StreamKeepAlive.comment())
			.concatWith(this.context.loop()
				.delay(this.settings.keepAlive())
				.then(Mono.fromSupplier(StreamKeepAlive::comment))
				.repeat())
			.takeUntilOther(end);
		return PacedWriter.write(response,
				comments.concatWith(end.flatMapMany(this::afterComments)).doOnCancel(this.attempts::dispose));
	}

	private Flux<byte[]> afterComments(RequestResult end) {
		Relay remainder = this.replies.afterHead(end);
		this.relay = remainder;
		if (remainder != null) {
			return remainder.bytes();
		}
		ApiError error = end.match(EarlyReply::notStream, EarlyReply::read, (exhausted) -> exhausted.own().error(),
				(connected) -> ApiError.internal());
		end.discard();
		return Flux.just(ErrorEvent.of(error, this.context.call().path().operation(), null))
			.concatWith(Flux.error(BrokenResponseException.afterStart()));
	}

	private static ApiError notStream(RequestResult.Relayed relayed) {
		return new ApiError(502, "The backend's response is not a stream of events.", "server_error", null,
				"bad_gateway");
	}

	private static ApiError read(RequestResult.Refused refused) {
		ErrorDetails reason = ErrorDetails.read(refused.error().body());
		int status = refused.error().status();
		String message = Objects.requireNonNullElse(reason.message(),
				"The backend refused the request with status " + status + ".");
		String type = Objects.requireNonNullElse(reason.type(), "invalid_request_error");
		return new ApiError(status, message, type, null, reason.code());
	}

	@Override
	public boolean isEarly() {
		return true;
	}

	@Override
	public void discard(Outcome outcome) {
		this.attempts.dispose();
		Relay begun = this.relay;
		if (begun != null) {
			begun.discard(outcome);
		}
	}

}
