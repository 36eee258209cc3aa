package dev.weir.inbound;

import java.util.List;

import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.core.Ordered;
import org.springframework.http.HttpStatus;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.backend.Pool;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.call.Operation;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.ClientAccess;
import dev.weir.request.ClientLimits;
import dev.weir.request.RefusalLog;
import dev.weir.request.RequestContext;
import dev.weir.request.Reservation;

/**
 * Refuses a request whose client may not use the pool or the model, or exceeds a limit.
 */
final class AuthorizeFilter implements GlobalFilter, Ordered {

	/** Directly after the filter that reads the call. */
	static final int ORDER = ReadCallFilter.ORDER + 1;

	private final PoolResolver pools;

	private final RefusalLog refusals;

	private final ClientLimits limits;

	AuthorizeFilter(PoolResolver pools, RefusalLog refusals, ClientLimits limits) {
		this.pools = pools;
		this.refusals = refusals;
		this.limits = limits;
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
				ClientAccess.check(context.client(), pool.name(), context.call(), hasEphemeralKey(exchange, context));
				for (String model : imageDeployments(exchange)) {
					ClientAccess.check(context.client(), model);
				}
			}
			catch (ApiErrorException ex) {
				if (isDenied(ex.error().status())) {
					this.refusals.record(exchange, ex.error());
				}
				return Mono.error(ex);
			}
			try {
				reserve(context);
			}
			catch (ApiErrorException ex) {
				// counted and logged where the limits are, also those of WebSockets
				return Mono.error(ex);
			}
		}
		return chain.filter(exchange);
	}

	/** The model of a tool that makes images, in a header of Azure's. */
	private static List<String> imageDeployments(ServerWebExchange exchange) {
		return exchange.getRequest().getHeaders().getOrEmpty(ApiCall.IMAGE_DEPLOYMENT);
	}

	/** The others are about the request, not about the rights of the client. */
	private static boolean isDenied(int status) {
		return status == HttpStatus.UNAUTHORIZED.value() || status == HttpStatus.FORBIDDEN.value();
	}

	/** The configuration of its session was checked when the key was issued. */
	private static boolean hasEphemeralKey(ServerWebExchange exchange, RequestContext context) {
		return context.call().path().takesKey() && EphemeralKey.of(exchange.getRequest().getHeaders()) != null;
	}

	private void reserve(RequestContext context) {
		// a filter of the user may repeat the chain
		if (context.client() == null || context.reservation() != null || isFree(context.call().path().operation())) {
			return;
		}
		Reservation reservation = this.limits.reserve(context);
		if (reservation != null) {
			context.holdReservation(reservation);
		}
	}

	/**
	 * Whether a request is not counted: one that calls no backend, and the handshake in
	 * Responses mode, where each message is a request.
	 */
	private static boolean isFree(Operation operation) {
		return operation == Operation.MODELS || operation == Operation.RESPONSES_SOCKET;
	}

}
