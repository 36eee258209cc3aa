package dev.weir.gateway;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;
import reactor.netty.http.client.HttpClient;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.cloud.gateway.config.HttpClientCustomizer;
import org.springframework.cloud.gateway.config.HttpClientProperties;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.filter.NettyRoutingFilter;
import org.springframework.cloud.gateway.filter.headers.HttpHeadersFilter;
import org.springframework.cloud.gateway.filter.headers.RemoveHopByHopHeadersFilter;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.Ordered;
import org.springframework.core.ResolvableType;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.testing.Bodies;
import dev.weir.testing.RawBackend;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.Scripts.responding;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Users' extensions of Spring Cloud Gateway work with the shortcuts for requests to
 * pools, or switch them off.
 */
class ShortcutTests {

	private RawBackend backend;

	@BeforeEach
	void start() {
		this.backend = RawBackend
			.start(responding("200 OK", Bodies.COMPLETION, "x-ms-region: East", "x-request-id: 7"));
	}

	@AfterEach
	void stop() {
		this.backend.close();
	}

	@Test
	void aHeadersFilterOfTheUserSeesRequestsAndResponses() {
		HttpHeadersFilter requests = new HttpHeadersFilter() {

			@Override
			public HttpHeaders filter(HttpHeaders input, ServerWebExchange exchange) {
				HttpHeaders all = new HttpHeaders(input);
				all.add("x-team", "blue");
				return all;
			}

			@Override
			public boolean supports(Type type) {
				return type == Type.REQUEST;
			}

		};
		try (WeirServer weir = weir((context) -> context.registerBean(HttpHeadersFilter.class, () -> requests))) {
			assertThat(weir.chat().body()).isEqualTo(Bodies.COMPLETION);
			assertThat(this.backend.requests().get(0)).containsIgnoringCase("x-team: blue");
		}
	}

	@Test
	void aHopByHopHeaderThatTheUserNamesIsRemoved() {
		Set<String> before = Set.copyOf(RemoveHopByHopHeadersFilter.HEADERS_REMOVED_ON_REQUEST);
		try (WeirServer weir = weir((context) -> {
		}, "--spring.cloud.gateway.server.webflux.filter.remove-hop-by-hop.headers=x-ms-region,connection")) {
			HttpResponse<String> response = weir.chat();
			assertThat(response.headers().map()).containsKey("x-request-id").doesNotContainKey("x-ms-region");
		}
		finally {
			// Spring binds the configured headers into the constant, which outlives the
			// application
			RemoveHopByHopHeadersFilter.HEADERS_REMOVED_ON_REQUEST.clear();
			RemoveHopByHopHeadersFilter.HEADERS_REMOVED_ON_REQUEST.addAll(before);
		}
	}

	@Test
	void aHeaderThatTheBackendNamesAsHopByHopIsRemoved() {
		this.backend.script(responding("200 OK", Bodies.COMPLETION, "x-ms-region: East", "x-request-id: 7",
				"Connection: keep-alive, X-Request-Id"));
		try (WeirServer weir = weir((context) -> {
		})) {
			HttpResponse<String> response = weir.chat();
			assertThat(response.headers().map()).containsKey("x-ms-region")
				.doesNotContainEntry("x-request-id", List.of("7"));
		}
	}

	@Test
	void trustedProxiesAddForwardedHeadersAsInTheGateway() {
		try (WeirServer weir = weir((context) -> {
		}, "--spring.cloud.gateway.server.webflux.trusted-proxies=127.*")) {
			assertThat(weir.chat().statusCode()).isEqualTo(200);
			assertThat(this.backend.requests().get(0)).containsIgnoringCase("x-forwarded-for: 127.0.0.1");
		}
	}

