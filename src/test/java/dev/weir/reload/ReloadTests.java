package dev.weir.reload;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import io.micrometer.core.instrument.MeterRegistry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cloud.gateway.event.RefreshRoutesEvent;
import org.springframework.cloud.gateway.filter.NettyRoutingFilter;
import org.springframework.cloud.loadbalancer.support.LoadBalancerClientFactory;
import org.springframework.test.util.ReflectionTestUtils;
import org.springframework.util.StringUtils;

import dev.weir.backend.Pools;
import dev.weir.config.LiveConfiguration;
import dev.weir.gateway.LiveRoutes;
import dev.weir.testing.Bodies;
import dev.weir.testing.DeafPort;
import dev.weir.testing.LaneFigures;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.RawReply;
import dev.weir.testing.Scripts;
import dev.weir.testing.Signal;
import dev.weir.testing.StreamEvents;
import dev.weir.testing.TestAuthority;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.WeirServer.backend;
import static dev.weir.testing.WeirServer.pool;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The effect of a changed configuration on requests and on the state of backends. The
 * causes of a reload are in {@link ConfigurationWatchTests}.
 */
@ExtendWith(OutputCaptureExtension.class)
class ReloadTests {

	private final OpenResources resources = new OpenResources();

	private final RawBackend first = this.resources.backend(Scripts.SERVES);

	private final RawBackend second = this.resources.backend(Scripts.SERVES);

	@AfterEach
	void close() {
		this.resources.close();
	}

	private ReloadableWeir start(String yaml, String... arguments) {
		return this.resources.add(ReloadableWeir.start(yaml, arguments));
	}

	private String firstBackend(String... settings) {
		return backend("one", this.first.url(), settings);
	}

	private String secondBackend(String... settings) {
		return backend("two", this.second.url(), settings);
	}

	private static String servedBy(HttpResponse<String> reply) {
		return reply.statusCode() + " " + reply.headers().firstValue("x-weir-backend").orElse("none");
	}

	@Test
	void aNewRequestUsesTheNewBackends(CapturedOutput output) {
		ReloadableWeir weir = start(pool("", firstBackend()));
		assertThat(servedBy(weir.server().chat())).isEqualTo("200 one");
		assertThat(weir.change(pool("", secondBackend())).problem()).isNull();
		assertThat(servedBy(weir.server().chat())).isEqualTo("200 two");
		assertThat(output).contains("Configuration reloaded after a test: backend one removed; backend two added");
	}

	@Test
	void theLogDescribesEachChangeAndNeverShowsASecret(CapturedOutput output) {
		ReloadableWeir weir = start(pool("", firstBackend("weight: 1"), secondBackend()));
		weir.change(pool("max-wait: 2s, cooldown: {default: 7s}", firstBackend("weight: 3", "models: {gpt-4o: d1}"),
				secondBackend().replace("key-of-two", "another-secret")));
		assertThat(output).contains("pool openai: max-wait 1 s → 2 s")
			.contains("pool openai: cooldown.default")
			.contains("backend one: weight 1 → 3")
			.contains("backend one: models none → {gpt-4o: d1}")
			.contains("backend two: api-key changed")
			.doesNotContain("another-secret")
			.doesNotContain("key-of-two");
	}

