package dev.weir.gateway;

import java.net.URI;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.cloud.gateway.filter.headers.HttpHeadersFilter.Type;
import org.springframework.http.HttpHeaders;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;

import org.springframework.web.server.ServerWebExchange;

import static org.assertj.core.api.Assertions.assertThat;

class ResponseHeadersTests {

	private final ResponseHeaders filter = new ResponseHeaders();

	private final MockServerWebExchange exchange = MockServerWebExchange.from(MockServerHttpRequest.get("/"));

	@ParameterizedTest
	@ValueSource(strings = { "Content-Type", "content-length", "content-encoding", "content-disposition", "Retry-After",
			"retry-after-ms", "x-should-retry", "X-RateLimit-Limit-Requests", "x-ratelimit-remaining-tokens",
			"x-ratelimit-reset-project-tokens", "x-request-id", "apim-request-id", "x-ms-region", "x-ms-served-model",
			"x-ms-deployment-name", "x-ms-spillover-error", "x-ms-client-request-id", "ms-azureml-model-error-reason",
			"azure-openai-deployment-utilization", "openai-processing-ms", "openai-version", "openai-poll-after-ms" })
	void passesHeadersThatSdksReadOrUsersQuote(String name) {
		assertThat(fromPool(name).get(name)).containsExactly("1", "2");
	}

	@ParameterizedTest
	@ValueSource(strings = { "Set-Cookie", "set-cookie2", "Location", "content-location", "refresh", "server",
			"x-powered-by", "via", "strict-transport-security", "alt-svc", "nel", "report-to", "cf-ray",
			"access-control-allow-origin", "x-envoy-upstream-service-time", "www-authenticate", "transfer-encoding",
			"trailer", "connection", "OpenAI-Organization", "openai-project", "x-weir-backend", "x-ms-made-up",
			"x-ratelimit", "x-made-up" })
	void dropsAllOtherHeaders(String name) {
		assertThat(fromPool(name).headerNames()).isEmpty();
	}

	@Test
	void leavesRoutesThatLeadToNoPoolAlone() {
		HttpHeaders headers = headers("Set-Cookie");
		assertThat(this.filter.filter(headers, this.exchange)).isEqualTo(headers("Set-Cookie"));
	}

	@Test
	void c15HeadersThatABackendsConnectionNamesAreNotRelayedOnPlainRoutes() {
		HttpHeaders headers = headers("Set-Cookie");
		headers.add("Connection", "close, x-team");
		headers.add("connection", "X-Other");
		headers.add("X-Team", "blue");
		headers.add("x-other", "red");
		assertThat(this.filter.filter(headers, this.exchange).headerNames()).contains("Set-Cookie")
			.doesNotContain("X-Team", "x-other");
	}

	@Test
	void leavesRequestsAlone() {
		assertThat(this.filter.supports(Type.RESPONSE)).isTrue();
		assertThat(this.filter.supports(Type.REQUEST)).isFalse();
	}

	private HttpHeaders fromPool(String name) {
		ServerWebExchange attempt = new AttemptExchange(this.exchange, URI.create("lb://openai/"));
		return this.filter.filter(headers(name), attempt.mutate().build());
	}

	private static HttpHeaders headers(String name) {
		HttpHeaders headers = new HttpHeaders();
		headers.addAll(name, List.of("1", "2"));
		return headers;
	}

}
