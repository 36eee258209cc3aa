package dev.weir.failover;

import java.net.URI;
import java.time.Duration;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.support.NotFoundException;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.backend.Attempt;
import dev.weir.backend.Attempts;
import dev.weir.backend.Durations;
import dev.weir.backend.Outcome;
import dev.weir.backend.OutcomeException;
import dev.weir.backend.OutcomeType;
import dev.weir.config.PoolProperties;
import dev.weir.memory.BufferBudget;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.ClientGoneException;
import dev.weir.request.RequestId;

/**
 * Sends one request to one lane after the other until one answers for good. The rest of
 * the filter chain, from choosing a lane to its response headers, and the beginning of
 * the body are one attempt.
 */
final class AttemptLoop {

	private static final Logger logger = LoggerFactory.getLogger(AttemptLoop.class);

	// A request that lost a free lane to another one chooses again at once, but only so
	// often in a row: a lane may look free and refuse all the same.
	private static final int MAX_MISSED = 3;

	private final ServerWebExchange exchange;

	private final GatewayFilterChain chain;

	private final ApiCall call;

	private final Attempts attempts;

	private final WaitQueues queues;

	private final BufferBudget budget;

	private final Timing timing;

	private final SerialExecutor turn;

	private final AnswerReader reader;

	private final URI uri;

	private final BestAnswer best = new BestAnswer();

	// a client that has got the beginning of its answer does not wait for a lane
	private boolean mayWait = true;

	// the request's number among those that waited, 0 before its first wait
	private long arrival;

	// how often in a row no lane could be had since the last attempt
	private int missed;

	private int countBefore = -1;

	// what the last attempt came to if it was about the request, in case no lane that
	// might take it is free
	private Ending.@Nullable Refused refused;

	/**
	 * Prepares the attempts of a request.
	 * @param exchange where the gateway leaves each attempt's response
	 * @param chain the rest of the filter chain
	 * @param call the request
	 * @param attempts what was tried so far
	 * @param queues where requests of the pool wait for a lane
	 * @param budget what is held back of a stream before it begins counts in it
	 * @param timing where time comes from
	 * @param turn runs everything that happens to the answer, one thing after the other
	 */
	AttemptLoop(ServerWebExchange exchange, GatewayFilterChain chain, ApiCall call, Attempts attempts,
			WaitQueues queues, BufferBudget budget, Timing timing, SerialExecutor turn) {
		this.exchange = exchange;
		this.chain = chain;
		this.call = call;
		this.attempts = attempts;
		this.queues = queues;
		this.budget = budget;
		this.timing = timing;
		this.turn = turn;
		this.reader = new AnswerReader(exchange, settings(), budget, timing, turn);
		this.uri = URI.create("lb://" + attempts.pool().name() + "/");
	}

	/**
	 * Makes the attempts.
	 * @return how they ended; an error only where no backend has a part in it, such as
	 * that of a client that left
	 */
	Mono<Ending> run() {
		if (!this.mayWait || !this.queues.isWaitedFor(this.attempts.remaining())) {
			return attempt();
		}
		// not before those that wait for the same lanes already
		return this.attempts.hasAnother() ? waitAndTry(waitLeft()) : exhausted();
	}

	/**
	 * Makes further attempts after an answer broke off that had begun: the same request
	 * goes to another lane, within the retry budget. The head of the new answer does not
	 * reach the client; its body continues the one that broke off.
	 * @return how they ended, or nothing if there are none
	 */
	Mono<Ending> runAgain() {
		this.attempts.end(new Outcome.Broken());
		this.attempts.beginAgain();
		if (!this.attempts.hasAnother() || !this.attempts.pool().retryBudget().tryRetry()) {
			return Mono.empty();
		}
		AttemptLoop again = new AttemptLoop(DetachedResponse.of(this.exchange), this.chain, this.call, this.attempts,
				this.queues, this.budget, this.timing, this.turn);
		again.mayWait = false;
		return again.run();
	}

	private PoolProperties settings() {
		return this.attempts.pool().properties();
	}

