package dev.weir.failover;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.filter.NettyWriteResponseFilter;
import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.backend.Attempts;
import dev.weir.backend.Outcome;

/**
 * Writes the answer that failover settled on. It stands where the gateway's own writing
 * filter stands, so that the user's filters may change the head before and decorate the
 * response around it; and it sees to it that no attempt stays open, however a request
 * ends.
 */
final class RelayFilter implements GlobalFilter, Ordered {

	/** Beside {@link NettyWriteResponseFilter}, which then finds nothing to write. */
	static final int ORDER = NettyWriteResponseFilter.WRITE_RESPONSE_FILTER_ORDER;

	@Override
	public int getOrder() {
		return ORDER;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		return chain.filter(exchange).then(Mono.defer(() -> {
			@Nullable Answer answer = exchange.getAttribute(Answer.ATTRIBUTE);
			return (answer != null) ? answer.writeTo(exchange.getResponse()) : Mono.empty();
		})).doFinally((signal) -> close(exchange));
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
