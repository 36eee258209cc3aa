package dev.weir.failover;

import java.time.Duration;

import dev.weir.api.ApiError;
import dev.weir.api.ApiErrorCode;
import dev.weir.backend.Attempt;
import dev.weir.backend.Attempts;
import dev.weir.backend.Outcome;
import dev.weir.config.PoolProperties;
import reactor.core.publisher.Mono;

import org.springframework.web.server.ServerWebExchange;

/**
 * Reads as much of a backend's response as it takes to tell what it is: all of an error,
 * a stream up to its first event, of anything else the first bytes.
 */
final class AnswerReader {

	private final ServerWebExchange exchange;

	private final PoolProperties settings;

	private final OutcomeClassifier classifier;

	private final Timing timing;

	private final SerialExecutor turn;

	AnswerReader(ServerWebExchange exchange, PoolProperties settings, Timing timing, SerialExecutor turn) {
		this.exchange = exchange;
		this.settings = settings;
		this.classifier = new OutcomeClassifier(settings.cooldown());
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
		if (OutcomeClassifier.needsBody(status)) {
			return answer.drain(this.turn, this.timing.timers()).map(this::error);
		}
		Outcome outcome = this.classifier.classify(status, answer::header, ApiErrorCode.NONE,
				this.timing.clock().instant());
		UpstreamBody body = answer.takeBody(this.turn);
		if (answer.isEvents() && outcome instanceof Outcome.Served) {
			return FirstEvent
				.of(body, this.classifier, left(this.settings.firstEventTimeout(), attempt), this.turn,
						this.timing.timers())
				.map((start) -> new AttemptResult((start.refusal() != null) ? start.refusal() : outcome, start, null));
		}
		Duration limit = left(this.settings.responseTimeout(), attempt);
		return FirstBytes.of(body, answer.length(), attempts.endsWithin(limit) ? null : limit, this.timing.timers())
			.map((start) -> new AttemptResult(outcome, start, null));
	}

	private AttemptResult error(ErrorAnswer error) {
		Outcome outcome = this.classifier.classify(error.status(), error::header, ApiError.read(error.body()),
				this.timing.clock().instant());
		return new AttemptResult(outcome, null, error);
	}

	private static Duration left(Duration limit, Attempt attempt) {
		Duration left = limit.minus(attempt.age());
		return left.isNegative() ? Duration.ZERO : left;
	}

}
