package dev.weir.proxy;

import java.net.URI;
import java.util.function.UnaryOperator;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.core.Ordered;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.util.StringUtils;
import org.springframework.web.server.ServerWebExchange;

/**
 * Sends a call to a backend as Spring Cloud Gateway's own routing filter does, and leaves
 * the response where that one leaves it, but cheaper: the body goes out together with the
 * head, and headers pass without being copied from one kind of map to another for each
 * filter that has nothing to do. Where a user has added something that would notice, the
 * gateway's own filter is left to it: another {@code HttpHeadersFilter}, or a filter that
 * has put a request of its own in the place of the one that Weir wrote.
 */
final class PoolRoutingFilter implements GlobalFilter, Ordered {

	/** Before the gateway's own filters that call somebody. */
	static final int ORDER = Ordered.LOWEST_PRECEDENCE - 2;

	private final UpstreamClients clients;

	private final HeadersFilters others;

	PoolRoutingFilter(UpstreamClients clients, HeadersFilters others) {
		this.clients = clients;
		this.others = others;
	}

	@Override
	public int getOrder() {
		return ORDER;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		if (!(exchange.getRequest() instanceof UpstreamRequest request) || !request.hasWholeBody()
				|| this.others.areAny() || ServerWebExchangeUtils.isAlreadyRouted(exchange)) {
			return chain.filter(exchange);
		}
		ServerWebExchangeUtils.setAlreadyRouted(exchange);
		URI uri = exchange.getRequiredAttribute(ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR);
		Route route = exchange.getRequiredAttribute(ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR);
		return this.clients.of(route, request)
			.request(HttpMethod.valueOf(request.getMethod().name()))
			.uri(uri)
			.send((call, out) -> {
				// the client asks for chunks as long as it knows no length
				call.requestHeaders().remove(HttpHeaderNames.TRANSFER_ENCODING).setAll(request.nettyHeaders());
				return out.sendObject(request.wholeBody());
			})
			.responseConnection((response, connection) -> {
				exchange.getAttributes().put(ServerWebExchangeUtils.CLIENT_RESPONSE_ATTR, response);
				exchange.getAttributes().put(ServerWebExchangeUtils.CLIENT_RESPONSE_CONN_ATTR, connection);
				String type = response.responseHeaders().get(HttpHeaderNames.CONTENT_TYPE);
				if (StringUtils.hasLength(type)) {
					exchange.getAttributes().put(ServerWebExchangeUtils.ORIGINAL_RESPONSE_CONTENT_TYPE_ATTR, type);
				}
				ServerHttpResponse client = exchange.getResponse();
				client.setRawStatusCode(response.status().code());
				exchange.getAttributes()
					.put(ServerWebExchangeUtils.CLIENT_RESPONSE_HEADER_NAMES,
							DownstreamHeaders.copy(response.responseHeaders(), client.getHeaders()));
				return Mono.just(response);
			})
			.then(chain.filter(exchange))
			.contextWrite(UnaryOperator.identity());
	}

}
