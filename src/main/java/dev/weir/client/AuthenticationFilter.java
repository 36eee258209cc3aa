package dev.weir.client;

import io.micrometer.core.instrument.MeterRegistry;
import reactor.core.publisher.Mono;

import org.springframework.core.Ordered;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.cors.reactive.CorsUtils;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;

import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.RefusalLog;
import dev.weir.request.RequestContext;

/**
 * Identifies the client of each request, and refuses strangers, before a route is chosen
 * and before a byte of the body is read. The Actuator is for operators.
 */
final class AuthenticationFilter implements WebFilter, Ordered {

	private final Authenticator authenticator;

	private final ActuatorAccess actuator;

	private final RefusalLog refusals;

	private final MeterRegistry meters;

	AuthenticationFilter(Authenticator authenticator, ActuatorAccess actuator, RefusalLog refusals,
			MeterRegistry meters) {
		this.authenticator = authenticator;
		this.actuator = actuator;
		this.refusals = refusals;
		this.meters = meters;
	}

	/** After the paths have been normalized, and before everything else. */
	@Override
	public int getOrder() {
		return Ordered.HIGHEST_PRECEDENCE + 2;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
		ServerHttpRequest request = exchange.getRequest();
		// a browser sends no key in a preflight, which Spring replies to itself
		if (CorsUtils.isPreFlightRequest(request)) {
			return chain.filter(exchange);
		}
		try {
			switch (this.actuator.of(exchange)) {
				case OPEN -> keepPrivate(exchange.getResponse().getHeaders());
				case OPERATORS -> {
					keepPrivate(exchange.getResponse().getHeaders());
					this.authenticator.requireOperator(request.getHeaders());
				}
				case ELSEWHERE -> {
					this.authenticator.refuseOperator(request.getHeaders(), this.actuator.describeElsewhere());
					RequestContext.of(exchange).identify(this.authenticator.identify(request));
				}
				case NOT_ACTUATOR -> RequestContext.of(exchange).identify(this.authenticator.identify(request));
			}
		}
		catch (ApiErrorException ex) {
			this.refusals.record(exchange, ex.error());
			this.meters.counter("weir.refused", "status", String.valueOf(ex.error().status())).increment();
			return Mono.error(ex);
		}
		return chain.filter(exchange);
	}

	/** Replies of the Actuator must not be cached, nor run as scripts. */
	private static void keepPrivate(HttpHeaders headers) {
		headers.setCacheControl("no-store");
		headers.set("x-content-type-options", "nosniff");
	}

}
