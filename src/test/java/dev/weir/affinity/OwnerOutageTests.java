package dev.weir.affinity;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

import io.micrometer.core.instrument.MeterRegistry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import dev.weir.backend.Backend;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import dev.weir.testing.RawClient;
import dev.weir.testing.StoringBackend;
import dev.weir.testing.StoringBackend.Refusal;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Requests that name stored objects while the backend of the objects does not serve, and
 * after a restart of Weir.
 */
@ExtendWith(OutputCaptureExtension.class)
class OwnerOutageTests {

	private static final String LONG_COOLDOWN = "cooldown: {max: 10m}, max-wait: 0s";

	private StoringBackend alpha;

	private StoringBackend beta;

	private WeirServer weir;

	@BeforeEach
	void start() {
		this.alpha = StoringBackend.start("alpha");
		this.beta = StoringBackend.start("beta");
		this.weir = startWeir(LONG_COOLDOWN);
	}

	private WeirServer startWeir(String settings) {
		return WeirServer.start(WeirServer.pool(settings, WeirServer.backend("alpha", this.alpha.url()),
				WeirServer.backend("beta", this.beta.url())), "--weir.affinity.max-lookups=20");
	}

	@AfterEach
	void stop() {
		this.weir.close();
		this.alpha.close();
		this.beta.close();
	}

	private String madeAtAlpha() {
		while (true) {
			HttpResponse<String> made = this.weir.post("/v1/responses", "{\"model\":\"m\",\"input\":\"hi\"}");
			Matcher id = Pattern.compile("resp_alphax\\d+").matcher(made.body());
			if (id.find()) {
				return id.group();
			}
		}
	}

	private HttpResponse<String> next(String id) {
		return this.weir.post("/v1/responses",
				"{\"model\":\"m\",\"previous_response_id\":\"" + id + "\",\"input\":\"more\"}");
	}

	@Test
	void theBackendOfAToolReportIsReplacedIfItIsOutOfService() {
		String container = null;
		while (container == null || !container.startsWith("cntr_alpha")) {
			Matcher id = Pattern.compile("cntr_\\w+")
				.matcher(this.weir.post("/v1/responses", "{\"model\":\"m\",\"input\":\"hi\"}").body());
			container = id.find() ? id.group() : null;
		}
		String body = "{\"model\":\"m\",\"input\":[{\"type\":\"code_interpreter_call\",\"container_id\":\"" + container
				+ "\"}]}";
		assertThat(this.weir.post("/v1/responses", body).headers().firstValue("x-weir-backend")).hasValue("alpha");
		this.alpha.refuse(new Refusal(401, Map.of()));
		HttpResponse<String> reply = this.weir.post("/v1/responses", body);
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
		assertThat(reply.headers().firstValue("x-weir-backend")).hasValue("beta");
	}

	@Test
	void anUnknownIdThatMayBeOnABackendInCooldownDoesNotGoToTheBackendOfTheOtherObjects() {
		String store = this.beta.store("vs_");
		assertThat(this.weir.get("/v1/vector_stores/" + store).statusCode()).isEqualTo(200);
		String file = this.alpha.store("file-");
		throttleAlpha(Duration.ofSeconds(45));
		this.beta.foreign().clear();
		HttpResponse<String> reply = this.weir.post("/v1/vector_stores/" + store + "/files",
				"{\"file_id\":\"" + file + "\"}");
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(503);
		assertThat(reply.body()).contains(file, "backend alpha");
		assertThat(Long.parseLong(reply.headers().firstValue("retry-after").orElse("0"))).isBetween(40L, 45L);
		assertThat(this.beta.foreign()).allMatch((request) -> request.startsWith("GET"));
	}

	private void throttleAlpha(Duration cooldown) {
		Pool pool = this.weir.bean(Pools.class).all().iterator().next();
		Backend backend = pool.backends()
			.stream()
			.filter((one) -> one.name().equals("alpha"))
			.findFirst()
			.orElseThrow();
		pool.lanes("").of(backend).tryBegin().end(new Outcome.Throttled(cooldown));
	}

