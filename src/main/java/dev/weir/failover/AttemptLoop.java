package dev.weir.failover;

import java.time.Duration;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import dev.weir.openai.call.ApiCall;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.ClientGoneException;
import dev.weir.backend.Attempt;
import dev.weir.backend.DurationText;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.OutcomeException;
import dev.weir.config.PoolProperties;
import dev.weir.request.Attempts;
import dev.weir.request.Binding;
import dev.weir.request.BrokenResponseException;
import dev.weir.request.Candidates;
import dev.weir.request.FailoverState;
import dev.weir.request.RequestContext;
import dev.weir.classify.OutcomeClassifier;
import dev.weir.response.ErrorResponse;
import dev.weir.response.AttemptResult;
import dev.weir.queue.WaitQueues;
import dev.weir.reply.RequestResult;

/**
 * Sends a request to one lane after the other, until one serves it, the request itself is
 * refused, or no lane is left. Used on the loop of the request only.
 */
final class AttemptLoop {

	private static final Logger logger = LoggerFactory.getLogger(AttemptLoop.class);

	// How often in a row a request chooses again at once after another one took the free
	// lane. Limited, because a lane may look free and still refuse an attempt.
	private static final int MAX_MISSED = 3;

	private final RequestContext context;

	// how many servers are asked that may have made what a request contains
	private static final int MAX_NOT_MINE = 4;

	private final AttemptCaller caller;

	private final WaitQueues queues;

	private final Supplier<@Nullable AttemptLoop> moved;

	private final FailoverState failover;

	private final Attempts attempts;

	private final Candidates candidates;

	private final BestError best = new BestError();

	private final UsageRefusal usageRefusal;

	// false if the client has a part of its reply: then it does not wait for a lane
	private boolean mayWait = true;

	// how often in a row no attempt could begin
	private int missed;

	private int countBefore = -1;

	// how often the only backend that can take the request responded with 429
	private int throttled;

	private int notMine;

	private final UnknownItems unknownItems;

	// the result of the last attempt if it was about the request: used if no other lane
	// is free that may take the request
	private @Nullable RequestResult refused;

	/**
	 * Prepares the attempts of a request.
	 * @param context the request, whose lanes are known
	 * @param caller calls the backends
	 * @param queues where requests of the pool wait for a lane
	 */
	AttemptLoop(RequestContext context, AttemptCaller caller, WaitQueues queues,
			Supplier<@Nullable AttemptLoop> moved) {
		this.context = context;
		this.caller = caller;
		this.queues = queues;
		this.moved = moved;
		this.failover = context.failover();
		this.attempts = this.failover.attempts();
		this.candidates = this.failover.candidates();
		this.usageRefusal = new UsageRefusal(context);
		this.unknownItems = new UnknownItems(this.failover);
	}

	/**
	 * Makes the attempts.
	 * @return the result; an error only if no backend is involved, for instance if the
	 * client left
	 */
	Mono<RequestResult> run() {
		if (!this.mayWait || !this.queues.isWaitedFor(this.candidates.remaining())) {
			return attempt();
		}
		// requests that wait for the same lanes come first
		return this.candidates.hasAvailable() ? waitAndTry(waitLeft()) : onNoLane();
	}

	/**
	 * Makes further attempts after a response broke off of which the client has a part.
	 * The same request goes to another lane, within the retry budget. The body of the new
	 * response continues the one that broke off.
	 * @return the result, or empty if no further attempt is possible
	 */
	Mono<RequestResult> runAgain() {
		AttemptLoop again = new AttemptLoop(this.context, this.caller, this.queues, () -> null);
		again.mayWait = false;
		again.attempts.end(new Outcome.Broken());
		again.failover.deadline().restart();
		if (!again.candidates.hasAvailable() || !this.context.pool().retryBudget().tryRetry()) {
			return Mono.empty();
		}
		return again.run();
	}

	private ApiCall call() {
		return this.context.call();
	}

	private PoolProperties settings() {
		return this.context.pool().properties();
	}

	private Mono<RequestResult> attempt() {
		if (isOver()) {
			return giveUp(true);
		}
		this.candidates.beginChoice();
		this.failover.repeatable(call().replayable() && !call().isUnsafeToRepeat());
		return this.caller.call(this.context)
			.timeout(untilDeadline(), Mono.error(this::deadlineError))
			.onErrorResume(this::classify)
			.flatMap(this::onResult)
			.onErrorResume(NoLaneException.class, (noLane) -> isOver() ? giveUp(true) : onNoLane());
	}

	private boolean isOver() {
		return this.failover.deadline().endsWithin(Duration.ZERO);
	}

