package dev.weir.gateway;

import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.core.Ordered;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseCookie;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.request.RequestContext;
import dev.weir.testing.Bodies;
import dev.weir.testing.RawBackend;
import dev.weir.testing.Scripts;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.WeirServer.backend;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

/**
 * Filters that users add to the chain, most of them behind the choice of a lane, where
 * they run once for each attempt: what they change, write, delay or break.
 */
class AttemptFilterTests {

	private static final int PER_ATTEMPT = BackendRequestFilter.ORDER + 10;

	private static final RawBackend.Script SERVES = Scripts.responding("200 OK", Bodies.COMPLETION);

	private static final RawBackend.Script THROTTLED = Scripts.responding("429 Too Many Requests",
			Bodies.AZURE_THROTTLED, "retry-after: 30");

	private static final String ROUTE = """
			spring.cloud.gateway.server.webflux.routes:
			  - {id: r, uri: 'lb://openai', predicates: ['Path=/v1/**']}
			""";

	private final AtomicInteger closed = new AtomicInteger();

	private final List<AutoCloseable> open = new CopyOnWriteArrayList<>();

	@AfterEach
	void stop() throws Exception {
		for (AutoCloseable it : this.open) {
			it.close();
		}
	}

	@Test
	void aFilterThatFailsAfterTheHeadLeavesNoConnectionOpen() {
		RawBackend only = start(this::headOnly);
		WeirServer weir = weir(PER_ATTEMPT, (exchange, chain) -> chain.filter(exchange)
			.then(Mono.error(new IllegalStateException("broken filter"))), ROUTE + pool(only));
		assertThat(weir.chat().statusCode()).isGreaterThanOrEqualTo(500);
		awaitClosed(only);
	}

	@Test
	void aFilterThatIsStillBusyAtTheTimeoutLeavesNoConnectionOpen() {
		RawBackend only = start(this::headOnly);
		WeirServer weir = weir(PER_ATTEMPT, (exchange, chain) -> chain.filter(exchange).then(Mono.never()),
				ROUTE + WeirServer.pool("response-timeout: 200ms", backend("a", only.url())));
		assertThat(weir.chat().statusCode()).isEqualTo(504);
		awaitClosed(only);
	}

	@Test
	void aFilterThatCancelsOnAnotherThreadLeavesNoConnectionOpen() {
		RawBackend only = start(this::headOnly);
		WeirServer weir = weir(ReplyFilter.ORDER + 1,
				(exchange, chain) -> chain.filter(exchange).timeout(Duration.ofMillis(200)), ROUTE + pool(only));
		assertThat(weir.chat().statusCode()).isGreaterThanOrEqualTo(500);
		awaitClosed(only);
		awaitNothingInFlight(weir);
	}

	@Test
	void aFilterThatContinuesOnAnotherThreadComesBackToTheLoopOfTheRequest() {
		RawBackend first = start(THROTTLED);
		RawBackend second = start(SERVES);
		List<Boolean> current = new CopyOnWriteArrayList<>();
		WeirServer weir = WeirServer.start((context) -> {
			context.registerBean("delay", GlobalFilter.class, () -> new Filter(1,
					(exchange, chain) -> Mono.delay(Duration.ofMillis(5)).then(chain.filter(exchange))));
			context.registerBean("check", GlobalFilter.class, () -> new Filter(PER_ATTEMPT, (exchange, chain) -> {
				current.add(RequestContext.of(exchange).loop().isCurrent());
				return chain.filter(exchange);
			}));
		}, ROUTE + pool(first, second));
		this.open.add(weir);
		assertThat(weir.chat().statusCode()).isEqualTo(200);
		assertThat(current).containsExactly(true, true);
	}

