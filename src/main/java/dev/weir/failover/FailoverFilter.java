package dev.weir.failover;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.filter.ReactiveLoadBalancerClientFilter;
import org.springframework.cloud.gateway.support.NotFoundException;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.core.Ordered;
import org.springframework.http.HttpMethod;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.api.ApiCall;
import dev.weir.api.ApiError;
import dev.weir.api.ApiErrorCode;
import dev.weir.api.ApiErrorException;
import dev.weir.api.ClientGoneException;
import dev.weir.api.Operation;
import dev.weir.backend.Attempt;
import dev.weir.backend.Attempts;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.OutcomeException;
import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import dev.weir.config.BackendDialect;

/**
 * Sends a request to a pool to one lane after the other until one answers for good: what
 * turns a backend's 429 into an immediate retry on another. The rest of the filter chain,
 * from choosing a lane to its response headers, is one attempt; nothing reaches the
 * client before this filter is done.
 */
final class FailoverFilter implements GlobalFilter, Ordered {

	/** Just before a lane is chosen. */
	static final int ORDER = ReactiveLoadBalancerClientFilter.LOAD_BALANCER_CLIENT_FILTER_ORDER - 1;

	private static final Logger logger = LoggerFactory.getLogger(FailoverFilter.class);

	private final Pools pools;

	private final Ticker ticker;

	private final InstantSource clock;

	FailoverFilter(Pools pools, Ticker ticker, InstantSource clock) {
		this.pools = pools;
		this.ticker = ticker;
		this.clock = clock;
	}

	@Override
	public int getOrder() {
		return ORDER;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		Pool pool = this.pools.of(exchange.getAttribute(ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR));
		if (pool == null) {
			return chain.filter(exchange);
		}
		// a user's own filter may have sent the request through here before
		RelayFilter.close(exchange);
		exchange.getAttributes().remove(Answer.ATTRIBUTE);
		ApiCall call = exchange.getRequiredAttribute(ApiCall.ATTRIBUTE);
		Attempts attempts = new Attempts(pool, lanes(pool, call), this.ticker);
		exchange.getAttributes().put(Attempts.ATTRIBUTE, attempts);
		pool.retryBudget().request();
		return attempt(new Run(exchange, chain, call, attempts, URI.create("lb://" + pool.name() + "/"), null));
	}

	private static List<Lane> lanes(Pool pool, ApiCall call) {
		List<Lane> lanes = pool.lanes(call.model());
		return call.path().fitsOpenAi() ? lanes
				: lanes.stream().filter((lane) -> lane.backend().dialect() == BackendDialect.AZURE).toList();
	}

	private Mono<Void> attempt(Run run) {
		// nothing of an attempt that failed stays
		ServerWebExchangeUtils.reset(run.exchange);
		Duration left = run.pool().properties().deadline().minus(run.attempts.elapsed());
		if (left.isNegative() || left.isZero()) {
			return giveUp(run, true);
		}
		// choosing a lane replaces the URI, so each attempt starts from the pool's again
		run.exchange.getAttributes().put(ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR, run.uri);
		return run.chain.filter(run.exchange)
			.timeout(left, Mono.error(() -> new OutcomeException(Outcome.Failed.silence(left))))
			.then(Mono.defer(() -> answered(run)))
			.onErrorResume((error) -> failed(run, error))
			.flatMap(
					(result) -> result.outcome.mayGoOn() ? goOn(run.with(result), result.outcome) : settle(run, result))
			.onErrorResume(NotFoundException.class, (noLane) -> giveUp(run, false));
	}

	private Mono<Result> answered(Run run) {
		UpstreamAnswer answer = UpstreamAnswer.of(run.exchange);
		OutcomeClassifier classifier = new OutcomeClassifier(run.pool().properties().cooldown());
		Instant now = this.clock.instant();
		if (!OutcomeClassifier.needsBody(answer.status())) {
			Outcome outcome = classifier.classify(answer.status(), (name) -> null, ApiErrorCode.NONE, now);
			return Mono.just(new Result(outcome, null));
		}
		return answer.drain()
			.doOnNext((error) -> observe(run, error))
			.map((error) -> new Result(
					classifier.classify(error.status(), error::header, ApiError.read(error.bodyOrEmpty()), now),
					error));
	}

	private static void observe(Run run, FailedAnswer error) {
		Attempt attempt = run.attempts.current();
		if (attempt != null) {
			attempt.observe(error::header);
		}
	}

	private static Mono<Result> failed(Run run, Throwable error) {
		boolean backends = run.attempts.current() != null && !(error instanceof ClientGoneException);
		return backends ? Mono.just(new Result(OutcomeClassifier.classify(error), null)) : Mono.error(error);
	}

	private Mono<Void> goOn(Run run, Outcome outcome) {
		report(run, outcome);
		run.attempts.end(outcome);
		if (!run.attempts.hasAnother()) {
			return giveUp(run, !run.call.replayable());
		}
		boolean allowed = run.mayRepeatAfter(outcome) && (!outcome.costsRetry() || run.pool().retryBudget().tryRetry());
		return allowed ? attempt(run) : giveUp(run, true);
	}

