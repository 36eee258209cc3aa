package dev.weir.failover;

import java.time.Duration;

import reactor.core.publisher.Mono;

import org.springframework.web.server.ServerWebExchange;

import dev.weir.backend.Attempt;
import dev.weir.backend.Attempts;
import dev.weir.backend.Outcome;
import dev.weir.config.PoolProperties;
import dev.weir.memory.BufferBudget;
import dev.weir.openai.call.Operation;
import dev.weir.openai.stream.BodyVerdict;

/**
 * Reads as much of a backend's response as it takes to tell what it is: all of an error,
 * a stream up to its first event, of anything else the first bytes.
 */
final class AnswerReader {

	private final ServerWebExchange exchange;

	private final PoolProperties settings;

	private final BufferBudget budget;

	private final Timing timing;

	private final SerialExecutor turn;

	AnswerReader(ServerWebExchange exchange, PoolProperties settings, BufferBudget budget, Timing timing,
			SerialExecutor turn) {
		this.exchange = exchange;
		this.settings = settings;
		this.budget = budget;
		this.timing = timing;
		this.turn = turn;
	}

	/**
	 * Reads the response that the gateway has left in the exchange.
	 * @param attempt the attempt that brought it
	 * @param attempts the attempts of the request
	 * @return what it is, or an error that an outcome can be told from
	 */
	Mono<AttemptResult> read(Attempt attempt, Attempts attempts) {
		UpstreamAnswer answer = UpstreamAnswer.of(this.exchange);
		int status = answer.status();
		attempt.observe(answer::header);
		OutcomeClassifier classifier = new OutcomeClassifier(this.settings.cooldown(), Asked.of(attempt, attempts));
		if (OutcomeClassifier.needsBody(status)) {
			return answer.drain(this.turn, this.timing.timers()).map((error) -> error(error, classifier));
		}
		Outcome outcome = OutcomeClassifier.classify(status);
		UpstreamBody body = answer.takeBody(this.turn);
		if (answer.isEvents() && outcome instanceof Outcome.Served) {
			return FirstEvent
				.of(body, classifier, limits(attempt, attempts), this.budget, this.turn, this.timing.timers())
				.map((start) -> new AttemptResult((start.refusal() != null) ? start.refusal() : outcome, start, null));
		}
		boolean hasBody = attempts.request().operation() != Operation.OTHER || !attempt.lane().model().isEmpty();
		if (hasBody && answer.isPage()) {
			return Mono.just(failed("a page in place of an answer", new AnswerStart.Bytes(body, new byte[0], false)));
		}
		Duration limit = left(this.settings.responseTimeout(), attempt);
		return FirstBytes
			.of(body, answer.length(), hasBody && answer.isPlainJson(), attempts.endsWithin(limit) ? null : limit,
					this.turn, this.timing.timers())
			.flatMap((found) -> switch (found.verdict()) {
				// others may say with the status all there is to say, even if they name a
				// model
				case UNDECIDED, SUCCESS ->
					Mono.just((attempts.request().operation() != Operation.OTHER && found.start().first().length == 0)
							? failed("an empty answer", found.start())
							: new AttemptResult(outcome, found.start(), null));
				case ERROR, FAILED_RESPONSE -> inside(answer, found, classifier);
			});
	}

	private static AttemptResult failed(String words, AnswerStart start) {
		return new AttemptResult(new Outcome.Failed(Outcome.Failure.STATUS, words, null), start, null);
	}

	private AttemptResult error(ErrorAnswer error, OutcomeClassifier classifier) {
		return new AttemptResult(classifier.classify(ErrorFacts.of(error), this.timing.clock().instant()), null, error);
	}

	/**
	 * Reads an error behind a status of success. The client gets it, if it is the
	 * client's, with the status that belongs to it: no SDK takes it for an error
	 * otherwise. A response that failed has its own place for that.
	 */
	private Mono<AttemptResult> inside(UpstreamAnswer answer, FirstBytes.Found found, OutcomeClassifier classifier) {
		return answer.drain(found.start(), this.turn, this.timing.timers()).map((error) -> {
			ErrorFacts facts = ErrorFacts.of(error);
			Outcome outcome = classifier.classify(facts, this.timing.clock().instant());
			int status = (found.verdict() == BodyVerdict.ERROR) ? classifier.statusOf(facts) : error.status();
			return new AttemptResult(outcome, null, error.withStatus(status));
		});
	}

	private FirstEvent.Limits limits(Attempt attempt, Attempts attempts) {
		Duration response = this.settings.responseTimeout();
		Duration leftForResponse = left(response, attempt);
		Duration leftForFirstEvent = left(this.settings.firstEventTimeout(), attempt);
		Duration hold = this.settings.holdSignsOfLife();
		if (leftForFirstEvent.isZero()) {
			// no other lane could be asked when that time was over, so that it counts no
			// more
			return new FirstEvent.Limits(response, leftForResponse, response, leftForResponse, hold, () -> true);
		}
		return new FirstEvent.Limits(this.settings.firstEventTimeout(), leftForFirstEvent, response, leftForResponse,
				hold, attempts::mayMoveOn);
	}

	private static Duration left(Duration limit, Attempt attempt) {
		Duration left = limit.minus(attempt.age());
		return left.isNegative() ? Duration.ZERO : left;
	}

}
