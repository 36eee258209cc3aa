package dev.weir.ops;

import java.util.function.BooleanSupplier;

import reactor.core.publisher.Mono;

import org.springframework.core.Ordered;
import org.springframework.http.HttpHeaders;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;

/**
 * Says {@code Connection: close} once the stop has begun. A connection that is never idle
 * would otherwise be served until the grace period is over and be cut in the middle of a
 * request then; this way its client opens the next one, which the platform leads
 * elsewhere.
 */
final class DrainFilter implements WebFilter, Ordered {

	private final BooleanSupplier draining;

	DrainFilter(BooleanSupplier draining) {
		this.draining = draining;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
		if (this.draining.getAsBoolean()) {
			exchange.getResponse().getHeaders().set(HttpHeaders.CONNECTION, "close");
		}
		return chain.filter(exchange);
	}

	@Override
	public int getOrder() {
		return Ordered.HIGHEST_PRECEDENCE;
	}

}