	/** Says what an operator must mend; everything else mends itself. */
	private static void report(Run run, Outcome outcome) {
		Attempt attempt = run.attempts.current();
		if (attempt == null) {
			return;
		}
		Lane lane = attempt.lane();
		if (outcome instanceof Outcome.Denied) {
			logger.error("Backend {} refuses the credential that Weir has for it: it answered {}", lane.backend(),
					outcome.words());
		}
		else if (outcome instanceof Outcome.NoCredential) {
			logger.error("Backend {} was not called: {}", lane.backend(), outcome.words());
		}
		else if (outcome instanceof Outcome.OutOfQuota) {
			logger.error("Backend {} has spent its quota, and waiting does not bring it back", lane.backend());
		}
		else if (outcome instanceof Outcome.NoSuchDeployment && !lane.model().isEmpty()) {
			logger.error("Backend {} has no deployment {} for the model {}", lane.backend(), lane.deployment(),
					lane.model());
		}
	}

	private static Mono<Void> settle(Run run, Result result) {
		Attempt attempt = run.attempts.current();
		if (attempt == null) {
			return Mono.error(new IllegalStateException("An answer without an attempt"));
		}
		AnswerHead.explain(run.exchange, run.attempts, attempt.lane());
		if (result.answer != null) {
			attempt.end(result.outcome);
			return AnswerHead.keep(run.exchange, result.answer, Map.of());
		}
		AnswerHead.nameRequest(run.exchange);
		attempt.observe(run.exchange.getResponse().getHeaders()::getFirst);
		attempt.answering();
		Answer answer = new Answer.Streaming(UpstreamAnswer.of(run.exchange).takeConnection(), attempt, result.outcome);
		run.exchange.getAttributes().put(Answer.ATTRIBUTE, answer);
		// a long stream need not hold the request's body to its end
		run.exchange.getAttributes().remove(ApiCall.ATTRIBUTE);
		if (run.attempts.isClosed()) {
			answer.discard(new Outcome.Cancelled());
		}
		return Mono.empty();
	}

	/**
	 * Settles on an answer though no backend served.
	 * @param early whether another backend might have
	 */
	private static Mono<Void> giveUp(Run run, boolean early) {
		ServerWebExchangeUtils.reset(run.exchange);
		Exhaustion why = Exhaustion.of(run.attempts, early);
		ExhaustedAnswer exhausted = new ExhaustedAnswer(run.attempts, run.call, early);
		ApiErrorException answer = exhausted.exception(why);
		logger.warn("No backend served {} {}: {}", run.exchange.getRequest().getMethod(), run.call.path().rest(),
				answer.getMessage());
		Failure failure = run.lastFailure;
		if (failure != null && why.isFailure()) {
			AnswerHead.explain(run.exchange, run.attempts, failure.lane());
			return AnswerHead.keep(run.exchange, failure.answer(), exhausted.delayHeaders());
		}
		Attempts.Ended last = run.attempts.last();
		AnswerHead.explain(run.exchange, run.attempts, (last != null) ? last.lane() : null);
		return AnswerHead.own(run.exchange, answer);
	}

	/**
	 * What an attempt brought.
	 *
	 * @param answer the error answer that was read, if one was
	 */
	private record Result(Outcome outcome, @Nullable FailedAnswer answer) {
	}

	/**
	 * A whole error answer of a backend that failed, in case no other takes the request.
	 */
	private record Failure(Lane lane, FailedAnswer answer) {
	}

	/**
	 * A request on its way from attempt to attempt.
	 */
	private record Run(ServerWebExchange exchange, GatewayFilterChain chain, ApiCall call, Attempts attempts, URI uri,
			@Nullable Failure lastFailure) {

		Pool pool() {
			return this.attempts.pool();
		}

		Run with(Result result) {
			Attempt attempt = this.attempts.current();
			FailedAnswer answer = result.answer;
			if (attempt == null || answer == null || !answer.isWhole() || !(result.outcome instanceof Outcome.Failed)) {
				return this;
			}
			return new Run(this.exchange, this.chain, this.call, this.attempts, this.uri,
					new Failure(attempt.lane(), answer));
		}

		/**
		 * Whether the request may be made again. What a backend may have carried out
		 * before it failed must not be done twice where it makes something that stays,
		 * such as a file or a batch.
		 */
		boolean mayRepeatAfter(Outcome outcome) {
			HttpMethod method = this.exchange.getRequest().getMethod();
			boolean makes = this.call.path().operation() == Operation.OTHER
					&& (method.equals(HttpMethod.POST) || method.equals(HttpMethod.PATCH));
			boolean mayBeDone = outcome instanceof Outcome.Failed failed && failed.kind() != Outcome.Failure.UNREACHED;
			return this.call.replayable() && !(makes && mayBeDone);
		}

	}

}
