package dev.weir.inbound;

import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;

import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;

/**
 * Refuses requests beyond {@code weir.max-in-flight} at once, before their bodies are
 * read. Health and the Actuator are not routed, so they still reply.
 */
public final class OverloadFilter implements GlobalFilter, Ordered {

	/** Before all other filters of the gateway. */
	static final int ORDER = -3;

	private final AtomicInteger inFlight = new AtomicInteger();

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
		return chain.filter(exchange).doFinally((signal) -> this.inFlight.decrementAndGet());
	}

	private static ApiErrorException overloaded(int max) {
		return new ApiErrorException(
				new ApiError(503,
						"Weir serves as many requests as it may at once (weir.max-in-flight: " + max
								+ "). Send the request again.",
						"server_error", null, "overloaded"),
				Map.of("retry-after-ms", "1000", "retry-after", "1"));
	}

}
