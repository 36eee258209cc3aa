package dev.weir.response;

import java.time.Duration;
import java.time.InstantSource;

import dev.weir.openai.stream.BodyVerdict;
import dev.weir.openai.call.Operation;
import dev.weir.backend.Attempt;
import dev.weir.backend.Outcome;
import dev.weir.backend.OutcomeException;
import dev.weir.backend.TimeLimit;
import dev.weir.config.PoolProperties;
import dev.weir.memory.BufferBudget;
import dev.weir.request.RequestContext;
import dev.weir.classify.ErrorFacts;
import dev.weir.classify.AttemptFacts;
import dev.weir.classify.OutcomeClassifier;
import reactor.core.publisher.Mono;

/**
 * Reads as much of a backend's response as its classification needs: an error completely,
 * a stream up to its first content, and any other response up to its first bytes.
 */
public final class ResponseReader {

	private static final int SWITCHING_PROTOCOLS = 101;

	private final BufferBudget budget;

	private final InstantSource clock;

	/**
	 * Creates the reader of all requests.
	 * @param budget counts the bytes of streams that are held back
	 * @param clock the wall clock, for delays that backends give as a date
	 */
	public ResponseReader(BufferBudget budget, InstantSource clock) {
		this.budget = budget;
		this.clock = clock;
	}

	/**
	 * Reads the response to the current attempt.
	 * @param context the request
	 * @param response the response
	 * @return the result of the attempt, or an error that can be classified
	 */
	public Mono<AttemptResult> read(RequestContext context, BackendResponse response) {
		Attempt attempt = context.failover().attempts().requireCurrent();
		attempt.recordQuota(response::header, response.status() < 300);
		OutcomeClassifier classifier = new OutcomeClassifier(context.pool().properties().cooldown(),
				AttemptFacts.of(attempt, context.failover().traits()));
		if (context.call().isHandshake() && response.status() < 300) {
			return readHandshake(response, classifier);
		}
		if (OutcomeClassifier.needsBody(response.status())) {
			// the key of a client says nothing about that of the backend
			boolean ofClient = context.issuedKey() != null && (response.status() == 401 || response.status() == 403);
			return response.drain()
				.map((error) -> ofClient ? new AttemptResult.ErrorRead(new Outcome.Rejected(error.status()), error)
						: error(error, classifier));
		}
		Outcome outcome = OutcomeClassifier.classify(response.status());
		if (response.isEvents() && outcome.type().isSuccess()) {
			return FirstEvent
				.of(response.body(), classifier, limits(context, attempt), this.budget.open(context.competingClient()),
						context.loop())
				.map((start) -> new AttemptResult.Begun((start.refusal() != null) ? start.refusal() : outcome, response,
						start));
		}
		boolean hasBody = context.failover().traits().operation() != Operation.OTHER
				|| !attempt.lane().model().isEmpty();
		if (hasBody && response.isPage()) {
			return Mono.just(failed("a page in place of a response", response,
					new ResponseStart.Bytes(response.body(), new byte[0], false)));
		}
		return readPlain(context, response, classifier, outcome, hasBody && response.isPlainJson());
	}

	/** A success other than 101 comes from a server that ignores the upgrade. */
	private static Mono<AttemptResult> readHandshake(BackendResponse response, OutcomeClassifier classifier) {
		if (response.status() == SWITCHING_PROTOCOLS) {
			return Mono.just(new AttemptResult.Connected(OutcomeClassifier.classify(SWITCHING_PROTOCOLS), response));
		}
		return response.drain()
			.map((read) -> new AttemptResult.ErrorRead(classifier.classifyWithoutUpgrade(facts(read), read.status()),
					read));
	}

	private Mono<AttemptResult> readPlain(RequestContext context, BackendResponse response,
			OutcomeClassifier classifier, Outcome outcome, boolean json) {
		TimeLimit limit = TimeLimit.response(context.pool().properties());
		Duration left = left(limit.duration(), context.failover().attempts().requireCurrent());
		Mono<Void> timeout = context.failover().deadline().endsWithin(left) ? null
				: context.loop()
					.delay(left)
					.then(Mono.error(() -> new OutcomeException(Outcome.Failed.silence(limit))));
		return FirstBytes.of(response.body(), response.length(), json, timeout, context.loop())
			.flatMap((found) -> switch (found.verdict()) {
				// other operations may have no body, even if they name a model
				case UNDECIDED, SUCCESS -> Mono.just((context.failover().traits().operation() != Operation.OTHER
						&& found.start().first().length == 0) ? failed("an empty response", response, found.start())
								: new AttemptResult.Begun(outcome, response, found.start()));
				case ERROR, FAILED_RESPONSE -> readInside(response, found, classifier);
			});
	}

	private static AttemptResult failed(String reason, BackendResponse response, ResponseStart start) {
		return new AttemptResult.Begun(new Outcome.Failed(Outcome.Failure.STATUS, reason, null), response, start);
	}

	private AttemptResult error(ErrorResponse error, OutcomeClassifier classifier) {
		return new AttemptResult.ErrorRead(classifier.classify(facts(error), this.clock.instant()), error);
	}

	/**
	 * Reads an error in a 2xx response. If the client gets it, it gets the status of such
	 * an error, because SDKs do not treat a 2xx as an error. A failed {@code response}
	 * object keeps its status: SDKs read its {@code status} field.
	 */
	private Mono<AttemptResult> readInside(BackendResponse response, FirstBytes.Found found,
			OutcomeClassifier classifier) {
		return response.drain(found.start()).map((error) -> {
			ErrorFacts facts = facts(error);
			Outcome outcome = classifier.classify(facts, this.clock.instant());
			int status = (found.verdict() == BodyVerdict.ERROR) ? classifier.statusOf(facts) : error.status();
			return new AttemptResult.ErrorRead(outcome, error.withStatus(status));
		});
	}

	private static ErrorFacts facts(ErrorResponse error) {
		return ErrorFacts.of(error.status(), error::header, error.body());
	}

	private static FirstEvent.Limits limits(RequestContext context, Attempt attempt) {
		PoolProperties settings = context.pool().properties();
		TimeLimit response = TimeLimit.response(settings);
		TimeLimit first = TimeLimit.firstEvent(settings);
		Duration leftForResponse = left(response.duration(), attempt);
		Duration leftForFirstEvent = left(first.duration(), attempt);
		Duration hold = settings.holdSignsOfLife();
		if (leftForFirstEvent.isZero()) {
			// no other lane could be tried when this limit was over, so it does not count
			return new FirstEvent.Limits(response, leftForResponse, response, leftForResponse, hold, () -> true);
		}
		return new FirstEvent.Limits(first, leftForFirstEvent, response, leftForResponse, hold,
				context.failover()::canTryAnotherLane);
	}

	private static Duration left(Duration limit, Attempt attempt) {
		Duration left = limit.minus(attempt.responseTime());
		return left.isNegative() ? Duration.ZERO : left;
	}

}