	/** Completes at the deadline, which may move while it waits. */
	private Mono<Void> untilDeadline() {
		return Mono.defer(() -> this.context.loop().delay(this.failover.deadline().left()))
			.repeat(() -> !isOver())
			.then();
	}

	/** If this backend had less than half of the time, it does not count as failed. */
	private RuntimeException deadlineError() {
		if (this.attempts.current() == null) {
			// a load balancer of the user has not chosen in time
			return new NoLaneException();
		}
		Duration had = this.attempts.requireCurrent().responseTime();
		boolean itsOwn = had.multipliedBy(2).compareTo(settings().deadline()) >= 0;
		return new OutcomeException(new Outcome.Failed(itsOwn ? Outcome.Failure.TIMEOUT : Outcome.Failure.DEADLINE,
				"no response within " + DurationText.of(had) + "; the deadline of the request has passed", null));
	}

	private Mono<AttemptResult> classify(Throwable error) {
		Attempt attempt = this.attempts.current();
		if (attempt == null || error instanceof ClientGoneException || error instanceof ReplyWrittenException) {
			return Mono.error(error);
		}
		if (this.caller.hasReplied()) {
			return Mono.error(BrokenResponseException.of(error));
		}
		Outcome outcome = OutcomeClassifier.classify(error);
		if (attempt.hasStarted()) {
			return Mono.just(new AttemptResult.NoResponse(outcome));
		}
		return switch (outcome.type()) {
			case FAILED -> failedBeforeStart((Outcome.Failed) outcome, error);
			case SERVED, THROTTLED, TOO_LARGE, OUT_OF_QUOTA, DENIED, NO_CREDENTIAL, NOT_SERVED, REJECTED, TOO_LONG,
					NOT_MINE, BROKEN, CANCELLED ->
				Mono.just(new AttemptResult.NoResponse(outcome));
		};
	}

	private Mono<AttemptResult> failedBeforeStart(Outcome.Failed failure, Throwable error) {
		return switch (failure.kind()) {
			case DEADLINE ->
				Mono.just(new AttemptResult.NoResponse(new Outcome.NoCredential("there was none in time")));
			case LOCAL, STATUS, UNREACHED, CONNECTION, TIMEOUT -> {
				// the backend was not called, so it did not cause the error
				this.attempts.end(new Outcome.Cancelled());
				yield Mono.error(error);
			}
		};
	}

	private Mono<RequestResult> onResult(AttemptResult result) {
		Attempt attempt = this.attempts.requireCurrent();
		Outcome outcome = result.outcome();
		ErrorResponse error = result.<@Nullable ErrorResponse>match((begun) -> null, AttemptResult.ErrorRead::error,
				(none) -> null, (connected) -> null);
		if (this.usageRefusal.isPossible(attempt, error)) {
			result.discard();
			this.attempts.end(outcome);
			this.candidates.allowAgain(attempt.lane());
			return attempt();
		}
		this.usageRefusal.onResult(attempt, outcome);
		if (isLast(attempt, outcome)) {
			RequestResult end = result.<@Nullable RequestResult>match(
					(begun) -> new RequestResult.Relayed(attempt, outcome, begun.response(), begun.start()),
					(read) -> refused(attempt, outcome, read.error()), (none) -> null,
					(connected) -> new RequestResult.Connected(attempt, outcome, connected.socket()));
			if (end != null) {
				return Mono.just(end);
			}
		}
		this.best.consider(attempt.lane(), outcome, error);
		RequestResult aboutRequest = (error != null && error.isWhole() && isAboutRequest(outcome))
				? refused(attempt, outcome, error) : null;
		if (outcome.type().isStoredElsewhere()) {
			this.unknownItems.keep(aboutRequest);
			this.refused = null;
		}
		else {
			this.refused = aboutRequest;
		}
		result.discard();
		this.attempts.end(outcome);
		AttemptLog.report(attempt.lane(), outcome, this.failover.traits().operation());
		adjustBound(attempt.lane(), outcome);
		return next(outcome);
	}

	/**
	 * Lets a request that only one backend can take wait for it after a 429, and a
	 * request that creates an object go elsewhere if its home backend is out of service.
	 */
	private void adjustBound(Lane lane, Outcome outcome) {
		Binding binding = this.context.binding();
		if (binding == null || !this.candidates.isBound()) {
			return;
		}
		switch (outcome.type()) {
			case THROTTLED -> {
				if (++this.throttled <= MAX_MISSED) {
					this.candidates.allowAgain(lane);
				}
			}
			case OUT_OF_QUOTA, FAILED, DENIED, NO_CREDENTIAL, NOT_SERVED -> {
				if (binding.isHome()) {
					this.candidates.widen();
				}
			}
			case SERVED, TOO_LARGE, REJECTED, TOO_LONG, NOT_MINE, BROKEN, CANCELLED -> {
				// no other attempt follows, or on a lane of the same backend
			}
		}
	}

