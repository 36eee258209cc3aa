package dev.weir.server;

import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.cors.reactive.CorsProcessor;
import org.springframework.web.cors.reactive.CorsUtils;
import org.springframework.web.cors.reactive.DefaultCorsProcessor;
import org.springframework.web.cors.reactive.UrlBasedCorsConfigurationSource;
import org.springframework.web.server.ServerWebExchange;

/**
 * Adds the CORS headers of the gateway's {@code globalcors} settings to replies without
 * them. The gateway adds them only to requests with a route, and a browser hides the
 * status and the body of a reply that has none, such as an error. Headers that the
 * gateway or the settings of a route have added take precedence.
 */
final class CorsPolicy {

	private final UrlBasedCorsConfigurationSource configurations = new UrlBasedCorsConfigurationSource();

	private final CorsProcessor processor = new DefaultCorsProcessor();

	private final boolean enabled;

	/**
	 * Creates a policy.
	 * @param configurations the CORS settings by path pattern
	 */
	CorsPolicy(Map<String, CorsConfiguration> configurations) {
		this.configurations.setCorsConfigurations(configurations);
		this.enabled = !configurations.isEmpty();
	}

	/**
	 * Finds the settings for a request.
	 * @param exchange the request
	 * @return the settings, or {@code null} if it has no origin or there are none for its
	 * path
	 */
	@Nullable CorsConfiguration find(ServerWebExchange exchange) {
		return (this.enabled && exchange.getRequest().getHeaders().containsHeader(HttpHeaders.ORIGIN))
				? this.configurations.getCorsConfiguration(exchange) : null;
	}

	/**
	 * Adds the missing headers to a reply that is about to be sent.
	 * @param exchange the request and its reply
	 * @param configuration the settings for the request
	 */
	void addHeaders(ServerWebExchange exchange, CorsConfiguration configuration) {
		HttpHeaders headers = exchange.getResponse().getHeaders();
		List<String> origins = headers.get(HttpHeaders.ACCESS_CONTROL_ALLOW_ORIGIN);
		if (origins != null) {
			// one from Weir, and one from the server behind a route without a pool
			headers.set(HttpHeaders.ACCESS_CONTROL_ALLOW_ORIGIN, origins.get(0));
		}
		else if (isAllowed(exchange.getRequest(), configuration)) {
			this.processor.process(configuration, exchange);
		}
	}

	/**
	 * Checked first, because the processor turns a reply that is not allowed into a 403.
	 */
	private static boolean isAllowed(ServerHttpRequest request, CorsConfiguration configuration) {
		boolean preflight = CorsUtils.isPreFlightRequest(request);
		@Nullable HttpMethod method = preflight ? request.getHeaders().getAccessControlRequestMethod() : request.getMethod();
		return configuration.checkOrigin(request.getHeaders().getOrigin()) != null
				&& configuration.checkHttpMethod(method) != null && (!preflight
						|| configuration.checkHeaders(request.getHeaders().getAccessControlRequestHeaders()) != null);
	}

}