	@Test
	void anUnknownIdWaitsWithinMaxWaitForABackendInCooldown() {
		this.weir.close();
		this.weir = startWeir("max-wait: 5s");
		String file = this.alpha.store("file-");
		throttleAlpha(Duration.ofMillis(700));
		HttpResponse<String> reply = this.weir.get("/v1/files/" + file);
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
		assertThat(reply.headers().firstValue("x-weir-backend")).hasValue("alpha");
	}

	@Test
	void aClientThatLeavesGivesItsPlaceBackAtOnce() {
		this.weir.close();
		this.weir = startWeir("max-wait: 60s");
		throttleAlpha(Duration.ofSeconds(50));
		RawClient client = RawClient.of(this.weir);
		client.write("GET /v1/files/file-made-up HTTP/1.1\r\nhost: weir\r\n\r\n");
		awaitWaiting(1);
		client.close();
		awaitWaiting(0);
	}

	private void awaitWaiting(int count) {
		await().atMost(Duration.ofSeconds(10))
			.until(() -> this.weir.bean(MeterRegistry.class).get("weir.pool.waiting").gauge().value() == count);
	}

	@Test
	void s03ADelayOfMinutesIsNotShortened() {
		String id = madeAtAlpha();
		this.alpha.refuse(new Refusal(429, Map.of("retry-after", "300")));
		for (int i = 0; i < 2; i++) {
			HttpResponse<String> reply = next(id);
			assertThat(reply.statusCode()).isEqualTo(429);
			assertThat(Long.parseLong(reply.headers().firstValue("retry-after").orElse("0"))).isBetween(280L, 300L);
		}
		assertThat(this.beta.foreign()).isEmpty();
	}

	@ParameterizedTest
	@CsvSource({ "429, insufficient_quota", "401, invalid_api_key", "402, payment_required" })
	void s04AnOwnerThatRefusesForGoodIsNamedIn503(int status, String code) {
		String id = madeAtAlpha();
		this.alpha.refuse(new Refusal(status, Map.of(), code));
		for (int i = 0; i < 3; i++) {
			HttpResponse<String> reply = next(id);
			assertThat(reply.statusCode()).as(reply.body()).isEqualTo(503);
			assertThat(reply.body()).contains("Backend alpha, where " + id + " is stored, is out of service ("
					+ ((status == 401) ? "it refuses the credential of Weir" : "its quota is used up") + ")");
		}
		assertThat(this.beta.foreign()).isEmpty();
	}

	@Test
	void s04TheErrorTheLogAndHealthNameTheCauseOfTheOutage(CapturedOutput output) {
		String id = madeAtAlpha();
		this.alpha.close();
		String first = next(id).body();
		assertThat(first).contains(" is stored, is out of service (the attempt ended with a refused connection);");
		String health = "/actuator/health/backends/alpha";
		assertThat(this.weir.get(health).body()).contains("\"state\":\"AVAILABLE\"",
				"it takes requests; its last failure: a refused connection");
		IntStream.range(0, 10).forEach((i) -> next(id));
		assertThat(next(id).body())
			.contains(" is stored, is out of service (it failed too often, last with a refused connection);");
		assertThat(this.weir.get(health).body()).contains("BREAKER_OPEN",
				"it failed too often; its last failure: a refused connection");
		assertThat(output).containsPattern(
				"No backend served POST responses: .*\\(it failed too often, last with a" + " refused connection\\)");
	}

	@Test
	void aBackendThatRespondsAgainHasNoFailureInItsHealth() {
		this.alpha.refuse(new Refusal(500, Map.of()));
		this.beta.refuse(new Refusal(500, Map.of()));
		this.weir.post("/v1/responses", "{\"model\":\"m\",\"input\":\"hi\"}");
		assertThat(this.weir.get("/actuator/backends/alpha").body()).contains("its last failure: 500");
		this.alpha.refuse(null);
		this.beta.refuse(null);
		madeAtAlpha();
		assertThat(this.weir.get("/actuator/backends/alpha").body()).contains("\"why\":\"it takes requests\"");
	}

