package dev.weir.server;

import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.core.Ordered;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.cors.reactive.CorsProcessor;
import org.springframework.web.cors.reactive.CorsUtils;
import org.springframework.web.cors.reactive.DefaultCorsProcessor;
import org.springframework.web.cors.reactive.UrlBasedCorsConfigurationSource;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;

/**
 * Lets web pages read every reply that the gateway's {@code globalcors} lets them read,
 * also a refusal: the gateway adds the headers where it finds a route, and a browser
 * hides the status and the message of a reply that has none. It adds what is missing as
 * late as possible, so what the gateway has decided, or a route of its own settings,
 * comes first.
 */
final class CorsReplyFilter implements WebFilter, Ordered {

	private final UrlBasedCorsConfigurationSource configurations = new UrlBasedCorsConfigurationSource();

	private final CorsProcessor processor = new DefaultCorsProcessor();

	private final boolean enabled;

	/**
	 * Makes one.
	 * @param configurations Spring's settings by path pattern
	 */
	CorsReplyFilter(Map<String, CorsConfiguration> configurations) {
		this.configurations.setCorsConfigurations(configurations);
		this.enabled = !configurations.isEmpty();
	}

	/** Before every filter that could end a request. */
	@Override
	public int getOrder() {
		return RequestIdFilter.ORDER;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
		if (this.enabled && exchange.getRequest().getHeaders().containsHeader(HttpHeaders.ORIGIN)) {
			CorsConfiguration configuration = this.configurations.getCorsConfiguration(exchange);
			if (configuration != null) {
				exchange.getResponse().beforeCommit(() -> Mono.fromRunnable(() -> complete(exchange, configuration)));
			}
		}
		return chain.filter(exchange);
	}

	private void complete(ServerWebExchange exchange, CorsConfiguration configuration) {
		HttpHeaders headers = exchange.getResponse().getHeaders();
		List<String> origins = headers.get(HttpHeaders.ACCESS_CONTROL_ALLOW_ORIGIN);
		if (origins != null) {
			// the server behind a plain route has added its own
			headers.set(HttpHeaders.ACCESS_CONTROL_ALLOW_ORIGIN, origins.get(0));
		}
		else if (isAllowed(exchange.getRequest(), configuration)) {
			this.processor.process(configuration, exchange);
		}
	}

	/** The processor would make a 403 of a reply that says something else. */
	private static boolean isAllowed(ServerHttpRequest request, CorsConfiguration configuration) {
		boolean preflight = CorsUtils.isPreFlightRequest(request);
		@Nullable HttpMethod method = preflight ? request.getHeaders().getAccessControlRequestMethod() : request.getMethod();
		return configuration.checkOrigin(request.getHeaders().getOrigin()) != null
				&& configuration.checkHttpMethod(method) != null && (!preflight
						|| configuration.checkHeaders(request.getHeaders().getAccessControlRequestHeaders()) != null);
	}

}
