package dev.weir.faults;

import java.net.URI;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import com.jayway.jsonpath.JsonPath;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

import dev.weir.testing.Bodies;
import dev.weir.testing.ClosedPort;
import dev.weir.testing.DeafPort;
import dev.weir.testing.LaneFigures;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.ReplyAssertions.assertNoSecret;
import static dev.weir.testing.ReplyAssertions.assertServedBy;
import static dev.weir.testing.Scripts.SERVES;
import static dev.weir.testing.Scripts.responding;
import static dev.weir.testing.WeirServer.backend;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Backends that are unreachable, flapping, or all failing at once.
 */
class OutageFaultTests {

	private static final String BREAKER = "--resilience4j.circuitbreaker.configs.default.";

	private static final String NEVER_OPENS = BREAKER + "minimum-number-of-calls=10000";

	private static final String LONG_WINDOW = BREAKER + "sliding-window-size=10000";

	private static final String PAGE = "<html><body>502 Bad Gateway</body></html>";

	private static final String SPEAKING = "{\"error\":{\"message\":\"The engine is overloaded.\",\"type\":\"server_error\","
			+ "\"param\":null,\"code\":\"overloaded\"}}";

	@AutoClose
	private final OpenResources open = new OpenResources();

	@Test
	void b01ARefusedConnectionGoesToTheNextLaneAtOnceAndTheBreakerOpensAfterTheConfiguredFailures() {
		RawBackend second = this.open.backend(SERVES);
		WeirServer weir = weir(List.of(BREAKER + "minimum-number-of-calls=3", BREAKER + "sliding-window-size=3"), "",
				backend("a", closedPort()), backend("b", second.url(), "priority: 2"));
		// the first request loads classes, so the fastest one is measured
		assertThat(quickest(3, () -> assertServedBy(weir.chat(), "b", 2))).isLessThan(Duration.ofMillis(500));
		IntStream.range(0, 10).forEach((i) -> assertServedBy(weir.chat(), "b", 1));
		LaneFigures.await(weir, "a", new LaneFigures(0, 3, 0, 3, 3));
		LaneFigures.await(weir, "b", new LaneFigures(0, 13, 13, 0, 0));
		assertThat(second.requests()).hasSize(13);
		assertThat(health(weir, "a")).contains("\"status\":\"BREAKER_OPEN\"").doesNotContain("key-of-");
	}

	@Test
	void b02AfterTheConnectTimeoutTheNextLaneServes() {
		DeafPort deaf = this.open.add(DeafPort.open());
		RawBackend second = this.open.backend(SERVES);
		WeirServer weir = weir(List.of(), "connect-timeout: 300ms", backend("a", deaf.url()),
				backend("b", second.url(), "priority: 2"));
		assertThat(quickest(3, () -> assertServedBy(weir.chat(), "b", 2))).isBetween(Duration.ofMillis(300),
				Duration.ofMillis(1900));
		LaneFigures.await(weir, "a", new LaneFigures(0, 3, 0, 3, 3));
		assertThat(second.requests()).hasSize(3);
	}

	@Test
	void b02AnUnreachableBackendTakesARetryFromTheBudget() {
		DeafPort deaf = this.open.add(DeafPort.open());
		RawBackend second = this.open.backend(SERVES);
		WeirServer weir = weir(List.of(), "connect-timeout: 300ms, retry-budget: {percent: 0, min-per-second: 0}",
				backend("a", deaf.url()), backend("b", second.url(), "priority: 2"));
		HttpResponse<String> response = weir.chat();
		assertThat(response.statusCode()).isEqualTo(502);
		assertThat(response.body()).contains("\"code\":\"bad_gateway\"", "One backend of pool openai was tried");
		assertNoSecret(response);
		assertThat(second.requests()).isEmpty();
	}

	@Test
	void b19AFlappingBackendTakesFewAttemptsAndItsBreakerOpensAndClosesAgain() {
		int period = 15;
		AtomicInteger calls = new AtomicInteger();
		RawBackend first = this.open.backend((call) -> {
			if (calls.getAndIncrement() / period % 2 == 1) {
				call.respond("503 Service Unavailable", SPEAKING);
			}
			else {
				call.respond("200 OK", Bodies.COMPLETION);
			}
		});
		RawBackend second = this.open.backend(SERVES);
		WeirServer weir = weir(
				List.of(BREAKER + "sliding-window-size=6", BREAKER + "minimum-number-of-calls=3",
						BREAKER + "wait-duration-in-open-state=300ms"),
				"", backend("a", first.url()), backend("b", second.url(), "priority: 2"));
		List<String> states = new ArrayList<>();
		int attempts = 0;
		int requests = 0;
		// more than 300 if the backend has not yet had a failing and a good period
		while (requests < 300 || calls.get() < 3 * period) {
			HttpResponse<String> response = weir.chat();
			assertThat(response.statusCode()).isEqualTo(200);
			attempts += Integer.parseInt(response.headers().firstValue("x-weir-attempts").orElse(""));
			requests++;
			String state = JsonPath.read(health(weir, "a"), "$.details.state");
			if (states.isEmpty() || !states.get(states.size() - 1).equals(state)) {
				states.add(state);
			}
		}
		assertThat(attempts).isEqualTo(first.requests().size() + second.requests().size());
		assertThat((double) attempts / requests).isBetween(1.0, 1.2);
		assertThat(states).startsWith("AVAILABLE", "BREAKER_OPEN");
		first.script(SERVES);
		await().atMost(Duration.ofSeconds(10)).until(() -> {
			assertThat(weir.chat().statusCode()).isEqualTo(200);
			return health(weir, "a").contains("\"state\":\"AVAILABLE\"");
		});
		assertServedBy(weir.chat(), "a", 1);
	}