	@Test
	void w04AStreamFromARemovedBackendEndsWholeAndThenTheBackendIsGone() {
		Signal finish = new Signal();
		this.first.script((call) -> {
			call.beginEvents();
			call.chunk(StreamEvents.ROLE + StreamEvents.CONTENT);
			finish.await();
			call.chunk(StreamEvents.FINISH + StreamEvents.DONE);
			call.endChunks();
		});
		ReloadableWeir weir = start(pool("", firstBackend()));
		MeterRegistry meters = weir.server().bean(MeterRegistry.class);
		try (RawClient client = RawClient.of(weir.server())) {
			client.post("/v1/chat/completions", "{\"model\":\"gpt-4o\",\"stream\":true,\"messages\":[]}");
			client.readUntil("hello");
			weir.change(pool("", secondBackend()));
			weir.server().bean(Reload.class).releaseRemoved();
			assertThat(meters.find("weir.backend.in.flight").tag("backend", "one").gauge().value()).isEqualTo(1);
			assertDraining(weir, "{\"pool\":\"openai\",\"name\":\"one\",\"url\":\"" + this.first.url()
					+ "\",\"dialect\":\"AZURE\",\"inFlight\":1,\"state\":\"DRAINING\",");
			assertThat(weir.server().get("/actuator/health/pools/openai").body()).contains("\"draining\":{\"one\":1}");
			finish.send();
			assertThat(client.readUntil("[DONE]")).contains("stop");
		}
		await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
			weir.server().bean(Reload.class).releaseRemoved();
			assertThat(meters.getMeters()).noneMatch((meter) -> "one".equals(meter.getId().getTag("backend"))
					|| "one".equals(meter.getId().getTag("name")));
			assertThat(weir.server().bean(CircuitBreakerRegistry.class).find("one")).isEmpty();
		});
		assertThat(servedBy(weir.server().chat())).isEqualTo("200 two");
		assertThat(weir.server().get("/actuator/backends").body()).doesNotContain("draining", "DRAINING");
		assertThat(weir.server().get("/actuator/health/pools/openai").body()).doesNotContain("draining");
		assertThat(weir.server().get("/actuator/backends/one").statusCode()).isEqualTo(404);
	}

	private static void assertDraining(ReloadableWeir weir, String report) {
		assertThat(weir.server().get("/actuator/backends").body()).contains("\"draining\":[" + report);
		assertThat(weir.server().get("/actuator/backends/one").body()).startsWith(report);
	}

	@Test
	void w04TheCooldownOfALaneOutlivesAReload() {
		this.first.script(Scripts.THROTTLED);
		ReloadableWeir weir = start(pool("", firstBackend(), secondBackend("priority: 2")));
		assertThat(servedBy(weir.server().chat())).isEqualTo("200 two");
		int calls = this.first.requests().size();
		weir.change(pool("", firstBackend("weight: 2"), secondBackend("priority: 2")));
		assertThat(servedBy(weir.server().chat())).isEqualTo("200 two");
		assertThat(this.first.requests()).hasSize(calls);
		assertThat(weir.server().get("/actuator/backends/one").body()).contains("\"weight\":2", "throttled");
	}

	@Test
	void aBackendWithAnotherUrlIsANewBackend() {
		this.first.script(Scripts.THROTTLED);
		ReloadableWeir weir = start(pool("max-wait: 0s", firstBackend()));
		assertThat(weir.server().chat().statusCode()).isEqualTo(429);
		weir.change(pool("max-wait: 0s", backend("one", this.second.url())));
		assertThat(servedBy(weir.server().chat())).isEqualTo("200 one");
		assertThat(weir.server().bean(CircuitBreakerRegistry.class).circuitBreaker("one"))
			.isSameAs(weir.server().bean(Pools.class).get("openai").backend("one").breaker());
	}

	@Test
	void anOpenCircuitBreakerStaysOpenUnlessItsSettingsSayOtherwise() {
		ReloadableWeir weir = start(pool("", firstBackend(), secondBackend()));
		weir.server().bean(CircuitBreakerRegistry.class).circuitBreaker("one").transitionToOpenState();
		weir.change(pool("", firstBackend("weight: 5"), secondBackend()));
		CircuitBreaker kept = breaker(weir, "one");
		assertThat(kept.getState()).isEqualTo(CircuitBreaker.State.OPEN);
		weir.change(pool("", firstBackend("weight: 5"), secondBackend())
				+ "resilience4j.circuitbreaker.instances.one.sliding-window-size: 7\n");
		CircuitBreaker replaced = breaker(weir, "one");
		assertThat(replaced).isNotSameAs(kept);
		assertThat(replaced.getState()).isEqualTo(CircuitBreaker.State.OPEN);
		assertThat(replaced.getCircuitBreakerConfig().getSlidingWindowSize()).isEqualTo(7);
		assertThat(replaced.getCircuitBreakerConfig().getMinimumNumberOfCalls()).isEqualTo(5);
		assertThat(breaker(weir, "two").getCircuitBreakerConfig().getSlidingWindowSize()).isEqualTo(20);
	}

	private static CircuitBreaker breaker(ReloadableWeir weir, String name) {
		return weir.server().bean(CircuitBreakerRegistry.class).circuitBreaker(name);
	}

	@Test
	void aChangedKeyEndsTheCooldownOfABackendThatRefusedTheOldOne() {
		this.first.script((call) -> {
			if (call.request().contains("key-of-one")) {
				call.respond("401 Unauthorized",
						"{\"error\":{\"code\":\"401\",\"message\":\"Access denied due to invalid subscription key or wrong API endpoint.\"}}");
			}
			else {
				Scripts.SERVES.run(call);
			}
		});
		ReloadableWeir weir = start(pool("", firstBackend(), secondBackend("priority: 2")));
		assertThat(servedBy(weir.server().chat())).isEqualTo("200 two");
		assertThat(weir.server().get("/actuator/backends/one").body()).contains("DENIED");
		weir.change(pool("", firstBackend().replace("key-of-one", "right-key"), secondBackend("priority: 2")));
		assertThat(weir.server().get("/actuator/backends/one").body()).doesNotContain("DENIED");
		assertThat(servedBy(weir.server().chat())).isEqualTo("200 one");
	}

	@Test
	void theRefusalOfAnOldKeyDoesNotAffectANewOne() throws InterruptedException {
		Signal arrived = new Signal();
		Signal refuse = new Signal();
		this.first.script((call) -> {
			if (call.request().contains("key-of-one")) {
				arrived.send();
				refuse.await();
				call.respond("401 Unauthorized",
						"{\"error\":{\"code\":\"401\",\"message\":\"Access denied due to invalid subscription key or wrong API endpoint.\"}}");
			}
			else {
				Scripts.SERVES.run(call);
			}
		});
		ReloadableWeir weir = start(pool("", firstBackend(), secondBackend("priority: 2")));
		try (RawClient client = RawClient.of(weir.server())) {
			client.post("/v1/chat/completions", Bodies.CHAT);
			arrived.await();
			weir.change(pool("", firstBackend().replace("key-of-one", "right-key"), secondBackend("priority: 2")));
			refuse.send();
			assertThat(client.readReply().headers().get("x-weir-backend")).containsExactly("two");
		}
		assertThat(weir.server().get("/actuator/backends/one").body()).doesNotContain("DENIED");
		assertThat(servedBy(weir.server().chat())).isEqualTo("200 one");
	}

	@Test
	void w04AWaitingRequestMovesToTheNewConfigurationUnlessItHasMadeAnAttempt() {
		Signal release = new Signal();
		RawBackend third = this.resources.backend(Scripts.SERVES);
		this.first.script(Scripts.THROTTLED);
		this.second.script((call) -> {
			release.await();
			Scripts.SERVES.run(call);
		});
		String before = firstBackend("models: {gpt-4o: gpt-4o}");
		String full = secondBackend("priority: 2", "max-concurrent: 1");
		ReloadableWeir weir = start(pool("max-wait: 20s", before, full));
		try (RawClient holder = RawClient.of(weir.server());
				RawClient stays = RawClient.of(weir.server());
				RawClient moves = RawClient.of(weir.server())) {
			holder.post("/v1/chat/completions", Bodies.CHAT.replace("gpt-4o", "other"));
			await().atMost(Duration.ofSeconds(10)).until(() -> !this.second.requests().isEmpty());
			stays.post("/v1/chat/completions", Bodies.CHAT);
			awaitWaiting(weir, 1);
			moves.post("/v1/chat/completions", Bodies.CHAT);
			awaitWaiting(weir, 2);
			weir.change(pool("max-wait: 20s", before, full, backend("three", third.url(), "priority: 3")));
			assertThat(moves.readReply().headers().get("x-weir-backend")).containsExactly("three");
			awaitWaiting(weir, 1);
			release.send();
			release.send();
			assertThat(holder.readReply().headers().get("x-weir-backend")).containsExactly("two");
			assertThat(stays.readReply().headers().get("x-weir-backend")).containsExactly("two");
		}
	}

	@Test
	void aPartOfAMergedListStaysWithTheConfigurationOfTheOthers() {
		RawBackend third = this.resources.backend(list("c"));
		this.first.script(list("a"));
		this.second.script((call) -> {
			this.second.script(list("b"));
			call.respond("429 Too Many Requests", "{}", "retry-after-ms: 1500");
		});
		ReloadableWeir weir = start(pool("max-wait: 20s", firstBackend(), secondBackend()));
		try (RawClient client = RawClient.of(weir.server())) {
			client.write("GET /v1/batches HTTP/1.1\r\nhost: weir\r\n\r\n");
			awaitWaiting(weir, 1);
			weir.change(pool("max-wait: 20s", firstBackend(), backend("three", third.url())));
			RawReply reply = client.readReply();
			assertThat(reply.headers().get("x-weir-backend")).containsExactly("one,two");
			assertThat(reply.text()).contains("\"id\":\"a\"", "\"id\":\"b\"");
		}
	}

	private static RawBackend.Script list(String id) {
		return Scripts.responding("200 OK",
				"{\"object\":\"list\",\"data\":[{\"id\":\"" + id + "\",\"created_at\":1}],\"has_more\":false}");
	}

	@Test
	void theMetersOfABackendWhoseUrlChangesGoOn() {
		ReloadableWeir weir = start(pool("", firstBackend()));
		weir.server().chat();
		weir.change(pool("", backend("one", this.second.url())));
		weir.server().bean(Reload.class).releaseRemoved();
		weir.server().chat();
		MeterRegistry meters = weir.server().bean(MeterRegistry.class);
		assertThat(meters.get("weir.backend.available").tag("backend", "one").gauge().value()).isEqualTo(1);
		assertThat(meters.get("weir.attempts").tag("backend", "one").tag("outcome", "served").timer().count())
			.isEqualTo(2);
	}

	private static void awaitWaiting(ReloadableWeir weir, int count) {
		await().atMost(Duration.ofSeconds(10))
			.until(() -> weir.server().bean(MeterRegistry.class).get("weir.pool.waiting").gauge().value() == count);
	}

	@Test
	void w03InvalidSettingsChangeNothingAndHealthNamesThem(CapturedOutput output) {
		ReloadableWeir weir = start(pool("", firstBackend()));
		Reload.Result result = weir.change(pool("max-wait: soon", secondBackend("weight: 0")));
		assertThat(result.problem()).contains("weir.pools.openai.max-wait").contains("weight");
		assertThat(servedBy(weir.server().chat())).isEqualTo("200 one");
		assertThat(weir.server().get("/actuator/health/configuration").body()).contains("OUT_OF_DATE", "max-wait",
				"weight");
		assertThat(weir.server().get("/actuator/health").statusCode()).isEqualTo(200);
		assertThat(weir.server().get("/actuator/health/readiness").body()).contains("UP");
		assertThat(output).contains("The configuration is invalid after a test; Weir continues with the previous one")
			.contains("Weir's configuration has 2 mistakes");
		assertThat(weir.change(pool("", firstBackend())).problem()).isNull();
		assertThat(weir.server().get("/actuator/health/configuration").body()).contains("UP")
			.doesNotContain("max-wait");
		assertThat(output).contains("The configuration is valid again after");
	}

	@Test
	void w03TheSameMistakesAreLoggedOnceUnlessAnOperatorAsks(CapturedOutput output) {
		ReloadableWeir weir = start(pool("", firstBackend()));
		Reload reload = weir.server().bean(Reload.class);
		ReloadCause watch = new ReloadCause("the watch of this test", false);
		weir.write(pool("max-wait: soon", firstBackend()));
		for (int i = 0; i < 3; i++) {
			assertThat(reload.reload(watch).problem()).contains("max-wait");
		}
		assertThat(countOf(output, "is invalid after")).isEqualTo(1);
		weir.reload();
		assertThat(countOf(output, "is invalid after a test")).isEqualTo(1);
		weir.write(pool("max-wait: later", firstBackend()));
		reload.reload(watch);
		reload.reload(watch);
		assertThat(countOf(output, "is invalid after the watch of this test")).isEqualTo(2);
		weir.write(pool("", firstBackend()));
		reload.reload(watch);
		weir.write(pool("max-wait: later", firstBackend()));
		reload.reload(watch);
		assertThat(countOf(output, "is invalid after the watch of this test")).isEqualTo(3);
	}

	private static int countOf(CapturedOutput output, String text) {
		return StringUtils.countOccurrencesOf(output.toString(), text);
	}

	@Test
	void aReloadThatAnOperatorAsksForIsLoggedEvenIfNothingHasChanged(CapturedOutput output) {
		ReloadableWeir weir = start(pool("", firstBackend()));
		weir.server().bean(Reload.class).reload(ReloadCause.FILES);
		assertThat(output).doesNotContain("Configuration read after");
		weir.reload();
		assertThat(output).contains("Configuration read after a test: nothing has changed");
		weir.change(pool("", firstBackend()) + "server.netty.idle-timeout: 50s\n");
		assertThat(output).contains("Configuration read after a test: nothing that takes effect now has changed");
		weir.reload();
		assertThat(countOf(output, "when Weir is started again: server.netty.idle-timeout")).isEqualTo(2);
	}

	@Test
	void w03ACorrectedFileThatAlsoNeedsARestartIsNotCalledUnchanged(CapturedOutput output) {
		ReloadableWeir weir = start(pool("", firstBackend()));
		weir.change(pool("max-wait: soon", firstBackend()));
		weir.change(pool("", firstBackend()) + "server.netty.idle-timeout: 50s\n");
		assertThat(output)
			.containsPattern("The configuration is valid again after .*; nothing that takes effect now has changed")
			.contains("These changes take effect when Weir is started again: server.netty.idle-timeout")
			.doesNotContain("; nothing has changed");
		weir.change(pool("max-wait: soon", firstBackend()));
		weir.change(pool("", firstBackend()) + "server.netty.idle-timeout: 50s\n");
		// the watch may read the file before the test does
		assertThat(output).containsPattern("The configuration is valid again after .*; nothing has changed");
	}

	@Test
	void w03InvalidYamlChangesNothing() {
		ReloadableWeir weir = start(pool("", firstBackend()));
		assertThat(weir.change("weir:\n\tpools: {").problem()).contains(weir.file().toString()).contains("tab");
		assertThat(servedBy(weir.server().chat())).isEqualTo("200 one");
	}

	@Test
	void w03InvalidRoutesAndCircuitBreakersChangeNothing() {
		ReloadableWeir weir = start(pool("", firstBackend()));
		String valid = pool("", secondBackend());
		for (String invalid : List.of("spring.cloud.gateway.server.webflux.default-filters: ['NoSuchFilter']\n",
				"spring.cloud.gateway.server.webflux.default-filters: ['StripPrefix=x']\n",
				"spring.cloud.gateway.server.webflux.routes: [{id: a, uri: 'lb://other', predicates: ['Path=/**']}]\n",
				"resilience4j.circuitbreaker.instances.two.failure-rate-threshold: 200\n",
				"resilience4j.circuitbreaker.instances.two.sliding-window-size: many\n")) {
			assertThat(weir.change(valid + invalid).problem()).as(invalid).isNotNull();
			assertThat(servedBy(weir.server().chat())).as(invalid).isEqualTo("200 one");
		}
	}

	@Test
	void aSettingThatNeedsARestartIsNamed(CapturedOutput output) {
		ReloadableWeir weir = start(pool("", firstBackend()));
		weir.change(pool("", firstBackend()) + "server.netty.idle-timeout: 50s\n");
		assertThat(output).contains("These changes take effect when Weir is started again: server.netty.idle-timeout");
		assertThat(weir.server().get("/actuator/health/configuration").body()).contains("restartNeeded",
				"server.netty.idle-timeout");
	}

	@Test
	void routesAreReplacedTogetherWithTheirPools() {
		String routes = """
				spring.cloud.gateway.server.webflux.routes:
				  - {id: a, uri: 'lb://%s', predicates: ['Path=/**', 'Weight=group, 1']}
				""";
		ReloadableWeir weir = start(named("left", firstBackend()) + routes.formatted("left"));
		assertThat(servedBy(weir.server().chat())).isEqualTo("200 one");
		assertThat(weir
			.change(named("right", secondBackend())
					+ routes.formatted("right").replace("id: a", "id: b").replace("group, 1", "group, 7"))
			.problem()).isNull();
		for (int i = 0; i < 30; i++) {
			assertThat(servedBy(weir.server().chat())).isEqualTo("200 two");
		}
		assertThat(weir.server().get("/actuator/gateway/routes").body()).contains("lb://right")
			.doesNotContain("lb://left");
		assertThat(weir.server().get("/actuator/health/pools").body()).contains("right").doesNotContain("left");
		assertThat(weir.server().get("/actuator/health/backends/two").body()).contains("right");
	}

	private static String named(String name, String backend) {
		return pool("", backend).replace("openai:", name + ":");
	}

	@Test
	void theLimitOfBodiesChangesForNewRequests() {
		ReloadableWeir weir = start(pool("", firstBackend()));
		String large = "{\"model\":\"gpt-4o\",\"messages\":[],\"user\":\"" + "x".repeat(5000) + "\"}";
		assertThat(weir.server().post("/v1/chat/completions", large).statusCode()).isEqualTo(200);
		weir.change(pool("", firstBackend()).replace("weir:\n", "weir:\n  max-body: 2KB\n"));
		assertThat(weir.server().post("/v1/chat/completions", large).statusCode()).isEqualTo(413);
	}

	@Test
	void aReferenceToItselfOutsideOfWeirsSettingsDoesNotPreventAReload() {
		ReloadableWeir weir = start(pool("", firstBackend()));
		assertThat(weir.change(pool("", secondBackend()) + "my.app: ${my.app}\n").problem()).isNull();
		assertThat(servedBy(weir.server().chat())).isEqualTo("200 two");
		assertThat(weir.change(pool("", firstBackend())).problem()).isNull();
		assertThat(servedBy(weir.server().chat())).isEqualTo("200 one");
	}

	@Test
	void aListenerOfRoutesThatFailsDoesNotKeepTheOldConfiguration() {
		ReloadableWeir weir = this.resources
			.add(ReloadableWeir.start((context) -> context.addApplicationListener((event) -> {
				if (event instanceof RefreshRoutesEvent && event.getSource() instanceof LiveRoutes) {
					throw new IllegalStateException("a listener failed");
				}
			}), pool("", firstBackend())));
		assertThat(weir.change(pool("", secondBackend()).replace("weir:\n", "weir:\n  max-body: 1MB\n")).problem())
			.isNull();
		assertThat(servedBy(weir.server().chat())).isEqualTo("200 two");
		assertThat(weir.server().bean(LiveConfiguration.class).current().maxBody().toMegabytes()).isEqualTo(1);
	}

	@Test
	void w03AliasesThatContainThemselvesOrGrowWithoutLimitAreRefused() {
		ReloadableWeir weir = start(pool("", firstBackend()));
		StringBuilder bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
		for (int i = 1; i < 8; i++) {
			bomb.append("a").append(i).append(": &a").append(i).append(" [").append(("*a" + (i - 1) + ", ").repeat(8));
			bomb.append("*a").append(i - 1).append("]\n");
		}
		for (String aliases : List.of("foo: &a {x: *a}\n", bomb.toString())) {
			assertThat(weir.change(pool("", secondBackend()) + aliases).problem()).contains("aliases");
			assertThat(servedBy(weir.server().chat())).isEqualTo("200 one");
		}
	}

	@Test
	void anInvalidUrlInARouteIsReportedWithoutItsPassword(CapturedOutput output) {
		ReloadableWeir weir = start(pool("", firstBackend()));
		Reload.Result result = weir.change(pool("", firstBackend())
				+ "spring.cloud.gateway.server.webflux.routes: [{id: a, uri: 'https://user:s3cret@ho st', predicates: ['Path=/**']}]\n");
		assertThat(result.problem()).contains("(hidden)@").doesNotContain("s3cret");
		assertThat(output).doesNotContain("s3cret");
		assertThat(weir.server().get("/actuator/health/configuration").body()).doesNotContain("s3cret");
	}

	@Test
	void aBackendThatComesBackWithAnotherKeyIsNotBlamedForTheOldOne() {
		Signal finish = new Signal();
		this.first.script((call) -> {
			if (call.request().contains("\"stream\":true")) {
				call.beginEvents();
				call.chunk(StreamEvents.ROLE + StreamEvents.CONTENT);
				finish.await();
				call.chunk(StreamEvents.FINISH + StreamEvents.DONE);
				call.endChunks();
			}
			else if (call.request().contains("key-of-one")) {
				call.respond("401 Unauthorized",
						"{\"error\":{\"code\":\"401\",\"message\":\"Access denied due to invalid subscription key or wrong API endpoint.\"}}");
			}
			else {
				Scripts.SERVES.run(call);
			}
		});
		ReloadableWeir weir = start(pool("", firstBackend(), secondBackend("priority: 2")));
		try (RawClient stream = RawClient.of(weir.server())) {
			stream.post("/v1/chat/completions", "{\"model\":\"gpt-4o\",\"stream\":true,\"messages\":[]}");
			stream.readUntil("hello");
			assertThat(servedBy(weir.server().chat())).isEqualTo("200 two");
			weir.change(pool("", secondBackend()));
			weir.change(pool("", firstBackend().replace("key-of-one", "right-key"), secondBackend("priority: 2")));
			assertThat(servedBy(weir.server().chat())).isEqualTo("200 one");
			assertThat(breaker(weir, "one"))
				.isSameAs(weir.server().bean(Pools.class).get("openai").backend("one").breaker());
			finish.send();
			stream.readUntil("[DONE]");
		}
	}

	@Test
	void aPropertyOfTheUserThatASettingRefersToNeedsNoRestart(CapturedOutput output) {
		ReloadableWeir weir = start(pool("", firstBackend("weight: '${my-weight}'")) + "my-weight: 1\n");
		weir.change(pool("", firstBackend("weight: '${my-weight}'")) + "my-weight: 4\n");
		assertThat(output).contains("backend one: weight 1 → 4").doesNotContain("when Weir is started again");
	}

	@Test
	void circuitBreakersOfNamesWithUnderscoresChange() {
		ReloadableWeir weir = start(pool("", backend("east_us", this.first.url())));
		weir.change(pool("", backend("east_us", this.first.url()))
				+ "resilience4j.circuitbreaker.instances.east_us.sliding-window-size: 9\n");
		assertThat(breaker(weir, "east_us").getCircuitBreakerConfig().getSlidingWindowSize()).isEqualTo(9);
	}

	@Test
	void theMetersOfARemovedPoolDoNotComeBack() throws InterruptedException {
		Signal arrived = new Signal();
		Signal respond = new Signal();
		this.first.script((call) -> {
			arrived.send();
			respond.await();
			Scripts.SERVES.run(call);
		});
		ReloadableWeir weir = start(pool("", firstBackend(), secondBackend("priority: 2")));
		assertThat(weir.server().get("/v1/files/a%20b").statusCode()).isEqualTo(404);
		MeterRegistry registry = weir.server().bean(MeterRegistry.class);
		assertThat(registry.get("weir.affinity.requests").tag("pool", "openai").counter().count()).isEqualTo(1);
		try (RawClient client = RawClient.of(weir.server())) {
			client.post("/v1/chat/completions", Bodies.CHAT);
			arrived.await();
			weir.change(named("other", secondBackend())
					+ "spring.cloud.gateway.server.webflux.routes: [{id: a, uri: 'lb://other', predicates: ['Path=/**']}]\n");
			respond.send();
			assertThat(client.readReply().status()).isEqualTo(200);
		}
		await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
			weir.server().bean(Reload.class).releaseRemoved();
			assertThat(registry.getMeters()).noneMatch((meter) -> "openai".equals(meter.getId().getTag("pool")));
		});
	}

	@Test
	void w04AWaitingRequestWhoseRouteChangesStaysWithTheOldConfiguration() {
		Signal release = new Signal();
		RawBackend third = this.resources.backend(Scripts.SERVES);
		this.first.script((call) -> {
			release.await();
			Scripts.SERVES.run(call);
		});
		String full = firstBackend("max-concurrent: 1");
		String filters = "spring.cloud.gateway.server.webflux.default-filters: ['AddRequestHeader=openai-organization, %s']\n";
		ReloadableWeir weir = start(pool("max-wait: 20s", full) + filters.formatted("a"));
		try (RawClient holder = RawClient.of(weir.server()); RawClient waits = RawClient.of(weir.server())) {
			holder.post("/v1/chat/completions", Bodies.CHAT);
			await().atMost(Duration.ofSeconds(10)).until(() -> !this.first.requests().isEmpty());
			waits.post("/v1/chat/completions", Bodies.CHAT);
			awaitWaiting(weir, 1);
			weir.change(
					pool("max-wait: 20s", full, backend("three", third.url(), "priority: 2")) + filters.formatted("b"));
			release.send();
			release.send();
			assertThat(holder.readReply().headers().get("x-weir-backend")).containsExactly("one");
			assertThat(waits.readReply().headers().get("x-weir-backend")).containsExactly("one");
		}
	}

	@Test
	void w04AWaitingRequestThatHasMovedReturnsItsPlaces() {
		Signal release = new Signal();
		this.first.script((call) -> {
			release.await();
			Scripts.SERVES.run(call);
		});
		ReloadableWeir weir = start(pool("max-wait: 20s, max-waiting: 1", firstBackend("max-concurrent: 1")));
		try (RawClient holder = RawClient.of(weir.server())) {
			holder.post("/v1/chat/completions", Bodies.CHAT);
			await().atMost(Duration.ofSeconds(10)).until(() -> !this.first.requests().isEmpty());
			for (int i = 1; i <= 3; i++) {
				try (RawClient leaves = RawClient.of(weir.server())) {
					leaves.post("/v1/chat/completions", Bodies.CHAT);
					awaitWaiting(weir, 1);
					weir.change(
							pool("max-wait: 20s, max-waiting: 1", firstBackend("max-concurrent: 1", "weight: 1" + i)));
					awaitWaiting(weir, 1);
				}
				awaitWaiting(weir, 0);
			}
			try (RawClient moves = RawClient.of(weir.server())) {
				moves.post("/v1/chat/completions", Bodies.CHAT);
				awaitWaiting(weir, 1);
				weir.change(pool("max-wait: 20s, max-waiting: 1", firstBackend("max-concurrent: 1")));
				release.send();
				release.send();
				assertThat(holder.readReply().status()).isEqualTo(200);
				assertThat(moves.readReply().status()).isEqualTo(200);
			}
		}
		awaitWaiting(weir, 0);
		LaneFigures.await(weir.server(), "one", new LaneFigures(0, 2, 2, 0, 0));
	}

	@Test
	void aWaitingRequestThatHasMovedUsesTheNewConnectTimeout() {
		ReloadableWeir weir = start(pool("max-wait: 20s, connect-timeout: 10s", firstBackend("max-concurrent: 1")));
		Signal release = new Signal();
		this.first.script((call) -> {
			release.await();
			Scripts.SERVES.run(call);
		});
		try (DeafPort deaf = DeafPort.open();
				RawClient holder = RawClient.of(weir.server());
				RawClient moves = RawClient.of(weir.server())) {
			holder.post("/v1/chat/completions", Bodies.CHAT);
			await().atMost(Duration.ofSeconds(10)).until(() -> !this.first.requests().isEmpty());
			moves.post("/v1/chat/completions", Bodies.CHAT);
			awaitWaiting(weir, 1);
			weir.change(pool("max-wait: 20s, connect-timeout: 50ms", firstBackend("max-concurrent: 1"),
					backend("deaf", deaf.url(), "priority: 2"), backend("two", this.second.url(), "priority: 3")));
			assertThat(moves.readReply().headers().get("x-weir-backend")).containsExactly("two");
			release.send();
			assertThat(holder.readReply().status()).isEqualTo(200);
		}
	}

	@Test
	void connectTimeoutsThatNoRouteHasAnyMoreAreForgotten() {
		ReloadableWeir weir = start(pool("connect-timeout: 3s", firstBackend()));
		WeirServer client = weir.server().onOneConnection();
		client.chat();
		Map<?, ?> clients = clients(weir);
		int size = clients.size();
		for (int i = 4; i < 7; i++) {
			weir.change(pool("connect-timeout: " + i + "s", firstBackend()));
			client.chat();
			assertThat(clients).hasSize(size);
		}
	}

	private static Map<?, ?> clients(ReloadableWeir weir) {
		Object clients = ReflectionTestUtils.getField(weir.server().bean(NettyRoutingFilter.class), "clients");
		return (Map<?, ?>) ReflectionTestUtils.getField(clients, "clients");
	}

	@Test
	void theLoadBalancerOfARemovedPoolIsClosedOnceNoRequestCanNeedIt() {
		Signal finish = new Signal();
		this.first.script((call) -> {
			call.beginEvents();
			call.chunk(StreamEvents.ROLE + StreamEvents.CONTENT);
			finish.await();
			call.chunk(StreamEvents.FINISH + StreamEvents.DONE);
			call.endChunks();
		});
		String other = "spring.cloud.gateway.server.webflux.routes: [{id: a, uri: 'lb://other', predicates: ['Path=/**']}]\n";
		ReloadableWeir weir = start(pool("deadline: 1s", firstBackend()));
		LoadBalancerClientFactory balancers = weir.server().bean(LoadBalancerClientFactory.class);
		try (RawClient client = RawClient.of(weir.server())) {
			client.post("/v1/chat/completions", Bodies.CHAT_STREAM);
			client.readUntil("hello");
			weir.change(named("other", secondBackend()) + other);
			weir.server().bean(Reload.class).releaseRemoved();
			assertThat(balancers.getContextNames()).containsExactlyInAnyOrder("openai", "other");
			finish.send();
			client.readUntil(StreamEvents.DONE);
		}
		await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
			weir.server().bean(Reload.class).releaseRemoved();
			assertThat(balancers.getContextNames()).containsExactly("other");
		});
		assertThat(servedBy(weir.server().chat())).isEqualTo("200 two");
		this.first.script(Scripts.SERVES);
		weir.change(pool("deadline: 1s", firstBackend()));
		assertThat(servedBy(weir.server().chat())).isEqualTo("200 one");
	}

	@Test
	void w03SettingsThatAStartWouldRefuseAreRefused(CapturedOutput output) {
		ReloadableWeir weir = start(pool("", firstBackend()));
		for (String invalid : List.of("server.netty.idle-timeout: soon\n", "management.server.port: http\n",
				"management.server.port: 70000\n", "management.endpoint.health.show-details: sometimes\n",
				"server.shutdown: never\n", "spring.http.codecs.max-in-memory-size: lots\n",
				"spring.cloud.gateway.server.webflux.httpclient.pool.type: large\n",
				"spring.cloud.gateway.server.webflux.httpclient.max-header-size: wide\n", "logging.level.root: noisy\n",
				"logging.structured.format.console: nope\n", "logging.charset.console: nope\n",
				"logging.config: /nope.xml\n", "logging.console.enabled: perhaps\n", "spring.main.banner-mode: loud\n",
				"spring.main.web-application-type: quick\n", "spring.main.lazy-initialization: perhaps\n",
				"server.ssl.bundle: nope\n", "management.server.ssl.bundle: nope\n",
				"server.ssl: {key-store: /nope.p12, key-store-password: x}\n",
				"spring.ssl.bundle.pem.unused: {keystore: {certificate: /nope.pem}}\n")) {
			assertThat(weir.change(pool("", secondBackend()) + invalid).problem()).as(invalid)
				.contains(invalid.substring(0, invalid.indexOf(':')));
			assertThat(weir.server().get("/actuator/health/configuration").body()).contains("OUT_OF_DATE");
			assertThat(servedBy(weir.server().chat())).as(invalid).isEqualTo("200 one");
		}
		assertThat(
				weir.change(pool("", secondBackend()) + "server.netty.idle-timeout: 50s\nmanagement.server.port: 0\n")
					.problem())
			.isNull();
		assertThat(output).doesNotContain("Exception encountered during context initialization");
		assertThat(servedBy(weir.server().chat())).isEqualTo("200 two");
	}

	@Test
	void aReloadDoesNotNeedTheFilesOfCertificatesThatItDoesNotRead() throws IOException {
		Path authority = TestAuthority.found("reload").certificate();
		String tls = "spring.ssl.bundle.pem.backends.truststore.certificate: '" + authority + "'\n";
		ReloadableWeir weir = start(pool("", firstBackend()) + tls);
		Files.delete(authority);
		assertThat(weir.change(pool("", secondBackend()) + tls).problem()).isNull();
		assertThat(servedBy(weir.server().chat())).isEqualTo("200 two");
	}

	@Test
	void validSettingsOfTheLogAndOfTlsAreAccepted() {
		ReloadableWeir weir = start(pool("", firstBackend()));
		String store = TestAuthority.found("reload").trustStore("secret").toString();
		for (String valid : List.of("logging.level: {root: off, dev.weir: DEBUG, web: trace}\n",
				"logging.group.mine: [a, b]\n", "logging.structured.format.console: ECS\n",
				"spring.main.banner-mode: off\n", "server.ssl: {enabled: false, key-store: /nope.p12}\n",
				"spring.ssl: {bundle: {jks: {a: {truststore: {location: '" + store + "', password: secret}}}}}\n")) {
			assertThat(weir.change(pool("", firstBackend()) + valid).problem()).as(valid).isNull();
		}
	}

}
