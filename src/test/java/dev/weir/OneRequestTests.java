package dev.weir;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

import com.jayway.jsonpath.JsonPath;
import io.micrometer.core.instrument.MeterRegistry;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

import dev.weir.backend.Attempt;
import dev.weir.backend.Outcome;
import dev.weir.openai.stream.Usage;
import dev.weir.request.RequestContext;
import dev.weir.request.RequestListener;
import dev.weir.request.RequestSummary;
import dev.weir.testing.LoggedOutput;
import dev.weir.testing.RawBackend;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.Scripts.responding;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The story of one request, from the socket of its client to the metrics. A client sends
 * a streamed chat in Azure's classic dialect. The first backend responds with 429, so the
 * second one serves the request. Each test looks at one stage, in order;
 * {@code docs/architecture.md} has the picture.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class OneRequestTests {

	private static final String REQUEST = """
			{"stream":true,"model":"ignored, the path has one","messages":[{"role":"user","content":"hi"}]}""";

	private static final List<String> EVENTS = List.of(
			"data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
			"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"}}]}\n\n",
			"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
			"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":8,\"completion_tokens\":2}}\n\n", "data: [DONE]\n\n");

	private static final List<String> stages = new CopyOnWriteArrayList<>();

	private static final Set<String> threads = ConcurrentHashMap.newKeySet();

	private static RawBackend first;

	private static RawBackend second;

	private static LoggedOutput log;

	private static WeirServer weir;

	private static HttpResponse<String> reply;

	@BeforeAll
	static void sendOneRequest() {
		first = RawBackend.start(responding("429 Too Many Requests",
				"{\"error\":{\"code\":\"429\",\"message\":\"Please retry after 7 seconds.\"}}", "retry-after: 7"));
		second = RawBackend.start((call) -> {
			call.beginEvents();
			for (String event : EVENTS) {
				call.chunk(event);
			}
			call.endChunks();
		});
		log = LoggedOutput.start();
		weir = WeirServer.start(OneRequestTests::addObservers, """
				weir:
				  pools:
				    openai:
				      backends:
				        - {name: east, url: '%s', api-key: key-of-east, dialect: azure, models: {gpt-4o: my-gpt-4o}}
				        - {name: local, url: '%s/v1', api-key: key-of-local, dialect: openai, priority: 2,
				           models: {gpt-4o: meta-llama/Llama-3.3-70B}}
				""".formatted(first.url(), second.url()));
		reply = weir.post("/openai//deployments/gpt-4o/chat/completions?api-version=2024-10-21", REQUEST, "api-key",
				"key-of-the-client", "x-custom", "1");
		await().until(() -> stages.contains("request ended with 200"));
	}

	/** Additions of a user: global filters at three places, and a listener. */
	private static void addObservers(GenericApplicationContext context) {
		context.registerBean("early", GlobalFilter.class,
				() -> new ObservingFilter(0, "filter of the user, before the call is read"));
		context.registerBean("late", GlobalFilter.class,
				() -> new ObservingFilter(10148, "filter of the user, before failover"));
		context.registerBean("attempt", GlobalFilter.class,
				() -> new ObservingFilter(10200, "filter of the user, attempt"));
		context.registerBean(RequestListener.class, ObservingListener::new);
	}

	@AfterAll
	static void stop() {
		weir.close();
		log.close();
		first.close();
		second.close();
	}

	@Test
	@Order(1)
	void theRequestPassesAllStagesInOrder() {
		assertThat(stages).containsExactly(
				// in: once for the request
				"filter of the user, before the call is read: in", "filter of the user, before failover: in",
				// the loop: filters after FailoverFilter run once for each attempt
				"filter of the user, attempt: in", "filter of the user, attempt: out",
				"attempt on east ended as throttled", "filter of the user, attempt: in",
				"filter of the user, attempt: out",
				// out: the head of the reply is known, nothing is written yet
				"filter of the user, before failover: out", "filter of the user, before the call is read: out",
				// ReplyFilter relays the body to its end
				"local used 8 and 2 tokens", "attempt on local ended as served", "request ended with 200");
	}

	@Test
	@Order(2)
	void everyStageRunsOnTheEventLoopOfTheClientsConnection() {
		assertThat(threads).hasSize(1).allMatch((name) -> name.startsWith("reactor-http"));
	}

	@Test
	@Order(3)
	void theFirstBackendGetsTheRequestInItsDialectWithItsCredential() {
		// EntryFilter and IncomingRequestFilter have normalized the path,
		// ReadCallFilter has read the model, LaneLoadBalancer has chosen the tier of
		// priority 1
		assertThat(first.requests()).singleElement()
			.asString()
			.startsWith("POST /openai/deployments/my-gpt-4o/chat/completions?api-version=2024-10-21 HTTP/1.1\r\n")
			.contains("api-key: key-of-east\r\n")
			.doesNotContain("key-of-the-client", "x-custom")
			.endsWith(REQUEST);
	}

	@Test
	@Order(4)
	void theSecondBackendGetsTheSameRequestInItsOwnDialect() {
		// the model moves from the path to the body; nothing of the first attempt is left
		assertThat(second.requests()).singleElement()
			.asString()
			.startsWith("POST /v1/chat/completions HTTP/1.1\r\n")
			.containsIgnoringCase("authorization: Bearer key-of-local\r\n")
			.doesNotContain("key-of-east", "key-of-the-client", "x-custom", "my-gpt-4o")
			.endsWith(REQUEST.replace("ignored, the path has one", "meta-llama/Llama-3.3-70B"));
	}

	@Test
	@Order(5)
	void theHeadOfTheReplyNamesTheBackendThatServed() {
		assertThat(reply.statusCode()).isEqualTo(200);
		assertThat(reply.headers().map()).containsEntry("x-weir-backend", List.of("local"))
			.containsEntry("x-weir-attempts", List.of("2"))
			.containsEntry("content-type", List.of("text/event-stream"))
			.containsKey("x-weir-request-id")
			// the client sees nothing of the 429
			.doesNotContainKey("retry-after");
	}

	@Test
	@Order(6)
	void theBodyOfTheReplyHasTheEventsOfTheSecondBackendUnchanged() {
		assertThat(reply.body()).isEqualTo(String.join("", EVENTS));
	}

	@Test
	@Order(7)
	void theLogHasOneLineForEachAttemptWithTheIdOfTheReply() {
		String id = reply.headers().firstValue("x-weir-request-id").orElseThrow();
		List<String> lines = new ArrayList<>();
		await().untilAsserted(() -> {
			lines.clear();
			log.text().lines().filter((line) -> line.contains("[" + id + "]")).forEach(lines::add);
			assertThat(lines).hasSize(2);
		});
		assertThat(lines.get(0)).contains("BackendRequestFilter", "/openai/deployments/my-gpt-4o/chat/completions",
				"(east, attempt 1)");
		assertThat(lines.get(1)).contains("BackendRequestFilter", "/v1/chat/completions",
				"(local, attempt 2, after 429");
	}

	@Test
	@Order(8)
	void theLaneOfTheFirstBackendIsInCooldown() {
		Map<String, Object> east = JsonPath.read(weir.get("/actuator/backends/east").body(), "$.lanes[0]");
		assertThat(east).containsEntry("model", "gpt-4o")
			.containsEntry("available", false)
			.extracting("counts")
			.asString()
			.contains("throttled=1", "served=0");
		assertThat((Integer) east.get("cooldownRemainingMillis")).isBetween(1, 7000);
		Map<String, Object> local = JsonPath.read(weir.get("/actuator/backends/local").body(), "$.lanes[0]");
		assertThat(local).containsEntry("available", true)
			.extracting("counts")
			.asString()
			.contains("inFlight=0", "served=1");
	}

	@Test
	@Order(9)
	void theMetricsCountOneRequestAndTwoAttempts() {
		MeterRegistry registry = weir.beans(MeterRegistry.class).values().iterator().next();
		assertThat(registry.get("weir.requests").tags("pool", "openai", "status", "200").timer().count()).isEqualTo(1);
		assertThat(registry.get("weir.attempts").tags("backend", "east", "outcome", "throttled").timer().count())
			.isEqualTo(1);
		assertThat(registry.get("weir.attempts").tags("backend", "local", "outcome", "served").timer().count())
			.isEqualTo(1);
		assertThat(registry.get("gen_ai.client.token.usage")
			.tags("backend", "local", "gen_ai.token.type", "output")
			.summary()
			.totalAmount()).isEqualTo(2);
	}

	private static void record(String stage) {
		stages.add(stage);
		threads.add(Thread.currentThread().getName());
	}

	private record ObservingFilter(int order, String name) implements GlobalFilter, Ordered {

		@Override
		public int getOrder() {
			return this.order;
		}

		@Override
		public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
			record(this.name + ": in");
			return chain.filter(exchange).doOnSuccess((done) -> record(this.name + ": out"));
		}

	}

	private static final class ObservingListener implements RequestListener {

		@Override
		public void onAttemptEnd(RequestContext context, Attempt attempt, Outcome outcome, Duration duration) {
			record("attempt on " + attempt.lane().backend().name() + " ended as " + outcome.label());
		}

		@Override
		public void onUsage(RequestContext context, Attempt attempt, Usage usage) {
			record(attempt.lane().backend().name() + " used " + usage.inputTokens() + " and " + usage.outputTokens()
					+ " tokens");
		}

		@Override
		public void onEnd(RequestContext context, RequestSummary summary) {
			record("request ended with " + summary.status());
		}

	}

}
