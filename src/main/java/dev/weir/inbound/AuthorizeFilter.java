package dev.weir.inbound;

import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.backend.Pool;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.ClientAccess;
import dev.weir.request.RefusalLog;
import dev.weir.request.RequestContext;

/**
 * Refuses a request whose client may not use the pool or the model.
 */
final class AuthorizeFilter implements GlobalFilter, Ordered {

	/** Directly after the filter that reads the call. */
	static final int ORDER = ReadCallFilter.ORDER + 1;

	private final PoolResolver pools;

	private final RefusalLog refusals;

	AuthorizeFilter(PoolResolver pools, RefusalLog refusals) {
		this.pools = pools;
		this.refusals = refusals;
	}

	@Override
	public int getOrder() {
		return ORDER;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		Pool pool = this.pools.resolve(exchange);
		if (pool != null) {
			RequestContext context = RequestContext.of(exchange);
			try {
				ClientAccess.check(context.client(), pool.name(), context.call());
			}
			catch (ApiErrorException ex) {
				this.refusals.record(exchange, ex.error());
				return Mono.error(ex);
			}
		}
		return chain.filter(exchange);
	}

}
