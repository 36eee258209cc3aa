package dev.weir.failover;

import java.net.URI;
import java.time.Duration;

import dev.weir.api.ApiCall;
import dev.weir.api.ApiError;
import dev.weir.api.ApiErrorCode;
import dev.weir.api.ApiErrorException;
import dev.weir.api.ClientGoneException;
import dev.weir.api.Operation;
import dev.weir.backend.Attempt;
import dev.weir.backend.Attempts;
import dev.weir.backend.Outcome;
import dev.weir.backend.OutcomeException;
import dev.weir.config.PoolProperties;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.support.NotFoundException;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.http.HttpMethod;
import org.springframework.web.server.ServerWebExchange;

/**
 * Sends one request to one lane after the other until one answers for good. The rest of
 * the filter chain, from choosing a lane to its response headers, and the beginning of
 * the body are one attempt.
 */
final class AttemptLoop {

	private static final Logger logger = LoggerFactory.getLogger(AttemptLoop.class);

	private final ServerWebExchange exchange;

	private final GatewayFilterChain chain;

	private final ApiCall call;

	private final Attempts attempts;

	private final WaitingLine line;

	private final Timing timing;

	private final SerialExecutor turn;

	private final OutcomeClassifier classifier;

	private final URI uri;

	private final BestAnswer best = new BestAnswer();

	/**
	 * Prepares the attempts of a request.
	 * @param exchange where the gateway leaves each attempt's response
	 * @param chain the rest of the filter chain
	 * @param call the request
	 * @param attempts what was tried so far
	 * @param line where requests wait for a lane
	 * @param timing what time is told by
	 * @param turn what everything that is told about the answer is run by
	 */
	AttemptLoop(ServerWebExchange exchange, GatewayFilterChain chain, ApiCall call, Attempts attempts, WaitingLine line,
			Timing timing, SerialExecutor turn) {
		this.exchange = exchange;
		this.chain = chain;
		this.call = call;
		this.attempts = attempts;
		this.line = line;
		this.timing = timing;
		this.turn = turn;
		this.classifier = new OutcomeClassifier(settings().cooldown());
		this.uri = URI.create("lb://" + attempts.pool().name() + "/");
	}

	/**
	 * Makes the attempts.
	 * @return how they ended; an error only if it was nobody's answer, such as that of a
	 * client that left
	 */
	Mono<Ending> run() {
		// who came first is served first
		return this.line.isEmpty() ? attempt() : waitOrGiveUp();
	}

	/**
	 * Makes further attempts after an answer broke off that had begun: the same request
	 * goes to another lane, within the retry budget. What it brings is for whoever goes
	 * on with the answer; no head reaches the client.
	 * @return how they ended, or nothing if there are none
	 */
	Mono<Ending> runAgain() {
		this.attempts.end(new Outcome.Broken());
		this.attempts.beginAgain();
		if (!this.attempts.hasAnother() || !this.attempts.pool().retryBudget().tryRetry()) {
			return Mono.empty();
		}
		return new AttemptLoop(DetachedResponse.of(this.exchange), this.chain, this.call, this.attempts, this.line,
				this.timing, this.turn)
			.run();
	}

	private PoolProperties settings() {
		return this.attempts.pool().properties();
	}

	private Mono<Ending> attempt() {
		// nothing of an attempt that failed stays
		ServerWebExchangeUtils.reset(this.exchange);
		Duration left = settings().deadline().minus(this.attempts.elapsed());
		if (left.isNegative() || left.isZero()) {
			return giveUp(true);
		}
		this.attempts.beginRound();
		// choosing a lane replaces the URI, so each attempt starts from the pool's again
		this.exchange.getAttributes().put(ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR, this.uri);
		return this.chain.filter(this.exchange)
			.then(Mono.defer(this::answered))
			.timeout(left, Mono.error(() -> new OutcomeException(Outcome.Failed.silence(left))), this.timing.timers())
			.onErrorResume(this::failed)
			.flatMap(this::judge)
			.onErrorResume(NotFoundException.class, (noLane) -> waitOrGiveUp());
	}

	private Mono<Result> answered() {
		Attempt attempt = this.attempts.current();
		if (attempt == null) {
			return Mono.error(new IllegalStateException("An answer without an attempt"));
		}
		UpstreamAnswer answer = UpstreamAnswer.of(this.exchange);
		int status = answer.status();
		if (OutcomeClassifier.needsBody(status)) {
			return answer.drain(this.turn, this.timing.timers()).map(this::refusal);
		}
		Outcome outcome = this.classifier.classify(status, answer::header, ApiErrorCode.NONE,
				this.timing.clock().instant());
		UpstreamBody body = answer.takeBody(this.turn);
		if (answer.isEvents() && outcome instanceof Outcome.Served) {
			return FirstEvent
				.of(body, this.classifier, left(settings().firstEventTimeout(), attempt), this.turn,
						this.timing.timers())
				.map((start) -> new Result((start.refusal() != null) ? start.refusal() : outcome, start, null));
		}
		return FirstBytes.of(body, left(settings().responseTimeout(), attempt), this.timing.timers())
			.map((start) -> new Result(outcome, start, null));
	}

