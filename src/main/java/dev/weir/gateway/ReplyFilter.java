package dev.weir.gateway;

import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.filter.NettyWriteResponseFilter;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.core.Ordered;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.backend.Pool;
import dev.weir.request.Reply;
import dev.weir.request.RequestContext;

/**
 * Writes the body of the reply. It has the order of the gateway's own writing filter, so
 * that the user's filters can change the head before and decorate the response. It also
 * ends every attempt that is still open when the request ends.
 */
final class ReplyFilter implements GlobalFilter, Ordered {

	/** The order of {@link NettyWriteResponseFilter}, which then has nothing to write. */
	static final int ORDER = NettyWriteResponseFilter.WRITE_RESPONSE_FILTER_ORDER;

	@Override
	public int getOrder() {
		return ORDER;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		RequestContext context = RequestContext.of(exchange);
		Route route = exchange.getAttribute(ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR);
		Pool pool = (route != null) ? context.configuration().of(route.getUri()) : null;
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
		context.release();
		if (response.isCommitted()) {
			context.notifyEnd(statusOf(response));
		}
		else if (signal == SignalType.CANCEL) {
			context.notifyEnd(RequestContext.CLIENT_LEFT);
		}
		else {
			// the reply is that of ErrorReplyHandler, of a filter, or an empty one
			response.beforeCommit(() -> {
				context.notifyEnd(statusOf(response));
				return Mono.empty();
			});
		}
	}

	private static int statusOf(ServerHttpResponse response) {
		HttpStatusCode status = response.getStatusCode();
		return (status != null) ? status.value() : HttpStatus.OK.value();
	}

}
