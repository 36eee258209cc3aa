package dev.weir.server;

import java.util.function.BooleanSupplier;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerRequest;

import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.core.Ordered;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;

import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.RequestId;
import dev.weir.backend.Attempts;

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

	private static final String WEIR_REQUEST_ID = "x-weir-request-id";

	private static final String REQUEST_ID = "x-request-id";

	private final RequestIdGenerator ids = new RequestIdGenerator();

	private final CorsPolicy cors;

	private final BooleanSupplier stopping;

	/**
	 * Creates the filter.
	 * @param cors adds CORS headers to replies
	 * @param stopping whether the stop of Weir has begun
	 */
	EntryFilter(CorsPolicy cors, BooleanSupplier stopping) {
		this.cors = cors;
		this.stopping = stopping;
	}

	/** Before every filter that could end a request. */
	@Override
	public int getOrder() {
		return Ordered.HIGHEST_PRECEDENCE;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
		String id = this.ids.next();
		exchange.getAttributes().put(RequestId.ATTRIBUTE, id);
		if (this.stopping.getAsBoolean()) {
			exchange.getResponse().getHeaders().set(HttpHeaders.CONNECTION, "close");
		}
		@Nullable CorsConfiguration settings = this.cors.find(exchange);
		exchange.getResponse().beforeCommit(() -> {
			addIds(exchange, id);
			if (settings != null) {
				this.cors.addHeaders(exchange, settings);
			}
			return Mono.empty();
		});
		@Nullable ProtocolError refused = refused(exchange.getRequest());
		if (refused != null) {
			logger.info("Refused a request of {} with {}: {} [{}]", exchange.getRequest().getRemoteAddress(),
					refused.status(), refused.message(), id);
			return Mono.error(new ApiErrorException(refused.toApiError()));
		}
		return chain.filter(exchange);
	}

	private static void addIds(ServerWebExchange exchange, String id) {
		HttpHeaders headers = exchange.getResponse().getHeaders();
		headers.set(WEIR_REQUEST_ID, id);
		if (!isReplyOfOtherServer(exchange) && !headers.containsHeader(REQUEST_ID)) {
			headers.set(REQUEST_ID, id);
		}
	}

	private static boolean isReplyOfOtherServer(ServerWebExchange exchange) {
		return exchange.getAttribute(ServerWebExchangeUtils.CLIENT_RESPONSE_ATTR) != null
				&& exchange.getAttribute(Attempts.ATTRIBUTE) == null;
	}

	private static @Nullable ProtocolError refused(ServerHttpRequest request) {
		return (ServerHttpRequestDecorator.getNativeRequest(request) instanceof HttpServerRequest server
				&& server.requestHeaders() instanceof RefusedHeaders headers) ? headers.error() : null;
	}

}