	@Test
	void aFilterMaySendARequestToAnotherPool() {
		RawBackend routed = start(SERVES);
		RawBackend chosen = start(SERVES);
		WeirServer weir = WeirServer.start("""
				spring.cloud.gateway.server.webflux.routes:
				  - {id: r, uri: 'lb://routed', predicates: ['Path=/v1/**'], filters: ['SetRequestUri=lb://chosen']}
				  - {id: s, uri: 'http://127.0.0.1:1', predicates: ['Path=/other/**'],
				     filters: ['StripPrefix=1', 'SetRequestUri=lb://chosen']}
				weir.pools:
				  routed.backends: [%s]
				  chosen.backends: [%s]
				""".formatted("{name: a, url: '" + routed.url() + "'}", "{name: b, url: '" + chosen.url() + "'}"));
		this.open.add(weir);
		HttpResponse<String> response = weir.chat();
		assertThat(response.statusCode()).isEqualTo(200);
		assertThat(response.headers().firstValue("x-weir-backend")).contains("b");
		assertThat(routed.requests()).isEmpty();
		assertThat(weir.post("/other/v1/chat/completions", Bodies.CHAT).statusCode()).isEqualTo(200);
		assertThat(chosen.requests()).hasSize(2);
	}

	@Test
	void aFilterThatRefusesAnAttemptRepliesToTheClient() {
		RawBackend only = start(SERVES);
		WeirServer weir = weir(PER_ATTEMPT, (exchange, chain) -> {
			ServerHttpResponse response = exchange.getResponse();
			response.setStatusCode(HttpStatus.FORBIDDEN);
			response.getHeaders().set("x-policy", "closed");
			return response.setComplete();
		}, ROUTE + pool(only));
		HttpResponse<String> response = weir.chat();
		assertThat(response.statusCode()).isEqualTo(403);
		assertThat(response.headers().firstValue("x-policy")).contains("closed");
		assertThat(only.requests()).isEmpty();
		awaitNothingInFlight(weir);
	}

	@Test
	void aFilterThatRepliesInPlaceOfAResponseLeavesNoConnectionOpen() {
		RawBackend only = start(this::headOnly);
		WeirServer weir = weir(PER_ATTEMPT, (exchange, chain) -> chain.filter(exchange).then(Mono.defer(() -> {
			ServerHttpResponse response = exchange.getResponse();
			response.setStatusCode(HttpStatus.NOT_FOUND);
			response.getHeaders().setContentLength(4);
			return response
				.writeWith(Mono.just(response.bufferFactory().wrap("gone".getBytes(StandardCharsets.UTF_8))));
		})), ROUTE + pool(only));
		HttpResponse<String> response = weir.chat();
		assertThat(response.statusCode()).isEqualTo(404);
		assertThat(response.body()).isEqualTo("gone");
		awaitClosed(only);
		awaitNothingInFlight(weir);
	}

	@Test
	void aFilterMayReplyMoreSlowlyThanABackendMayRespond() {
		RawBackend only = start(SERVES);
		WeirServer weir = weir(PER_ATTEMPT, (exchange, chain) -> {
			ServerHttpResponse response = exchange.getResponse();
			response.setStatusCode(HttpStatus.ACCEPTED);
			return response.writeWith(Mono.delay(Duration.ofMillis(400))
				.map((over) -> response.bufferFactory().wrap("slow".getBytes(StandardCharsets.UTF_8))));
		}, ROUTE + WeirServer.pool("response-timeout: 200ms", backend("a", only.url())));
		HttpResponse<String> response = weir.chat();
		assertThat(response.statusCode()).isEqualTo(202);
		assertThat(response.body()).isEqualTo("slow");
	}

	@Test
	void aReplyOfAFilterThatBreaksOffIsNotRetried() {
		RawBackend first = start(SERVES);
		RawBackend second = start(SERVES);
		AtomicInteger attempts = new AtomicInteger();
		WeirServer weir = weir(PER_ATTEMPT, (exchange, chain) -> {
			attempts.incrementAndGet();
			ServerHttpResponse response = exchange.getResponse();
			return response.writeWith(Flux.just(response.bufferFactory().wrap("part".getBytes(StandardCharsets.UTF_8)))
				.concatWith(Flux.error(new IllegalStateException("broken filter"))));
		}, ROUTE + pool(first, second));
		assertThatThrownBy(weir::chat).isInstanceOf(UncheckedIOException.class);
		assertThat(attempts).hasValue(1);
		awaitNothingInFlight(weir);
	}

