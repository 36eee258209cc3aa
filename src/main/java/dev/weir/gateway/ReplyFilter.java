package dev.weir.gateway;

import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.filter.NettyWriteResponseFilter;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.core.Ordered;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import dev.weir.request.Reply;
import dev.weir.request.RequestContext;

/**
 * Writes the body of the reply. It stands where the gateway's own writing filter stands,
 * so that the user's filters may change the head before and decorate the response around
 * it; and it ensures that no attempt stays open, however a request ends.
 */
final class ReplyFilter implements GlobalFilter, Ordered {

	/** Beside {@link NettyWriteResponseFilter}, which then finds nothing to write. */
	static final int ORDER = NettyWriteResponseFilter.WRITE_RESPONSE_FILTER_ORDER;

	private final Pools pools;

	ReplyFilter(Pools pools) {
		this.pools = pools;
	}

	@Override
	public int getOrder() {
		return ORDER;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		RequestContext context = RequestContext.of(exchange);
		Route route = exchange.getAttribute(ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR);
		Pool pool = (route != null) ? this.pools.of(route.getUri()) : null;
		context.passThrough(pool == null);
		if (pool != null) {
			context.onRouted(pool);
		}
		return chain.filter(exchange).then(Mono.defer(() -> {
			Reply reply = context.reply();
			return (reply != null) ? reply.writeTo(exchange.getResponse()) : Mono.empty();
		})).doFinally((signal) -> context.loop().execute(() -> end(context, exchange.getResponse(), signal)));
	}

	private static void end(RequestContext context, ServerHttpResponse response, SignalType signal) {
		context.close();
		HttpStatusCode status = response.getStatusCode();
		if (response.isCommitted() && status != null) {
			context.end(status.value());
		}
		else if (signal == SignalType.CANCEL) {
			context.end(RequestContext.CLIENT_LEFT);
		}
		// else when the error has been replied to
	}

}
