package dev.weir.failover;

import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.core.Ordered;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.api.BrokenAnswerException;

/**
 * Makes an answer that breaks off in the middle look broken. Spring takes a backend's
 * "connection reset by peer" for the client's own and then completes the response as if
 * it were whole ({@code DisconnectedClientHelper}); an exception that does not speak of
 * it is none of its business, so the client's connection is aborted.
 */
final class BreakGuardFilter implements GlobalFilter, Ordered {

	/** Around everything that writes a response. */
	static final int ORDER = RelayFilter.ORDER - 1;

	@Override
	public int getOrder() {
		return ORDER;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		return chain.filter(exchange.mutate().response(new GuardedResponse(exchange.getResponse())).build());
	}

	private static final class GuardedResponse extends ServerHttpResponseDecorator {

		GuardedResponse(ServerHttpResponse delegate) {
			super(delegate);
		}

		@Override
		public Mono<Void> writeWith(Publisher<? extends DataBuffer> body) {
			return super.writeWith(guarded(body));
		}

		@Override
		public Mono<Void> writeAndFlushWith(Publisher<? extends Publisher<? extends DataBuffer>> body) {
			return super.writeAndFlushWith(
					Flux.from(body).map(GuardedResponse::guarded).onErrorMap(BrokenAnswerException::of));
		}

		private static Publisher<? extends DataBuffer> guarded(Publisher<? extends DataBuffer> body) {
			return (body instanceof Mono<? extends DataBuffer> mono) ? mono.onErrorMap(BrokenAnswerException::of)
					: Flux.from(body).onErrorMap(BrokenAnswerException::of);
		}

	}

}
