package dev.weir.failover;

import java.time.Duration;
import java.util.function.IntConsumer;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.filter.NettyWriteResponseFilter;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.core.Ordered;
import org.springframework.http.HttpStatusCode;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.backend.Attempts;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import dev.weir.backend.RequestListener;

/**
 * Writes the answer that failover settled on. It stands where the gateway's own writing
 * filter stands, so that the user's filters may change the head before and decorate the
 * response around it; and it sees to it that no attempt stays open, however a request
 * ends.
 */
final class RelayFilter implements GlobalFilter, Ordered {

	/** Beside {@link NettyWriteResponseFilter}, which then finds nothing to write. */
	static final int ORDER = NettyWriteResponseFilter.WRITE_RESPONSE_FILTER_ORDER;

	private final Pools pools;

	private final RequestListener listener;

	private final Ticker ticker;

	RelayFilter(Pools pools, RequestListener listener, Ticker ticker) {
		this.pools = pools;
		this.listener = listener;
		this.ticker = ticker;
	}

	@Override
	public int getOrder() {
		return ORDER;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		long begin = this.ticker.read();
		return chain.filter(exchange).then(Mono.defer(() -> {
			@Nullable Answer answer = exchange.getAttribute(Answer.ATTRIBUTE);
			return (answer != null) ? answer.writeTo(exchange.getResponse()) : Mono.empty();
		})).doFinally((signal) -> {
			close(exchange);
			tell(exchange, begin, signal);
		});
	}

	private void tell(ServerWebExchange exchange, long begin, SignalType signal) {
		Route route = exchange.getAttribute(ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR);
		Pool pool = (route != null) ? this.pools.of(route.getUri()) : null;
		if (pool == null) {
			return;
		}
		IntConsumer status = (it) -> this.listener.ended(pool, it, Duration.ofNanos(this.ticker.read() - begin));
		HttpStatusCode answered = exchange.getResponse().getStatusCode();
		if (exchange.getResponse().isCommitted() && answered != null) {
			status.accept(answered.value());
		}
		else if (signal == SignalType.CANCEL) {
			status.accept(RequestListener.LEFT);
		}
		else {
			// whoever makes an answer of the error knows
			exchange.getAttributes().put(RequestListener.STATUS, status);
		}
	}

	/**
	 * Ends what is still open of a request. It was not the backend's doing: the client
	 * left, or a filter failed, or everything has ended anyway.
	 */
	static void close(ServerWebExchange exchange) {
		if (exchange.getAttribute(Attempts.ATTRIBUTE) instanceof Attempts attempts) {
			attempts.close();
		}
		if (exchange.getAttribute(Answer.ATTRIBUTE) instanceof Answer answer) {
			answer.discard(new Outcome.Cancelled());
		}
		if (exchange.getAttribute(UpstreamBody.ATTRIBUTE) instanceof UpstreamBody body) {
			body.dispose();
		}
	}

}