	private static boolean isAboutRequest(Outcome outcome) {
		return switch (outcome.type()) {
			case TOO_LARGE, REJECTED, TOO_LONG, NOT_MINE -> true;
			case NOT_SERVED -> ((Outcome.NotServed) outcome).scope() == Outcome.Scope.REQUEST;
			case SERVED, THROTTLED, OUT_OF_QUOTA, FAILED, DENIED, NO_CREDENTIAL, BROKEN, CANCELLED -> false;
		};
	}

	/** Whether no other lane may take the request after an outcome. */
	private boolean isLast(Attempt attempt, Outcome outcome) {
		return switch (outcome.type()) {
			case SERVED, REJECTED, BROKEN, CANCELLED -> true;
			case NOT_MINE -> !(call().replayable() && mayBeServedElsewhere(attempt.lane()));
			case TOO_LONG -> !(call().replayable() && this.candidates.restrictToLowerTiers(attempt.lane()));
			case TOO_LARGE -> !(call().replayable() && mayFitElsewhere(attempt.lane(), (Outcome.TooLarge) outcome));
			case THROTTLED, OUT_OF_QUOTA, FAILED, DENIED, NO_CREDENTIAL, NOT_SERVED -> false;
		};
	}

	/**
	 * Whether another server may know what the request contains; otherwise its reasoning
	 * is left out, if the pool allows it.
	 */
	private boolean mayBeServedElsewhere(Lane lane) {
		this.unknownItems.add(lane);
		if (++this.notMine <= MAX_NOT_MINE && this.candidates.restrictToOtherServers(lane)) {
			return true;
		}
		if (leaveOutUnknown()) {
			return true;
		}
		if (this.notMine > MAX_NOT_MINE) {
			this.unknownItems.limit();
		}
		return !this.unknownItems.possibleOwners().isEmpty();
	}

	/** Whether a larger lane may take the request, with or without its reasoning. */
	private boolean mayFitElsewhere(Lane lane, Outcome.TooLarge outcome) {
		return this.candidates.restrictToLargerLanes(lane, outcome)
				|| (leaveOutUnknown() && this.candidates.restrictToLargerLanes(lane, outcome));
	}

	/**
	 * Leaves out the reasoning that backends refused, if the pool allows it, so that
	 * these backends can take the request. Without it the order of the attempts would
	 * decide whether the request is served.
	 * @return whether another attempt may be made
	 */
	private boolean leaveOutUnknown() {
		if (!this.unknownItems.isAny() || !ReasoningDrop.ofUnknownOrigin(this.context)) {
			return false;
		}
		this.unknownItems.release();
		return true;
	}

	/**
	 * Creates the result of a refused request. The error of a request that is larger than
	 * the quota gets a header against retries. Weir's own error, which suggests a path,
	 * replaces that of an unknown path.
	 */
	private RequestResult refused(Attempt attempt, Outcome outcome, ErrorResponse error) {
		ApiErrorException unknown = UnknownPath.replacing(call().path(), error);
		if (unknown != null) {
			attempt.end(outcome);
			return new RequestResult.Exhausted(attempt.lane(), null, unknown);
		}
		return new RequestResult.Refused(attempt, outcome,
				outcome.type().needsLargerLane() ? error.withoutRetry() : error);
	}

	/** Makes the next attempt, if limits, deadline and retry budget allow it. */
	private Mono<RequestResult> next(Outcome outcome) {
		if (this.attempts.counted() >= settings().maxAttempts()
				|| (this.notMine > MAX_NOT_MINE && this.unknownItems.isAny())) {
			return giveUp(true);
		}
		if (waitFor() == null && !leaveOwner() && !leaveOutUnknown()) {
			return giveUp(!call().replayable());
		}
		boolean allowed = mayRepeatAfter(outcome) && !isOver()
				&& (!outcome.type().costsRetry() || this.context.pool().retryBudget().tryRetry());
		return allowed ? attempt() : giveUp(true);
	}

	/**
	 * Whether the request may leave the backend that it is bound to: that which made its
	 * reasoning, or the home of its client, which is not free in time.
	 */
	private boolean leaveOwner() {
		Binding binding = this.context.binding();
		if (binding == null || !this.mayWait || !this.candidates.isBound() || !this.candidates.hasAvailableWider()) {
			return false;
		}
		if (binding.isHome()) {
			this.candidates.widen();
			return true;
		}
		return ReasoningDrop.ofOwner(this.context);
	}