	private Mono<Ending> attempt() {
		// what the last attempt left in the exchange must not be taken for the next one's
		ServerWebExchangeUtils.reset(this.exchange);
		Duration left = this.attempts.left();
		if (left.isNegative() || left.isZero()) {
			return giveUp(true);
		}
		this.attempts.beginRound();
		this.attempts.repeatable(mayRepeatAfter(Outcome.Failed.silence(Duration.ZERO)));
		// choosing a lane replaces the URI, so each attempt starts from the pool's again
		this.exchange.getAttributes().put(ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR, this.uri);
		return this.chain.filter(this.exchange)
			.then(Mono.defer(() -> this.reader.read(current(), this.attempts)))
			.timeout(end(), Mono.error(this::late))
			.onErrorResume(this::failed)
			.flatMap(this::judge)
			.onErrorResume(NotFoundException.class, (noLane) -> exhausted());
	}

	/** Completes at the deadline, which may be moved until then. */
	private Mono<Void> end() {
		return Mono.defer(() -> Mono.delay(this.attempts.left(), this.timing.timers()))
			.repeat(() -> !this.attempts.endsWithin(Duration.ZERO))
			.then();
	}

	/** A backend that had little of the time is not to blame for the end of it. */
	private OutcomeException late() {
		Duration had = current().age();
		boolean itsOwn = had.multipliedBy(2).compareTo(settings().deadline()) >= 0;
		return new OutcomeException(new Outcome.Failed(itsOwn ? Outcome.Failure.TIMEOUT : Outcome.Failure.DEADLINE,
				"no answer within " + Durations.words(had) + ", at the end of the request's time", null));
	}

	private Mono<AttemptResult> failed(Throwable error) {
		Attempt attempt = this.attempts.current();
		if (attempt == null || error instanceof ClientGoneException) {
			return Mono.error(error);
		}
		Outcome outcome = OutcomeClassifier.classify(error);
		if (!attempt.isSent() && outcome instanceof Outcome.Failed failure) {
			if (failure.kind() != Outcome.Failure.DEADLINE) {
				// the backend was not called, so the error is not its own
				this.attempts.end(new Outcome.Cancelled());
				return Mono.error(error);
			}
			outcome = new Outcome.NoCredential("there was none in time");
		}
		return Mono.just(new AttemptResult(outcome, null, null));
	}

	private Mono<Ending> judge(AttemptResult result) {
		Attempt attempt = current();
		Outcome outcome = result.outcome();
		boolean last = isLast(attempt, outcome);
		if (last && result.start() != null) {
			return Mono.just(new Ending.Answering(attempt, outcome, result.start()));
		}
		if (last && result.error() != null) {
			return Mono.just(refused(attempt, outcome, result.error()));
		}
		this.best.consider(attempt.lane(), outcome, result.error());
		this.refused = (isAboutRequest(outcome) && result.error() != null && result.error().isWhole())
				? refused(attempt, outcome, result.error()) : null;
		result.discard();
		this.attempts.end(outcome);
		Trouble.report(attempt.lane(), outcome, this.attempts.request().operation());
		return goOn(outcome);
	}

	private static boolean isAboutRequest(Outcome outcome) {
		return outcome.type().isAboutRequest()
				|| (outcome instanceof Outcome.NotServed missing && missing.scope() == Outcome.Scope.REQUEST);
	}

	/** Whether no other lane may take the request after an outcome. */
	private boolean isLast(Attempt attempt, Outcome outcome) {
		return switch (outcome.type()) {
			case SERVED, REJECTED, BROKEN, CANCELLED -> true;
			case TOO_LONG -> !(this.call.replayable() && this.attempts.tryBelow(attempt.lane()));
			case TOO_LARGE ->
				!(this.call.replayable() && this.attempts.tryLarger(attempt.lane(), (Outcome.TooLarge) outcome));
			case THROTTLED, OUT_OF_QUOTA, FAILED, DENIED, NO_CREDENTIAL, NOT_SERVED -> false;
		};
	}

	/** A request that is larger than the quota is so the next time, too. */
	private static Ending.Refused refused(Attempt attempt, Outcome outcome, ErrorAnswer error) {
		boolean inVain = outcome.type() == OutcomeType.TOO_LARGE;
		return new Ending.Refused(attempt, outcome, inVain ? error.withoutRetry() : error);
	}

