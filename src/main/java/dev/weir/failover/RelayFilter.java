package dev.weir.failover;

import java.time.Duration;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.filter.NettyWriteResponseFilter;
import org.springframework.core.Ordered;
import org.springframework.http.HttpStatusCode;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.backend.Attempts;
import dev.weir.backend.Outcome;
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

	private final RequestListener listener;

	private final Ticker ticker;

	RelayFilter(RequestListener listener, Ticker ticker) {
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
		HttpStatusCode status = exchange.getResponse().isCommitted() ? exchange.getResponse().getStatusCode()
				: (signal == SignalType.CANCEL) ? HttpStatusCode.valueOf(RequestListener.LEFT) : null;
		if (status != null && exchange.getAttribute(Attempts.ATTRIBUTE) instanceof Attempts attempts) {
			this.listener.ended(attempts.pool(), status.value(), Duration.ofNanos(this.ticker.read() - begin));
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