	@Test
	void s04AnOwnerThatIsNotReachableIsNamedIn503AlsoWithAnOpenCircuitBreaker() {
		String id = madeAtAlpha();
		this.alpha.close();
		for (int i = 0; i < 30; i++) {
			HttpResponse<String> reply = next(id);
			assertThat(reply.statusCode()).as(reply.body()).isEqualTo(503);
			assertThat(reply.body()).contains("Backend alpha, where " + id + " is stored, is out of service");
		}
		assertThat(this.beta.foreign()).isEmpty();
	}

	@Test
	void s04AnErrorOfTheOwnerIsNotHiddenByAnotherBackend() {
		String id = madeAtAlpha();
		this.alpha.refuse(new Refusal(500, Map.of()));
		HttpResponse<String> reply = next(id);
		assertThat(reply.statusCode()).isEqualTo(500);
		assertThat(reply.body()).contains("refused");
		assertThat(this.beta.foreign()).isEmpty();
	}

	@Test
	void s04AnUnknownIdIsNotCalledMissingWhileABackendCannotBeAsked() {
		String here = this.beta.store("file-");
		String there = this.alpha.store("file-");
		this.alpha.refuse(new Refusal(503, Map.of()));
		HttpResponse<String> reply = this.weir.get("/v1/files/" + there);
		assertThat(reply.statusCode()).isEqualTo(503);
		assertThat(reply.body()).contains("backend alpha of pool openai could not be asked");
		assertThat(this.weir.get("/v1/files/" + here).statusCode()).isEqualTo(200);
	}

	@Test
	void s02AfterARestartObjectsAreFoundAgainOnce() {
		List<String> ids = new ArrayList<>();
		IntStream.range(0, 6).forEach((i) -> ids.add(madeAtAlpha()));
		this.weir.close();
		this.weir = startWeir(LONG_COOLDOWN);
		this.alpha.requests().clear();
		this.beta.requests().clear();
		for (String id : ids) {
			for (int i = 0; i < 3; i++) {
				assertThat(next(id).statusCode()).isEqualTo(200);
			}
		}
		assertThat(this.beta.requests()).hasSizeLessThanOrEqualTo(ids.size())
			.allMatch((request) -> request.method().equals("GET"));
		assertThat(this.alpha.requests()).hasSize(4 * ids.size());
	}

	@Test
	void s02AnotherWeirFindsTheSameOwner() {
		String id = madeAtAlpha();
		try (WeirServer other = startWeir("")) {
			HttpResponse<String> read = other.get("/v1/responses/" + id);
			assertThat(read.headers().firstValue("x-weir-backend")).hasValue("alpha");
		}
	}

	@Test
	void s08ManyMadeUpIdsReachBackendsInALimitedNumber() throws Exception {
		ExecutorService clients = Executors.newFixedThreadPool(8);
		long begin = System.nanoTime();
		List<Callable<Integer>> calls = IntStream.range(0, 1000)
			.mapToObj((i) -> (Callable<Integer>) () -> this.weir.get("/v1/files/file-made-up-" + i).statusCode())
			.toList();
		List<Integer> statuses = new ArrayList<>();
		for (Future<Integer> status : clients.invokeAll(calls)) {
			statuses.add(status.get());
		}
		clients.shutdown();
		long seconds = 1 + (System.nanoTime() - begin) / 1_000_000_000;
		assertThat(statuses).containsOnly(404, 429);
		assertThat((long) this.alpha.requests().size()).isLessThanOrEqualTo(20 * (seconds + 1));
		assertThat((long) this.beta.requests().size()).isLessThanOrEqualTo(20 * (seconds + 1));
	}

	@Test
	void aHomeThatIsOutOfServiceIsReplacedAndTheNewOneIsKept() {
		String first = home();
		StoringBackend left = first.equals("alpha") ? this.alpha : this.beta;
		left.refuse(new Refusal(401, Map.of(), "invalid_api_key"));
		String second = home();
		assertThat(second).isNotEqualTo(first);
		left.refuse(null);
		IntStream.range(0, 5).forEach((i) -> assertThat(home()).isEqualTo(second));
	}

	private String home() {
		HttpResponse<String> made = this.weir.post("/v1/vector_stores", "{}", "authorization", "Bearer one");
		assertThat(made.statusCode()).as(made.body()).isEqualTo(200);
		return made.headers().firstValue("x-weir-backend").orElse("none");
	}

}