	/** How long to wait for the next free lane, {@code null} if that is too long. */
	private @Nullable Duration waitFor() {
		Duration wait = this.candidates.freeIn();
		return (wait != null && wait.compareTo(waitLeft()) <= 0) ? wait : null;
	}

	private Duration waitLeft() {
		Duration left = shorter(settings().maxWait().minus(this.failover.waited()), this.failover.deadline().left());
		Duration patience = this.caller.patience();
		if (patience != null) {
			left = shorter(left, patience.minus(this.context.lookupTime()).minus(this.failover.deadline().elapsed()));
		}
		return left.isNegative() ? Duration.ZERO : left;
	}

	private static Duration shorter(Duration one, Duration other) {
		return (one.compareTo(other) < 0) ? one : other;
	}

	private Mono<RequestResult> onNoLane() {
		this.missed = (this.attempts.count() == this.countBefore) ? this.missed + 1 : 0;
		this.countBefore = this.attempts.count();
		this.candidates.beginChoice();
		Duration left = waitLeft();
		return (!this.mayWait || waitFor() == null || left.isZero()) ? tryOthers() : waitAndTry(left);
	}

	private Mono<RequestResult> waitAndTry(Duration atMost) {
		long begin = this.context.ticker().read();
		long arrival = this.failover.arrival(this.queues::nextArrival);
		return this.queues.await(this.context, arrival, atMost, this.missed <= MAX_MISSED).flatMap((free) -> {
			this.failover.addWait(Duration.ofNanos(this.context.ticker().read() - begin));
			AttemptLoop elsewhere = (this.attempts.count() == 0) ? this.moved.get() : null;
			if (elsewhere != null) {
				return elsewhere.run();
			}
			return free ? attempt() : tryOthers();
		});
	}

	private Mono<RequestResult> tryOthers() {
		return (leaveOwner() || leaveOutUnknown()) ? attempt() : giveUp(false);
	}

	/**
	 * Whether the request may be sent again. A request that creates a resource, such as a
	 * file or a batch, must not be repeated once a backend may have carried it out.
	 */
	private boolean mayRepeatAfter(Outcome outcome) {
		return call().replayable() && !(call().isUnsafeToRepeat() && mayBeCarriedOut(outcome));
	}

	private static boolean mayBeCarriedOut(Outcome outcome) {
		return switch (outcome.type()) {
			case SERVED, BROKEN -> true;
			case FAILED -> switch (((Outcome.Failed) outcome).kind()) {
				case STATUS, CONNECTION, DEADLINE, TIMEOUT -> true;
				case LOCAL, UNREACHED -> false;
			};
			case THROTTLED, TOO_LARGE, OUT_OF_QUOTA, DENIED, NO_CREDENTIAL, NOT_SERVED, REJECTED, TOO_LONG, NOT_MINE,
					CANCELLED ->
				false;
		};
	}

	/**
	 * Ends without a backend that served the request.
	 * @param early whether another backend might have served it
	 */
	private Mono<RequestResult> giveUp(boolean early) {
		RequestResult unknown = this.unknownItems.finalError();
		if (this.refused != null && !mayServeLater(early)) {
			return Mono.just(this.refused);
		}
		if (unknown != null) {
			return Mono.just(unknown);
		}
		Exhaustion why = Exhaustion.of(this.failover, early);
		ApiErrorException own = this.unknownItems.describe(new ExhaustedReply(this.context, early).exception(why), why);
		logger.warn("No backend served {} {}: {}{} [{}]", call().path().method(), call().path().operationPath(),
				own.getMessage(), causesForLog(why), this.context.id());
		Attempts.Ended last = this.attempts.last();
		if (why.isFailure() && this.best.error() != null) {
			return Mono.just(new RequestResult.Exhausted(this.best.lane(), this.best.error(), own));
		}
		BestError.Forbidden forbidden = this.best.forbidden();
		if (why == Exhaustion.DENIED && forbidden != null) {
			return Mono.just(new RequestResult.Exhausted(forbidden.lane(), forbidden.error(),
					new ApiErrorException(own.error())));
		}
		return Mono.just(new RequestResult.Exhausted((last != null) ? last.lane() : null, null, own));
	}

	/** The error itself has the cause if only one backend can take the request. */
	private String causesForLog(Exhaustion why) {
		String causes = (why == Exhaustion.UNAVAILABLE && !this.candidates.isBound()) ? FailureCause.of(this.failover)
				: "";
		return causes.isEmpty() ? "" : " (" + causes + ")";
	}

	/** Whether a lane with a larger quota exists and will be free later. */
	private boolean mayServeLater(boolean early) {
		Attempts.Ended last = this.attempts.last();
		return !early && last != null && last.outcome().type().needsLargerLane() && this.candidates.freeIn() != null;
	}

}
