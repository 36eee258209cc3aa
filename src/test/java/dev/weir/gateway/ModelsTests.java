package dev.weir.gateway;

import java.io.IOException;
import java.net.URI;
import java.util.concurrent.CountDownLatch;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.RawReply;
import dev.weir.testing.WeirServer;
import dev.weir.upstream.ModelListCache;
import dev.weir.testing.PoolsYaml;
import dev.weir.testing.MockBackend;

import static dev.weir.testing.PoolsYaml.backend;
import static dev.weir.testing.SampleCall.utf8;
import static dev.weir.testing.Scripts.responding;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The model list of a pool in each dialect, and the backends it is fetched from.
 */
class ModelsTests {

	private static MockBackend backend;

	private static RawBackend lists;

	private static RawBackend others;

	private static RawBackend slow;

	private static WeirServer weir;

	@BeforeAll
	static void start() {
		backend = MockBackend.start();
		lists = RawBackend.start(responding("200 OK",
				"{\"object\":\"list\",\"data\":[{\"id\":\"m1\"},{\"id\":\"a/b\"},{\"id\":\"\"},{\"id\":5},{}]}"));
		others = RawBackend.start(ModelsTests::noList);
		slow = RawBackend.start((call) -> {
		});
		weir = WeirServer.start(new PoolsYaml()
			.pool("named", "", backend("named-a", "azure", backend.url(), "models: {o9: x, gpt-4o: gpt-4o-eu}"),
					backend("named-b", "openai", backend.url(), "models: {'org/llama': llama, gpt-4o: gpt-4o}",
							"priority: 2"))
			.pool("unnamed", "", backend("unnamed", "azure", backend.url()))
			.pool("listed", "", backend("listed", "openai", lists.url()),
					backend("listed-b", "openai", lists.url(), "models: {named: x}"))
			.pool("missing", "", backend("missing", "openai", URI.create(others.url() + "/missing")))
			.pool("broken", "", backend("broken", "openai", URI.create(others.url() + "/broken")))
			.pool("huge", "", backend("huge", "openai", URI.create(others.url() + "/huge")))
			.pool("slow", "", backend("slow", "openai", slow.url()))
			.pool("used", "", backend("used", "openai", backend.url(), "models: {o9: o9, '*': any}"))
			.toString());
	}

	@AfterAll
	static void stop() {
		weir.close();
		backend.close();
		lists.close();
		others.close();
		slow.close();
	}

	private static void noList(RawBackend.Call call) throws IOException {
		if (call.request().startsWith("GET /missing")) {
			call.respond("404 Not Found", "{}");
		}
		else {
			call.respond("200 OK", call.request().startsWith("GET /broken") ? "{\"data\":["
					: "{\"data\":[{\"id\":\"m\"}]" + " ".repeat(ModelListCache.MAX_BYTES) + "}");
		}
	}