	@Test
	void onlyTheAttemptThatServesSetsCookiesAndActionsBeforeTheCommit() {
		RawBackend first = start(THROTTLED);
		RawBackend second = start(SERVES);
		AtomicInteger attempts = new AtomicInteger();
		List<Integer> actions = new CopyOnWriteArrayList<>();
		WeirServer weir = weir(PER_ATTEMPT, (exchange, chain) -> {
			int attempt = attempts.incrementAndGet();
			exchange.getResponse().addCookie(ResponseCookie.from("attempt", String.valueOf(attempt)).build());
			exchange.getResponse().beforeCommit(() -> Mono.fromRunnable(() -> actions.add(attempt)));
			return chain.filter(exchange);
		}, ROUTE + pool(first, second));
		HttpResponse<String> response = weir.chat();
		assertThat(response.statusCode()).isEqualTo(200);
		assertThat(response.headers().allValues("set-cookie")).containsExactly("attempt=2");
		assertThat(actions).containsExactly(2);
	}

	@Test
	void aStatusThatAFilterSetsForAnAttemptDecidesAboutFailover() {
		RawBackend first = start(Scripts.responding("200 OK", Bodies.AZURE_THROTTLED, "x-busy: yes"));
		RawBackend second = start(SERVES);
		WeirServer weir = weir(PER_ATTEMPT,
				(exchange, chain) -> chain.filter(exchange)
					.then(Mono.fromRunnable(() -> exchange.getResponse().setStatusCode(HttpStatus.NOT_ACCEPTABLE))),
				ROUTE + pool(first, second));
		assertThat(weir.chat().statusCode()).isEqualTo(406);
	}

	/** Sends a head and a part of the body, and counts the end of the connection. */
	private void headOnly(RawBackend.Call call) throws java.io.IOException {
		call.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{");
		call.awaitClose();
		this.closed.incrementAndGet();
	}

	private void awaitClosed(RawBackend backend) {
		await().atMost(Duration.ofSeconds(5))
			.untilAsserted(() -> assertThat(this.closed.get()).isEqualTo(backend.requests().size()).isPositive());
	}

	private static void awaitNothingInFlight(WeirServer weir) {
		await().atMost(Duration.ofSeconds(5))
			.untilAsserted(() -> assertThat(weir.get("/actuator/backends").body()).contains("\"inFlight\":0")
				.doesNotContain("\"inFlight\":1"));
	}

	private RawBackend start(RawBackend.Script script) {
		RawBackend backend = RawBackend.start(script);
		this.open.add(backend);
		return backend;
	}

	private static String pool(RawBackend... backends) {
		String[] described = new String[backends.length];
		for (int i = 0; i < backends.length; i++) {
			described[i] = backend(String.valueOf((char) ('a' + i)), backends[i].url(), "priority: " + (i + 1));
		}
		return WeirServer.pool("max-wait: 0s", described);
	}

	private WeirServer weir(int order, BiFunction<ServerWebExchange, GatewayFilterChain, Mono<Void>> filter,
			String yaml) {
		WeirServer weir = WeirServer
			.start((context) -> context.registerBean(GlobalFilter.class, () -> new Filter(order, filter)), yaml);
		this.open.add(0, weir);
		return weir;
	}

	private record Filter(int order,
			BiFunction<ServerWebExchange, GatewayFilterChain, Mono<Void>> function) implements GlobalFilter, Ordered {

		@Override
		public int getOrder() {
			return this.order;
		}

		@Override
		public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
			return this.function.apply(exchange, chain);
		}

	}

}
