package dev.weir.failover;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;

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

import dev.weir.backend.Outcome;
import dev.weir.config.PoolProperties;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.error.ErrorDetails;
import dev.weir.openai.stream.ErrorEvent;
import dev.weir.request.BrokenResponseException;

/**
 * Begins the reply to a request for a stream before any backend has begun its response,
 * so that nothing between Weir and the client takes the silence for an end. From then on
 * the status is 200: attempts go on, and if none serves, the error is an event. One per
 * request.
 */
final class EarlyReply implements Answer {

	private static final Logger logger = LoggerFactory.getLogger(EarlyReply.class);

	private final ApiCall call;

	private final PoolProperties settings;

	private final Timing timing;

	private final SerialExecutor turn;

	private final Function<Ending.Answering, Relay> relays;

	private final Sinks.One<Ending> ending = Sinks.one();

	private final Disposable.Swap attempts = Disposables.swap();

	private boolean over;

	// only by the thread that writes the reply
	private @Nullable Relay relay;

	/**
	 * Prepares.
	 * @param call the request
	 * @param settings when comments are written
	 * @param timing what measures time
	 * @param turn runs all callbacks of this reply, one at a time
	 * @param relays makes the relay of a response that has begun
	 */
	EarlyReply(ApiCall call, PoolProperties settings, Timing timing, SerialExecutor turn,
			Function<Ending.Answering, Relay> relays) {
		this.call = call;
		this.settings = settings;
		this.timing = timing;
		this.turn = turn;
		this.relays = relays;
	}

	/**
	 * Whether the reply to a request may begin early.
	 * @param call the request
	 * @param settings the settings of its pool
	 * @return whether it asks for a stream, and comments are wanted
	 */
	static boolean isWanted(ApiCall call, PoolProperties settings) {
		return !settings.keepAlive().isZero() && call.body() != null && call.body().stream();
	}

	/**
	 * Makes the attempts.
	 * @param run the attempts
	 * @param onEnding receives how they ended in time
	 * @param onEarly is run if they have not, before the reply begins
	 * @return completion when one of both was run
	 */
	Mono<Void> await(Mono<Ending> run, Consumer<Ending> onEnding, Runnable onEarly) {
		return Mono.create((sink) -> {
			Disposable timer = this.timing.timers()
				.schedule(() -> this.turn.execute(() -> begin(sink, onEarly)), delay().toNanos(), TimeUnit.NANOSECONDS);
			MonoSink<Void> early = sink.onCancel(Disposables.composite(timer, this.attempts));
			this.attempts.update(run.contextWrite(sink.contextView()).subscribe((end) -> this.turn.execute(() -> {
				timer.dispose();
				onEnding(end, early, onEnding);
			}), (error) -> this.turn.execute(() -> {
				timer.dispose();
				onError(error, early);
			})));
		});
	}

	/** The first comment never comes before comments are due. */
	private Duration delay() {
		Duration period = this.settings.keepAlive();
		Duration delay = this.settings.keepAliveDelay();
		return (period.compareTo(delay) > 0) ? period : delay;
	}

	private void begin(MonoSink<Void> sink, Runnable onEarly) {
		if (!this.over) {
			this.over = true;
			onEarly.run();
			sink.success();
		}
	}

	private void onEnding(Ending end, MonoSink<Void> sink, Consumer<Ending> onEnding) {
		if (this.over) {
			emit(end);
			return;
		}
		this.over = true;
		try {
			onEnding.accept(end);
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
		logger.error("A request whose reply has begun failed", error);
		ApiError own = new ApiError(500, "Weir failed to handle the request; its log says why.", "server_error", null,
				"internal_error");
		emit(new Ending.GaveUp(null, null, new ApiErrorException(own)));
	}

	private void emit(Ending end) {
		if (this.ending.tryEmitValue(end).isFailure()) {
			end.discard();
		}
	}

	@Override
	public Mono<Void> writeTo(ServerHttpResponse response) {
		Mono<Ending> end = this.ending.asMono();
		Flux<byte[]> comments = Flux.interval(Duration.ZERO, this.settings.keepAlive(), this.timing.timers())
			.onBackpressureDrop()
			.map((count) -> KeepAlive.comment())
			.takeUntilOther(end);
		return response.writeWith(comments.concatWith(end.flatMapMany(this::rest))
			.doOnCancel(this.attempts::dispose)
			.map(response.bufferFactory()::wrap));
	}

	private Flux<byte[]> rest(Ending end) {
		if (end instanceof Ending.Answering answering && answering.start() instanceof AnswerStart.Events) {
			answering.attempt().answering();
			this.relay = this.relays.apply(answering);
			return this.relay.bytes();
		}
		ApiError error = error(end);
		end.discard();
		return Flux.just(ErrorEvent.of(error, this.call.path().operation(), null))
			.concatWith(Flux.error(BrokenResponseException.afterStart()));
	}

	private static ApiError error(Ending end) {
		if (end instanceof Ending.GaveUp gaveUp) {
			return gaveUp.own().error();
		}
		if (end instanceof Ending.Refused refused) {
			ErrorDetails reason = ErrorDetails.read(refused.answer().body());
			String type = reason.type();
			return new ApiError(refused.answer().status(),
					"The backend refused the request with status " + refused.answer().status() + ".",
					(type != null) ? type : "invalid_request_error", null, reason.code());
		}
		return new ApiError(502, "The backend's answer is no stream of events.", "server_error", null, "bad_gateway");
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
