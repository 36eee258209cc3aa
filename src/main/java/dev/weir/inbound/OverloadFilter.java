package dev.weir.inbound;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.RequestContext;

/**
 * Refuses requests beyond {@code weir.max-in-flight} at once, before their bodies are
 * read. One client of several may take half of it. Health and the Actuator are not
 * routed, so they still reply.
 */
public final class OverloadFilter implements GlobalFilter, Ordered {

	private static final Map<String, String> SOON = Map.of("retry-after-ms", "1000", "retry-after", "1");

	/** Before the filters that write the reply. */
	static final int ORDER = -3;

	private final AtomicInteger inFlight = new AtomicInteger();

	/** The requests in flight of each client that is not the only one. */
	private final Map<String, Integer> ofClients = new ConcurrentHashMap<>();

	private final IntSupplier limit;

	/**
	 * Creates the filter.
	 * @param limit the largest number of requests in flight
	 */
	OverloadFilter(IntSupplier limit) {
		this.limit = limit;
	}

	@Override
	public int getOrder() {
		return ORDER;
	}

	/**
	 * The number of requests whose replies have not ended.
	 * @return requests of all routes and clients together
	 */
	public int inFlight() {
		return this.inFlight.get();
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		// called when the chain is subscribed to, and again if a filter repeats it
		int max = this.limit.getAsInt();
		if (this.inFlight.incrementAndGet() > max) {
			this.inFlight.decrementAndGet();
			return Mono.error(overloaded(max));
		}
		RequestContext context = RequestContext.find(exchange);
		String client = (context != null) ? context.bufferOwner() : null;
		if (client != null && this.ofClients.merge(client, 1, Integer::sum) > Math.max(1, max / 2)) {
			release(client);
			return Mono.error(tooManyOf(client, max));
		}
		return chain.filter(exchange).doFinally((signal) -> release(client));
	}

	private void release(@Nullable String client) {
		this.inFlight.decrementAndGet();
		if (client != null) {
			this.ofClients.computeIfPresent(client, (name, count) -> (count > 1) ? count - 1 : null);
		}
	}

	private static ApiErrorException overloaded(int max) {
		return new ApiErrorException(
				new ApiError(503, "Weir serves as many requests as it may at once (weir.max-in-flight: " + max
						+ "). Send the request again.", "server_error", null, "overloaded"),
				SOON);
	}

	private static ApiErrorException tooManyOf(String client, int max) {
		return new ApiErrorException(new ApiError(429,
				"The client '" + client + "' has as many requests in flight as one client may have (half of"
						+ " weir.max-in-flight: " + max + "). Send the request again.",
				"requests", null, "rate_limit_exceeded"), SOON);
	}

}