	private static Duration left(Duration limit, Attempt attempt) {
		Duration left = limit.minus(attempt.age());
		return left.isNegative() ? Duration.ZERO : left;
	}

	private Result refusal(ErrorAnswer error) {
		return new Result(this.classifier.classify(error.status(), error::header, ApiError.read(error.body()),
				this.timing.clock().instant()), null, error);
	}

	private Mono<Result> failed(Throwable error) {
		Attempt attempt = this.attempts.current();
		if (attempt == null || error instanceof ClientGoneException) {
			return Mono.error(error);
		}
		Outcome outcome = OutcomeClassifier.classify(error);
		if (!attempt.isSent() && outcome instanceof Outcome.Failed failure) {
			outcome = new Outcome.NoCredential("there was none in time: " + failure.words());
		}
		return Mono.just(new Result(outcome, null, null));
	}

	private Mono<Ending> judge(Result result) {
		Attempt attempt = this.attempts.current();
		if (attempt == null) {
			result.discard();
			return Mono.error(new IllegalStateException("An answer without an attempt"));
		}
		Outcome outcome = result.outcome;
		boolean last = !outcome.mayGoOn() || (outcome instanceof Outcome.TooLong
				&& !(this.call.replayable() && this.attempts.tryBelow(attempt.lane())));
		if (last && result.start != null) {
			return Mono.just(new Ending.Answering(attempt, outcome, result.start));
		}
		if (last && result.error != null) {
			return Mono.just(new Ending.Refused(attempt, outcome, result.error));
		}
		Trouble.report(attempt.lane(), outcome);
		this.best.consider(attempt.lane(), outcome, result.error);
		result.discard();
		this.attempts.end(outcome);
		return goOn(outcome);
	}

	private Mono<Ending> goOn(Outcome outcome) {
		Duration wait = waitFor();
		if (wait == null) {
			return giveUp(!this.call.replayable());
		}
		boolean allowed = mayRepeatAfter(outcome)
				&& (!outcome.costsRetry() || this.attempts.pool().retryBudget().tryRetry());
		return allowed ? attempt() : giveUp(true);
	}

	/** How long to wait until it makes sense to choose again. */
	private @Nullable Duration waitFor() {
		Duration wait = this.attempts.freeIn();
		return (wait != null && wait.compareTo(waitLeft()) <= 0) ? wait : null;
	}

	private Duration waitLeft() {
		Duration wait = settings().maxWait().minus(this.attempts.waited());
		Duration deadline = settings().deadline().minus(this.attempts.elapsed());
		Duration left = (wait.compareTo(deadline) < 0) ? wait : deadline;
		return left.isNegative() ? Duration.ZERO : left;
	}

	private Mono<Ending> waitOrGiveUp() {
		Duration left = waitLeft();
		return (waitFor() == null || left.isZero()) ? giveUp(false) : waitAndTry(left);
	}

	private Mono<Ending> waitAndTry(Duration atMost) {
		long begin = this.timing.ticker().read();
		return this.line.await(this.attempts, atMost).flatMap((free) -> {
			this.attempts.waited(Duration.ofNanos(this.timing.ticker().read() - begin));
			return free ? attempt() : giveUp(false);
		});
	}

	/**
	 * Whether the request may be made again. What a backend may have carried out before
	 * it failed must not be done twice where it makes something that stays, such as a
	 * file or a batch.
	 */
	private boolean mayRepeatAfter(Outcome outcome) {
		HttpMethod method = this.exchange.getRequest().getMethod();
		boolean makes = this.call.path().operation() == Operation.OTHER
				&& (method.equals(HttpMethod.POST) || method.equals(HttpMethod.PATCH));
		boolean mayBeDone = outcome instanceof Outcome.Failed failed && failed.kind() != Outcome.Failure.UNREACHED;
		return this.call.replayable() && !(makes && mayBeDone);
	}

	/**
	 * Ends though no backend served.
	 * @param early whether another backend might have
	 */
	private Mono<Ending> giveUp(boolean early) {
		ServerWebExchangeUtils.reset(this.exchange);
		Exhaustion why = Exhaustion.of(this.attempts, early);
		ApiErrorException own = new ExhaustedAnswer(this.attempts, this.call, early).exception(why);
		logger.warn("No backend served {} {}: {}", this.exchange.getRequest().getMethod(), this.call.path().rest(),
				own.getMessage());
		Attempts.Ended last = this.attempts.last();
		return Mono.just(why.isFailure() && this.best.answer() != null
				? new Ending.GaveUp(this.best.lane(), this.best.answer(), own)
				: new Ending.GaveUp((last != null) ? last.lane() : null, null, own));
	}

	/**
	 * What an attempt brought.
	 *
	 * @param start how the answer begins, if it is none that was read
	 * @param error the error answer that was read, if it was
	 */
	private record Result(Outcome outcome, @Nullable AnswerStart start, @Nullable ErrorAnswer error) {

		void discard() {
			if (this.start != null) {
				this.start.body().dispose();
			}
			if (this.error != null) {
				this.error.discard();
			}
		}

	}

}
