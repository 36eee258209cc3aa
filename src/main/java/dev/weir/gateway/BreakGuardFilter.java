package dev.weir.gateway;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import org.reactivestreams.Publisher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.core.Ordered;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.request.BrokenResponseException;
import dev.weir.request.RequestContext;

/**
 * Closes the client's connection when a response breaks off after the reply has begun, so
 * that the client does not take the part it received for a complete reply. Spring
 * mistakes a backend's "connection reset by peer" for the client's and completes the
 * reply ({@code DisconnectedClientHelper}); therefore the error is replaced. Reactor
 * Netty would close the connection, too, but Spring and Reactor Netty would both log an
 * error with a stack trace. Weir logs one warning instead.
 */
final class BreakGuardFilter implements GlobalFilter, Ordered {

	/** Before all filters that write a response. */
	static final int ORDER = ReplyFilter.ORDER - 1;

	private static final Logger logger = LoggerFactory.getLogger(BreakGuardFilter.class);

	@Override
	public int getOrder() {
		return ORDER;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		return chain.filter(exchange.mutate().response(new GuardedResponse(exchange.getResponse())).build())
			.onErrorResume(BrokenResponseException.class, (ex) -> abort(exchange, ex));
	}

	private static Mono<Void> abort(ServerWebExchange exchange, BrokenResponseException error) {
		Object server = ServerHttpRequestDecorator.getNativeRequest(exchange.getRequest());
		if (!exchange.getResponse().isCommitted() || !(server instanceof Connection client)) {
			return Mono.error(error);
		}
		// a relay logs the failures of its own response
		RequestContext context = RequestContext.find(exchange);
		if (context == null || context.reply() == null) {
			logger.warn("{} {}: {}", exchange.getRequest().getMethod(), exchange.getRequest().getPath(),
					error.getMessage());
		}
		client.channel().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
		// closing the connection ends the request; completing the Mono would end the
		// reply as if it were complete
		return Mono.never();
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
					Flux.from(body).map(GuardedResponse::guarded).onErrorMap(BrokenResponseException::of));
		}

		private static Publisher<? extends DataBuffer> guarded(Publisher<? extends DataBuffer> body) {
			return (body instanceof Mono<? extends DataBuffer> mono) ? mono.onErrorMap(BrokenResponseException::of)
					: Flux.from(body).onErrorMap(BrokenResponseException::of);
		}

	}

}
