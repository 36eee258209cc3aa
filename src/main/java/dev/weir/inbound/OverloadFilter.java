package dev.weir.inbound;

import io.micrometer.core.instrument.MeterRegistry;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.RefusalLog;
import dev.weir.request.RequestContext;
import dev.weir.request.RequestsInFlight;

/**
 * Counts the requests in flight, and refuses those beyond {@code weir.max-in-flight}
 * before their bodies are read. Most refusals happen earlier, on the connection of the
 * client. This filter refuses the rest, and requests of a client that has as many in
 * flight as one client may have. Health and the Actuator are not routed, so they still
 * reply.
 */
final class OverloadFilter implements GlobalFilter, Ordered {

	/** Before the filters that write the reply. */
	static final int ORDER = -3;

	private final RequestsInFlight inFlight;

	private final RefusalLog refusals;

	private final MeterRegistry meters;

	OverloadFilter(RequestsInFlight inFlight, RefusalLog refusals, MeterRegistry meters) {
		this.inFlight = inFlight;
		this.refusals = refusals;
		this.meters = meters;
	}

	@Override
	public int getOrder() {
		return ORDER;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		// called when the chain is subscribed to, and again if a filter repeats it
		RequestContext context = RequestContext.find(exchange);
		@Nullable String client = (context != null) ? context.competingClient() : null;
		try {
			this.inFlight.begin(client);
		}
		catch (ApiErrorException ex) {
			this.refusals.record(exchange, ex.error());
			this.meters.counter("weir.refused", "status", String.valueOf(ex.error().status())).increment();
			return Mono.error(ex);
		}
		return chain.filter(exchange).doFinally((signal) -> this.inFlight.end(client));
	}

}