	@AfterEach
	void forget() {
		backend.serves();
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/models", "/openai/v1/models", "/openai/v1/models?api-version=preview", "/models",
			"/v1/models/" })
	void theModelsOfAllBackendsAreListedOnceInOrder(String target) {
		RawReply response = get("named", target);
		assertThat(response.status()).isEqualTo(200);
		assertThat(response.header("content-type")).isEqualTo("application/json");
		assertThat(response.text()).isEqualTo("{\"object\":\"list\",\"data\":["
				+ "{\"id\":\"gpt-4o\",\"object\":\"model\",\"created\":0,\"owned_by\":\"weir\"},"
				+ "{\"id\":\"o9\",\"object\":\"model\",\"created\":0,\"owned_by\":\"weir\"},"
				+ "{\"id\":\"org/llama\",\"object\":\"model\",\"created\":0,\"owned_by\":\"weir\"}]}");
		assertThat(backend.calls()).isEmpty();
	}

	@Test
	void azuresClassicDialectHasItsOwnFormat() {
		RawReply response = get("named", "/openai/models?api-version=2024-10-21");
		assertThat(response.status()).isEqualTo(200);
		assertThat(response.text()).startsWith("{\"object\":\"list\",\"data\":["
				+ "{\"id\":\"gpt-4o\",\"object\":\"model\",\"status\":\"succeeded\",\"created_at\":0},");
		assertThat(backend.calls()).isEmpty();
	}

	@ParameterizedTest
	@CsvSource({ "/v1/models/gpt-4o, gpt-4o", "/models/o9, o9", "/openai/v1/models/org/llama, org/llama",
			"/v1/models/gpt%2D4o, gpt-4o" })
	void oneModelIsDescribedByItself(String target, String model) {
		RawReply response = get("named", target);
		assertThat(response.status()).isEqualTo(200);
		assertThat(response.text())
			.isEqualTo("{\"id\":\"" + model + "\",\"object\":\"model\",\"created\":0,\"owned_by\":\"weir\"}");
		assertThat(backend.calls()).isEmpty();
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/models/gpt-9", "/openai/v1/models/gpt-9", "/models/gpt-9",
			"/openai/models/gpt-9?api-version=2024-10-21" })
	void anUnknownModelIsNotFoundAndTheReplyNamesTheKnownOnes(String target) {
		RawReply response = get("named", target);
		assertThat(response.status()).isEqualTo(404);
		assertThat(response.text())
			.isEqualTo("{\"error\":{\"message\":\"The model 'gpt-9' does not exist in pool named."
					+ " It has: gpt-4o, o9, org/llama.\",\"type\":\"invalid_request_error\",\"param\":\"model\","
					+ "\"code\":\"model_not_found\"}}");
		assertThat(backend.calls()).isEmpty();
	}

	@ParameterizedTest
	@CsvSource({ "/v1/models, 200", "/v1/models/gpt-4o, 200", "/v1/models/gpt-9, 404" })
	void aHeadRequestGetsTheSameHeadAndNoBody(String target, int status) {
		int length = get("named", target).body().length;
		try (RawClient client = RawClient.connect(weir.port())) {
			RawReply response = client.send("HEAD " + target, new byte[0], "x-pool: named");
			assertThat(response.status()).isEqualTo(status);
			assertThat(response.header("content-length")).isEqualTo(String.valueOf(length));
			assertThat(response.header("content-type")).isEqualTo("application/json");
			assertThat(client.send("GET " + target, new byte[0], "x-pool: named").status()).isEqualTo(status);
		}
		assertThat(backend.calls()).isEmpty();
	}

	@Test
	void aPoolOfAzureThatServesEveryModelListsNoneUntilOneWasServed() {
		assertThat(get("unnamed", "/v1/models").text()).isEqualTo("{\"object\":\"list\",\"data\":[]}");
		assertThat(get("unnamed", "/v1/models/gpt-4o").status()).isEqualTo(200);
		assertThat(backend.calls()).isEmpty();
		chat("unnamed");
		await().untilAsserted(() -> assertThat(get("unnamed", "/v1/models").text()).contains("\"id\":\"gpt-4o\""));
		assertThat(get("unnamed", "/v1/models/gpt-4o").status()).isEqualTo(200);
		assertThat(backend.calls()).hasSize(1);
	}

	@Test
	void aPoolThatServesEveryModelListsTheModelsOfItsOpenAiBackends() {
		for (int i = 0; i < 3; i++) {
			assertThat(get("listed", "/v1/models").text())
				.contains("\"id\":\"a/b\"", "\"id\":\"m1\"", "\"id\":\"named\"")
				.doesNotContain("\"id\":\"\"", "\"id\":5");
		}
		// backends with configured models get no request for a list, the others get one
		assertThat(lists.requests()).singleElement()
			.asString()
			.startsWith("GET /v1/models HTTP/1.1\r\n")
			.containsIgnoringCase("authorization: Bearer key-of-listed");
	}

	@ParameterizedTest
	@ValueSource(strings = { "missing", "broken", "huge" })
	void aListThatCannotBeFetchedIsNotRequestedAgainAtOnce(String pool) {
		assertThat(get(pool, "/v1/models").text()).isEqualTo("{\"object\":\"list\",\"data\":[]}");
		int asked = others.requests().size();
		assertThat(get(pool, "/v1/models").text()).isEqualTo("{\"object\":\"list\",\"data\":[]}");
		assertThat(others.requests()).hasSize(asked);
	}

	@Test
	void aSlowListDelaysNoClientForLongAndIsFetchedByOneRequest() throws Exception {
		CountDownLatch release = new CountDownLatch(1);
		slow.script((call) -> {
			release.await();
			call.respond("200 OK", "{\"data\":[{\"id\":\"late\"}]}");
		});
		assertThat(get("slow", "/v1/models").text()).isEqualTo("{\"object\":\"list\",\"data\":[]}");
		assertThat(get("slow", "/v1/models").status()).isEqualTo(200);
		release.countDown();
		await().untilAsserted(() -> assertThat(get("slow", "/v1/models").text()).contains("\"id\":\"late\""));
		assertThat(slow.requests()).hasSize(1);
	}

	@Test
	void aPoolWithAnAsteriskListsNamedAndServedModels() {
		assertThat(get("used", "/v1/models").text()).contains("\"id\":\"o9\"").doesNotContain("*", "gpt-4o", "any");
		chat("used");
		await().untilAsserted(() -> assertThat(get("used", "/v1/models").text()).contains("\"id\":\"gpt-4o\""));
		assertThat(get("used", "/v1/models").text()).doesNotContain("*", "any");
	}

	private static void chat(String pool) {
		assertThat(RawClient
			.exchange(weir.port(), "POST /v1/chat/completions", utf8(Bodies.CHAT), "x-pool: " + pool,
					"Content-Type: application/json")
			.status()).isEqualTo(200);
	}

	private static RawReply get(String pool, String target) {
		return RawClient.exchange(weir.port(), "GET " + target, new byte[0], "x-pool: " + pool);
	}

}
