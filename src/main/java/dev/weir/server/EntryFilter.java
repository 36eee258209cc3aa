package dev.weir.server;

import java.util.List;
import java.util.function.BooleanSupplier;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerRequest;

import org.springframework.core.Ordered;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;

import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.RequestContext;
import dev.weir.request.RequestListener;
import dev.weir.request.RequestLoop;

/**
 * The first filter of every request. It gives the request an id, adds the headers that
 * every reply has, and ends a request that {@link RequestGuard} has refused.
 * <p>
 * Each reply has the id in {@code x-weir-request-id}. It is also in {@code x-request-id},
 * where SDKs look for it, unless a backend has set that header; a reply of a route that
 * leads to no pool has only what its server set. While Weir stops, each reply has
 * {@code Connection: close}, so that clients of busy connections connect to another
 * replica before the grace period ends.
 * <p>
 * This is one filter, because Spring allocates a checkpoint per filter and request.
 */
final class EntryFilter implements WebFilter, Ordered {

	private static final Logger logger = LoggerFactory.getLogger(EntryFilter.class);

	static final String WEIR_REQUEST_ID = "x-weir-request-id";

	static final String REQUEST_ID = "x-request-id";

	private final RequestIdGenerator ids;

	private final CorsPolicy cors;

	private final BooleanSupplier stopping;

	private final Ticker ticker;

	private final List<RequestListener> listeners;

	/**
	 * Creates the filter.
	 * @param ids generates the ids of requests
	 * @param cors adds CORS headers to replies
	 * @param stopping whether the stop of Weir has begun
	 * @param ticker a monotonic clock in nanoseconds
	 * @param listeners are notified of requests to pools
	 */
	EntryFilter(RequestIdGenerator ids, CorsPolicy cors, BooleanSupplier stopping, Ticker ticker,
			List<RequestListener> listeners) {
		this.ids = ids;
		this.cors = cors;
		this.stopping = stopping;
		this.ticker = ticker;
		this.listeners = listeners;
	}

	/** Before every filter that could end a request. */
	@Override
	public int getOrder() {
		return Ordered.HIGHEST_PRECEDENCE;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
		RequestContext context = new RequestContext(this.ids.next(), RequestLoop.of(exchange.getRequest()), this.ticker,
				this.listeners);
		context.store(exchange);
		if (this.stopping.getAsBoolean()) {
			exchange.getResponse().getHeaders().set(HttpHeaders.CONNECTION, "close");
		}
		@Nullable CorsConfiguration settings = this.cors.find(exchange);
		exchange.getResponse().beforeCommit(() -> {
			addIds(exchange.getResponse().getHeaders(), context);
			if (settings != null) {
				this.cors.addHeaders(exchange, settings);
			}
			return Mono.empty();
		});
		@Nullable ProtocolError refused = refused(exchange.getRequest());
		if (refused != null) {
			logger.info("Refused a request of {} with {}: {} [{}]", exchange.getRequest().getRemoteAddress(),
					refused.status(), refused.message(), context.id());
			return Mono.error(new ApiErrorException(refused.toApiError()));
		}
		return chain.filter(exchange);
	}

	private static void addIds(HttpHeaders headers, RequestContext context) {
		headers.set(WEIR_REQUEST_ID, context.id());
		if (!context.isPassThrough() && !headers.containsHeader(REQUEST_ID)) {
			headers.set(REQUEST_ID, context.id());
		}
	}

	private static @Nullable ProtocolError refused(ServerHttpRequest request) {
		return (ServerHttpRequestDecorator.getNativeRequest(request) instanceof HttpServerRequest server
				&& server.requestHeaders() instanceof RefusedHeaders headers) ? headers.error() : null;
	}

}
