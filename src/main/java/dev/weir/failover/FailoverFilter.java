package dev.weir.failover;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.function.IntSupplier;
import java.util.function.UnaryOperator;

import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.filter.ReactiveLoadBalancerClientFilter;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.backend.Attempts;
import dev.weir.backend.Lanes;
import dev.weir.backend.Outcome;
import dev.weir.backend.OutcomeType;
import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import dev.weir.backend.RequestTraits;
import dev.weir.memory.BufferBudget;
import dev.weir.openai.body.RequestBody;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.error.ApiErrorException;

/**
 * Sends a request to a pool to one lane after the other until one answers for good: what
 * turns a backend's 429 into an immediate retry on another. Nothing reaches the client
 * before this filter is done.
 */
final class FailoverFilter implements GlobalFilter, Ordered {

	/** Just before a lane is chosen. */
	static final int ORDER = ReactiveLoadBalancerClientFilter.LOAD_BALANCER_CLIENT_FILTER_ORDER - 1;

	// of a long body, the beginning and the length tell it apart
	private static final int MAX_FINGERPRINTED = 256 * 1024;

	private final Pools pools;

	private final PoolWaitQueues queues;

	private final BufferBudget budget;

	private final Timing timing;

	FailoverFilter(Pools pools, PoolWaitQueues queues, BufferBudget budget, Timing timing) {
		this.pools = pools;
		this.queues = queues;
		this.budget = budget;
		this.timing = timing;
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
		Lanes lanes = lanes(pool, call);
		ApiErrorException unknown = lanes.isEmpty() ? UnknownPath.withoutLane(call.path()) : null;
		if (unknown != null) {
			return Mono.error(unknown);
		}
		Attempts attempts = new Attempts(pool, lanes, traits(call, exchange), this.timing.ticker());
		exchange.getAttributes().put(Attempts.ATTRIBUTE, attempts);
		pool.retryBudget().request();
		SerialExecutor turn = new SerialExecutor();
		boolean early = EarlyReply.isWanted(call, pool.properties());
		// the head of a response must not change that of a reply that has begun
		ServerWebExchange called = early ? DetachedResponse.of(exchange) : exchange;
		AttemptLoop loop = new AttemptLoop(called, chain, call, attempts, this.queues.of(pool), this.budget,
				this.timing, turn);
		AnswerHead head = new AnswerHead(exchange, attempts);
		Relays relays = new Relays(exchange, call, attempts, loop, this.timing, turn);
		if (early) {
			EarlyReply reply = new EarlyReply(call, pool.properties(), this.timing, turn, relays::events);
			return reply.await(loop.run(), (ending) -> {
				DetachedResponse.copyHead(called, exchange);
				settle(exchange, attempts, head, relays, ending);
			}, () -> {
				head.beginEarly();
				exchange.getAttributes().put(Answer.ATTRIBUTE, reply);
			});
		}
		// every operator below asks those above it for their context, up to where one has
		// it
		return loop.run()
			.doOnNext((ending) -> settle(exchange, attempts, head, relays, ending))
			.then()
			.contextWrite(UnaryOperator.identity());
	}

	private static RequestTraits traits(ApiCall call, ServerWebExchange exchange) {
		RequestBody body = call.body();
		IntSupplier fingerprint = (body != null) ? () -> fingerprint(body) : () -> System.identityHashCode(call);
		return new RequestTraits(call.path().operation(), (body != null) ? body.length() : 0, fingerprint,
				exchange.getRequest().getHeaders().containsHeader(ApiCall.IMAGE_DEPLOYMENT),
				call.path().namesApiVersion());
	}

	private static int fingerprint(RequestBody body) {
		int hash = body.length();
		for (ByteBuffer bytes : body.bytes()) {
			int end = Math.min(bytes.limit(), MAX_FINGERPRINTED);
			for (int i = 0; i < end; i++) {
				hash = 31 * hash + bytes.get(i);
			}
		}
		return hash;
	}

	private static Lanes lanes(Pool pool, ApiCall call) {
		return pool.lanes(call.model()).taking(!call.path().fitsOpenAi(), call.path().lacksApiVersion());
	}

	private static void settle(ServerWebExchange exchange, Attempts attempts, AnswerHead head, Relays relays,
			Ending ending) {
		Answer answer;
		if (ending instanceof Ending.Answering answering) {
			head.begin(answering);
			answering.attempt().answering();
			if (answering.outcome().type() == OutcomeType.SERVED) {
				attempts.onServed();
			}
			answer = relays.of(answering);
			if (!attempts.pool().properties().resume()) {
				// a long stream need not hold the request's body to its end
				exchange.getAttributes().remove(ApiCall.ATTRIBUTE);
				if (exchange.getAttribute(BufferBudget.Share.ATTRIBUTE) instanceof BufferBudget.Share body) {
					body.close();
				}
			}
		}
		else if (ending instanceof Ending.Refused refused) {
			ApiCall call = exchange.getRequiredAttribute(ApiCall.ATTRIBUTE);
			ApiErrorException unknown = UnknownPath.replacing(call.path(), refused.answer());
			if (unknown != null) {
				refused.discard();
				answer = new Answer.Kept(head.own(refused.attempt().lane(), unknown));
			}
			else {
				head.error(refused.attempt().lane(), refused.answer(), Map.of());
				answer = relays.of(refused);
			}
		}
		else {
			Ending.GaveUp gaveUp = (Ending.GaveUp) ending;
			answer = new Answer.Kept(
					(gaveUp.best() != null) ? head.error(gaveUp.lane(), gaveUp.best(), gaveUp.own().headers())
							: head.own(gaveUp.lane(), gaveUp.own()));
		}
		exchange.getAttributes().put(Answer.ATTRIBUTE, answer);
		if (attempts.isClosed()) {
			answer.discard(new Outcome.Cancelled());
		}
	}

}
