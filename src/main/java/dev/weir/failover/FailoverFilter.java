package dev.weir.failover;

import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.TimeoutException;

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
import org.springframework.web.server.ServerWebExchange;

import dev.weir.api.ApiCall;
import dev.weir.api.ApiError;
import dev.weir.api.ApiErrorException;
import dev.weir.backend.Attempt;
import dev.weir.backend.Attempts;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
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
		Duration left = run.pool().properties().deadline().minus(run.attempts.elapsed());
		if (left.isNegative() || left.isZero()) {
			return giveUp(run);
		}
		Duration limit = run.pool().properties().responseTimeout();
		Duration shorter = (left.compareTo(limit) < 0) ? left : limit;
		// nothing of an attempt that failed stays; and choosing a lane replaces the URI,
		// so
		// each attempt starts from the pool's again
		ServerWebExchangeUtils.reset(run.exchange);
		run.exchange.getAttributes().put(ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR, run.uri);
		return run.chain.filter(run.exchange)
			.timeout(shorter)
			.onErrorMap(TimeoutException.class, (ex) -> new AttemptTimeoutException(shorter))
			.then(Mono.defer(() -> answered(run)))
			.onErrorResume((error) -> failed(run, error))
			.flatMap((result) -> (result.outcome != null && result.outcome.mayGoOn())
					? goOn(run.with(result.answer), result.outcome) : settle(run, result));
	}

	private Mono<Result> answered(Run run) {
		UpstreamAnswer answer = UpstreamAnswer.of(run.exchange);
		OutcomeClassifier classifier = new OutcomeClassifier(run.pool().properties().cooldown());
		if (!OutcomeClassifier.needsBody(answer.status())) {
			Outcome outcome = (answer.status() < 400) ? new Outcome.Served(answer.status())
					: new Outcome.Rejected(answer.status());
			return Mono.just(new Result(outcome, null));
		}
		return answer.drain()
			.map((error) -> new Result(classifier.classify(error.status(), error::header,
					ApiError.read(error.bodyOrEmpty()), this.clock.instant()), error));
	}

	private static Mono<Result> failed(Run run, Throwable error) {
		if (run.attempts.current() == null) {
			// no lane was left to choose, or what was thrown has nothing to do with one
			return (error instanceof NotFoundException) ? Mono.just(new Result(null, null)) : Mono.error(error);
		}
		Outcome outcome = OutcomeClassifier.classify(error);
		return (outcome != null) ? Mono.just(new Result(outcome, null)) : Mono.error(error);
	}

	private Mono<Void> goOn(Run run, Outcome outcome) {
		report(run, outcome);
		run.attempts.end(outcome);
		if (!run.call.replayable() || (outcome.costsRetry() && !run.pool().retryBudget().tryRetry())) {
			return giveUp(run);
		}
		return attempt(run);
	}

	/** Says what an operator must mend; everything else mends itself. */
	private static void report(Run run, Outcome outcome) {
		Attempt attempt = run.attempts.current();
		if (attempt != null && outcome instanceof Outcome.Denied) {
			logger.error("Backend {} refuses the credential that Weir has for it: it answered {}",
					attempt.lane().backend(), outcome.words());
		}
		else if (attempt != null && outcome instanceof Outcome.NoCredential) {
			logger.error("Backend {} was not called: {}", attempt.lane().backend(), outcome.words());
		}
	}

	private Mono<Void> settle(Run run, Result result) {
		Attempt attempt = run.attempts.current();
		if (attempt == null || result.outcome == null) {
			return giveUp(run);
		}
		AnswerHead.explain(run.exchange, run.attempts, attempt.lane());
		if (result.answer != null) {
			attempt.end(result.outcome);
			return AnswerHead.keep(run.exchange, result.answer);
		}
		AnswerHead.nameRequest(run.exchange);
		attempt.answering();
		run.exchange.getAttributes()
			.put(Answer.ATTRIBUTE,
					new Answer.Streaming(UpstreamAnswer.of(run.exchange).takeConnection(), attempt, result.outcome));
		return Mono.empty();
	}

	private static Mono<Void> giveUp(Run run) {
		Attempts.Ended last = run.attempts.last();
		AnswerHead.explain(run.exchange, run.attempts, (last != null) ? last.lane() : null);
		Exhaustion exhaustion = Exhaustion.of(run.attempts, run.call);
		ApiErrorException answer = exhaustion.toException();
		logger.warn("No backend served {} {}: {}", run.exchange.getRequest().getMethod(), run.call.path().rest(),
				answer.getMessage());
		return (run.lastFailure != null && exhaustion.isFailure()) ? AnswerHead.keep(run.exchange, run.lastFailure)
				: Mono.error(answer);
	}

	/**
	 * What an attempt brought.
	 *
	 * @param outcome the outcome, or {@code null} if there was no lane to attempt
	 * @param answer the error answer that was read, if it was
	 */
	private record Result(@Nullable Outcome outcome, @Nullable FailedAnswer answer) {
	}

	/**
	 * A request on its way from attempt to attempt.
	 *
	 * @param lastFailure the last whole error answer of a backend that failed
	 */
	private record Run(ServerWebExchange exchange, GatewayFilterChain chain, ApiCall call, Attempts attempts, URI uri,
			@Nullable FailedAnswer lastFailure) {

		Pool pool() {
			return this.attempts.pool();
		}

		Run with(@Nullable FailedAnswer answer) {
			boolean failure = answer != null && answer.isWhole() && (answer.status() >= 500 || answer.status() == 408);
			return failure ? new Run(this.exchange, this.chain, this.call, this.attempts, this.uri, answer) : this;
		}

	}

}