	@Test
	void aGlobalFilterAfterWeirsMayReplaceTheRequest() {
		class Replacing implements GlobalFilter, Ordered {

			@Override
			public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
				return chain.filter(exchange.mutate()
					.request((request) -> request.headers((headers) -> headers.set("x-late", "yes")))
					.build());
			}

			@Override
			public int getOrder() {
				return BackendRequestFilter.ORDER + 1;
			}

		}
		try (WeirServer weir = weir((context) -> context.registerBean(GlobalFilter.class, Replacing::new))) {
			assertThat(weir.chat().body()).isEqualTo(Bodies.COMPLETION);
			assertThat(this.backend.requests().get(0)).containsIgnoringCase("x-late: yes");
		}
	}

	@Test
	void aGlobalFilterWithoutAnOrderRunsBeforeTheAttempt() {
		GlobalFilter last = (exchange,
				chain) -> chain.filter(exchange.mutate()
					.request((request) -> request.headers((headers) -> headers.set("x-late", "yes")))
					.build());
		try (WeirServer weir = weir((context) -> context.registerBean(GlobalFilter.class, () -> last))) {
			assertThat(weir.chat().statusCode()).isEqualTo(200);
			assertThat(this.backend.requests().get(0)).containsIgnoringCase("x-late: yes");
		}
	}

	@Test
	void aRoutingFilterOfTheUserIsNotReplaced() {
		AtomicInteger calls = new AtomicInteger();
		class Own extends NettyRoutingFilter {

			Own(HttpClient client, ObjectProvider<List<HttpHeadersFilter>> filters, HttpClientProperties properties) {
				super(client, filters, properties);
			}

			@Override
			public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
				calls.incrementAndGet();
				return super.filter(exchange, chain);
			}

		}
		try (WeirServer weir = weir(
				(context) -> context.registerBean(Own.class,
						() -> new Own(context.getBean(HttpClient.class),
								context.getBeanProvider(
										ResolvableType.forClassWithGenerics(List.class, HttpHeadersFilter.class)),
								context.getBean(HttpClientProperties.class))),
				"--spring.cloud.gateway.server.webflux.global-filter.netty-routing.enabled=false")) {
			assertThat(weir.chat().body()).isEqualTo(Bodies.COMPLETION);
			assertThat(calls).hasValue(1);
		}
	}

	@Test
	void anHttpClientCustomizerOfTheUserIsApplied() {
		AtomicInteger calls = new AtomicInteger();
		HttpClientCustomizer customizer = (client) -> client
			.doOnRequest((request, connection) -> calls.incrementAndGet());
		try (WeirServer weir = weir((context) -> context.registerBean(HttpClientCustomizer.class, () -> customizer))) {
			assertThat(weir.chat().statusCode()).isEqualTo(200);
			assertThat(calls).hasValue(1);
		}
	}

	@Test
	void aResponseIsReadOnTheEventLoopOfItsClient() {
		List<Object> clients = new CopyOnWriteArrayList<>();
		List<Object> backends = new CopyOnWriteArrayList<>();
		GlobalFilter filter = (exchange, chain) -> {
			Connection connection = ServerHttpRequestDecorator.getNativeRequest(exchange.getRequest());
			clients.add(connection.channel().eventLoop());
			return chain.filter(exchange);
		};
		HttpClientCustomizer customizer = (client) -> client
			.doOnRequest((request, connection) -> backends.add(connection.channel().eventLoop()));
		try (WeirServer weir = weir((context) -> {
			context.registerBean(GlobalFilter.class, () -> filter);
			context.registerBean(HttpClientCustomizer.class, () -> customizer);
		})) {
			for (int i = 0; i < 8; i++) {
				WeirServer client = weir.onOneConnection();
				assertThat(client.chat().statusCode()).isEqualTo(200);
				assertThat(client.chat().statusCode()).isEqualTo(200);
			}
		}
		assertThat(Set.copyOf(clients)).hasSizeGreaterThan(1);
		assertThat(backends).hasSize(16).isEqualTo(clients);
	}

	@Test
	void springsMetricsOfRequestsCanBeSwitchedOn() {
		try (WeirServer weir = weir((context) -> {
		}, "--management.observations.enable.http.server.requests=true",
				"--spring.cloud.gateway.server.webflux.metrics.enabled=true")) {
			weir.chat();
			assertThat(weir.get("/actuator/prometheus").body()).contains("http_server_requests_seconds_count",
					"spring_cloud_gateway_requests_seconds_count", "weir_attempts_seconds_count");
		}
	}

	private WeirServer weir(Consumer<GenericApplicationContext> beans, String... arguments) {
		return WeirServer.start(beans, WeirServer.pool("", WeirServer.backend("a", this.backend.url())), arguments);
	}

}