	private Attempt current() {
		Attempt attempt = this.attempts.current();
		if (attempt == null) {
			throw new IllegalStateException("An answer without an attempt");
		}
		return attempt;
	}

	private Mono<Ending> goOn(Outcome outcome) {
		if (this.attempts.spent() >= settings().maxAttempts()) {
			return giveUp(true);
		}
		Duration wait = waitFor();
		if (wait == null) {
			return giveUp(!this.call.replayable());
		}
		boolean allowed = mayRepeatAfter(outcome) && !this.attempts.endsWithin(Duration.ZERO)
				&& (!outcome.type().costsRetry() || this.attempts.pool().retryBudget().tryRetry());
		return allowed ? attempt() : giveUp(true);
	}

	/** How long to wait until it makes sense to choose again. */
	private @Nullable Duration waitFor() {
		Duration wait = this.attempts.freeIn();
		return (wait != null && wait.compareTo(waitLeft()) <= 0) ? wait : null;
	}

	private Duration waitLeft() {
		Duration wait = settings().maxWait().minus(this.attempts.waited());
		Duration deadline = this.attempts.left();
		Duration left = (wait.compareTo(deadline) < 0) ? wait : deadline;
		return left.isNegative() ? Duration.ZERO : left;
	}

	private Mono<Ending> exhausted() {
		this.missed = (this.attempts.count() == this.countBefore) ? this.missed + 1 : 0;
		this.countBefore = this.attempts.count();
		this.attempts.beginRound();
		Duration left = waitLeft();
		return (!this.mayWait || waitFor() == null || left.isZero()) ? giveUp(false) : waitAndTry(left);
	}

	private Mono<Ending> waitAndTry(Duration atMost) {
		long begin = this.timing.ticker().read();
		// a request that waits again keeps its place before those that came later
		this.arrival = (this.arrival != 0) ? this.arrival : this.queues.nextArrival();
		return this.queues.await(this.attempts, this.arrival, atMost, this.missed <= MAX_MISSED).flatMap((free) -> {
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
		boolean mayBeDone = outcome instanceof Outcome.Failed failed && failed.kind() != Outcome.Failure.UNREACHED
				&& failed.kind() != Outcome.Failure.LOCAL;
		return this.call.replayable() && !(this.call.isUnsafeToRepeat() && mayBeDone);
	}

	/**
	 * Ends though no backend served.
	 * @param early whether another backend might have
	 */
	private Mono<Ending> giveUp(boolean early) {
		ServerWebExchangeUtils.reset(this.exchange);
		if (this.refused != null && !mayServeLater(early)) {
			return Mono.just(this.refused);
		}
		Exhaustion why = Exhaustion.of(this.attempts, early);
		ApiErrorException own = new ExhaustedAnswer(this.attempts, this.call, early).exception(why);
		logger.warn("No backend served {} {}: {} [{}]", this.exchange.getRequest().getMethod(),
				this.call.path().operationPath(), own.getMessage(),
				this.exchange.<String>getAttribute(RequestId.ATTRIBUTE));
		Attempts.Ended last = this.attempts.last();
		if (why.isFailure() && this.best.answer() != null) {
			return Mono.just(new Ending.GaveUp(this.best.lane(), this.best.answer(), own));
		}
		BestAnswer.Forbidden forbidden = this.best.forbidden();
		if (why == Exhaustion.DENIED && forbidden != null) {
			return Mono
				.just(new Ending.GaveUp(forbidden.lane(), forbidden.answer(), new ApiErrorException(own.error())));
		}
		return Mono.just(new Ending.GaveUp((last != null) ? last.lane() : null, null, own));
	}

	/** Whether a lane with a larger quota is only not free for now. */
	private boolean mayServeLater(boolean early) {
		Attempts.Ended last = this.attempts.last();
		return !early && last != null && last.outcome().type() == OutcomeType.TOO_LARGE
				&& this.attempts.freeIn() != null;
	}

}