	@Test
	void b20IfEveryBackendFailsAttemptsStayInsideTheRetryBudget() {
		List<RawBackend> backends = IntStream.range(0, 3)
			.mapToObj((i) -> this.open.backend(responding("503 Service Unavailable", SPEAKING)))
			.toList();
		WeirServer weir = weir(List.of(NEVER_OPENS, LONG_WINDOW), "retry-budget: {percent: 20, min-per-second: 0}",
				backend("a", backends.get(0).url()), backend("b", backends.get(1).url()),
				backend("c", backends.get(2).url()));
		int attempts = 0;
		for (int i = 0; i < 100; i++) {
			HttpResponse<String> response = weir.chat();
			assertThat(response.statusCode()).isEqualTo(503);
			assertThat(response.body()).isEqualTo(SPEAKING);
			assertNoSecret(response);
			attempts += Integer.parseInt(response.headers().firstValue("x-weir-attempts").orElse(""));
		}
		assertThat(attempts).isBetween(105, 120);
		assertThat(backends.stream().mapToInt((it) -> it.requests().size()).sum()).isEqualTo(attempts);
		backends.forEach((it) -> it.script(SERVES));
		assertThat(weir.chat().statusCode()).isEqualTo(200);
	}

	@Test
	void b20AnErrorWithAReasonIsPreferredToAnErrorPage() {
		RawBackend first = this.open.backend(responding("502 Bad Gateway", PAGE, "content-type: text/html"));
		RawBackend second = this.open.backend(responding("500 Internal Server Error", SPEAKING));
		RawBackend third = this.open.backend(responding("504 Gateway Timeout", PAGE, "content-type: text/html"));
		WeirServer weir = weir(List.of(NEVER_OPENS, LONG_WINDOW), "", backend("a", first.url()),
				backend("b", second.url(), "priority: 2"), backend("c", third.url(), "priority: 3"));
		HttpResponse<String> response = weir.chat();
		assertThat(response.statusCode()).isEqualTo(500);
		assertThat(response.body()).isEqualTo(SPEAKING);
		assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
		assertThat(response.headers().firstValue("x-weir-backend")).hasValue("b");
		assertThat(response.headers().firstValue("x-weir-attempts")).hasValue("3");
		second.script(RawBackend.Call::reset);
		response = weir.chat();
		assertThat(response.statusCode()).isEqualTo(504);
		assertThat(response.body()).isEqualTo(PAGE);
		assertThat(response.headers().firstValue("x-weir-backend")).hasValue("c");
	}

	@Test
	void b20WithoutAnyResponseWeirWritesTheReply() {
		RawBackend first = this.open.backend(RawBackend.Call::reset);
		RawBackend second = this.open.backend(RawBackend.Call::reset);
		WeirServer weir = weir(List.of(BREAKER + "minimum-number-of-calls=2"), "response-timeout: 300ms",
				backend("a", first.url()), backend("b", second.url(), "priority: 2"));
		assertOwn(weir.chat(), 502, "bad_gateway", "2");
		first.script(RawBackend.Call::awaitClose);
		second.script(RawBackend.Call::awaitClose);
		HttpResponse<String> silent = weir.chat();
		assertOwn(silent, 504, "timeout", "2");
		assertThat(silent.body()).contains("There was no response within 300 ms (weir.pools.openai.response-timeout).");
		// both breakers are open now
		assertOwn(weir.chat(), 503, "service_unavailable", "0");
		assertThat(first.requests()).hasSize(2);
		assertThat(second.requests()).hasSize(2);
	}

	private static void assertOwn(HttpResponse<String> response, int status, String code, String attempts) {
		assertThat(response.statusCode()).isEqualTo(status);
		assertThat(response.body()).contains("\"code\":\"" + code + "\"", "\"message\":\"",
				"\"type\":\"server_error\"");
		assertThat(response.headers().firstValue("x-weir-attempts")).hasValue(attempts);
		assertThat(response.headers().firstValue("retry-after")).isPresent();
		assertNoSecret(response);
	}

	private static String health(WeirServer weir, String backend) {
		return weir.get("/actuator/health/backends/" + backend).body();
	}

	private static Duration quickest(int times, Runnable call) {
		return IntStream.range(0, times).mapToObj((i) -> {
			long begin = System.nanoTime();
			call.run();
			return Duration.ofNanos(System.nanoTime() - begin);
		}).min(Duration::compareTo).orElseThrow();
	}

	private WeirServer weir(List<String> arguments, String settings, String... backends) {
		WeirServer weir = WeirServer.start(WeirServer.pool(settings, backends), arguments.toArray(String[]::new));
		this.open.add(weir);
		return weir;
	}

	private URI closedPort() {
		ClosedPort port = ClosedPort.hold();
		this.open.add(port);
		return port.url();
	}

}
