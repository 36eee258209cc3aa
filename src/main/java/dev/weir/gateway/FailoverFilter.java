package dev.weir.gateway;

import java.util.AbstractSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;

import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.filter.ReactiveLoadBalancerClientFilter;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.core.Ordered;
import org.springframework.http.HttpHeaders;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.affinity.ObjectAffinity;
import dev.weir.openai.call.ApiCall;
import dev.weir.backend.Pool;
import dev.weir.failover.Failover;
import dev.weir.failover.ReplyWrittenException;
import dev.weir.list.MergedLists;
import dev.weir.request.Reply;
import dev.weir.request.RequestContext;
import dev.weir.websocket.EphemeralKeys;
import dev.weir.websocket.WebSocketConnector;
import dev.weir.inbound.PoolResolver;

/**
 * Retries a request that one backend refused, such as with 429, on another backend: runs
 * the rest of the filter chain once for each attempt until a reply has been chosen. The
 * client receives nothing before this filter has completed, unless a filter of an attempt
 * replies itself or comments of {@code keep-alive} are due.
 */
final class FailoverFilter implements GlobalFilter, Ordered {

	/** Directly before the filter that chooses a lane. */
	static final int ORDER = ReactiveLoadBalancerClientFilter.LOAD_BALANCER_CLIENT_FILTER_ORDER - 1;

	private final PoolResolver pools;

	private final BackendCallers callers;

	private final ObjectAffinity affinity;

	private final Failover failover;

	private final MergedLists lists;

	private final WebSocketConnector sockets;

	private final EphemeralKeys keys;

	FailoverFilter(PoolResolver pools, BackendCallers callers, ObjectAffinity affinity, Failover failover,
			MergedLists lists, WebSocketConnector sockets, EphemeralKeys keys) {
		this.pools = pools;
		this.callers = callers;
		this.affinity = affinity;
		this.failover = failover;
		this.lists = lists;
		this.sockets = sockets;
		this.keys = keys;
	}

	@Override
	public int getOrder() {
		return ORDER;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		Pool pool = this.pools.resolve(exchange);
		if (pool == null) {
			return chain.filter(exchange);
		}
		RequestContext context = RequestContext.of(exchange);
		GatewayBackendCaller caller = this.callers.of(exchange, chain, pool.name());
		boolean imageDeployment = exchange.getRequest().getHeaders().containsHeader(ApiCall.IMAGE_DEPLOYMENT);
		AddedHeaders added = new AddedHeaders(exchange.getResponse().getHeaders());
		Mono<Void> replied = Mono.defer(() -> {
			context.routeTo(pool);
			this.keys.bind(context, exchange.getRequest().getHeaders());
			if (MergedLists.isMerged(context)) {
				return this.lists.run(context,
						(part) -> this.callers.of(new PartExchange(exchange, part), chain, pool.name()),
						exchange.getResponse());
			}
			Mono<Void> bound = this.affinity.bind(context, exchange.getRequest().getHeaders());
			if (bound == null) {
				return run(context, imageDeployment, caller, exchange, chain);
			}
			return bound.then(Mono.defer(() -> run(context, imageDeployment, caller, exchange, chain)));
		});
		// a filter of the user may have continued, or cancel, on another thread
		return context.loop().confine(replied).doOnSuccess((done) -> {
			Reply reply = context.reply();
			if (reply != null && !reply.isEarly()) {
				caller.publish();
			}
			exchange.getAttributes().put(ServerWebExchangeUtils.CLIENT_RESPONSE_HEADER_NAMES, added);
		}).onErrorResume(ReplyWrittenException.class, (written) -> Mono.empty());
	}

	private Mono<Void> run(RequestContext context, boolean imageDeployment, GatewayBackendCaller caller,
			ServerWebExchange exchange, GatewayFilterChain chain) {
		if (context.call().isHandshake()) {
			String pool = context.pool().name();
			return this.sockets.connect(context, caller,
					(message) -> this.callers.ofMessage(exchange, message, chain, pool), exchange);
		}
		return this.failover.run(context, imageDeployment, caller, exchange.getResponse())
			.doOnSuccess((done) -> observe(context));
	}

	private void observe(RequestContext context) {
		Reply reply = context.reply();
		if (reply != null && context.call().path().issuesKey()) {
			context.reply(this.keys.observe(context, reply));
		}
	}

	/**
	 * The names of the headers that failover has added to the client's response. Spring
	 * Cloud Gateway's Retry filter removes these headers before it repeats the request.
	 * They are computed only if such a filter reads them.
	 */
	private static final class AddedHeaders extends AbstractSet<String> {

		private final HttpHeaders headers;

		private final Set<String> before;

		AddedHeaders(HttpHeaders headers) {
			this.headers = headers;
			this.before = headers.isEmpty() ? Set.of() : headers.headerNames();
		}

		private Set<String> names() {
			Set<String> names = new LinkedHashSet<>(this.headers.headerNames());
			names.removeAll(this.before);
			return names;
		}

		@Override
		public Iterator<String> iterator() {
			return names().iterator();
		}

		@Override
		public int size() {
			return names().size();
		}

	}

}
