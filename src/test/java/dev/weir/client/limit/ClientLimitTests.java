package dev.weir.client.limit;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

import com.jayway.jsonpath.JsonPath;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.RateLimitException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.memory.BufferBudget;
import dev.weir.testing.Bodies;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.RawReply;
import dev.weir.testing.RawWebSocket;
import dev.weir.testing.Scripts;
import dev.weir.testing.Signal;
import dev.weir.testing.VirtualTime;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

/**
 * Limits of clients on sockets. The windows are in virtual time, which stands still
 * during a test; each test begins on a new day.
 */
class ClientLimitTests {

	private static final String CHATS = "/v1/chat/completions";

	private static final String LIMITED = "limited-key-0123456789";

	private static final String FREE = "free-key-0123456789";

	private static final String SMALL = "small-key-0123456789";

	private static final String REQUESTS = "requests-key-0123456789";

	private static final String SINGLE = "single-key-0123456789";

	private static final String OPERATOR = "operator-key-0123456789";

	private static final VirtualTime time = new VirtualTime();

	private static final String CHUNK = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,"
			+ "\"model\":\"gpt-4o\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%s\"},\"finish_reason\":null}]%s}\n\n";

	private static final String LAST = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,"
			+ "\"model\":\"gpt-4o\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]%s}\n\n";

	private static final String USAGE = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,"
			+ "\"model\":\"gpt-4o\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":3,\"total_tokens\":12}}\n\n";

	private static final String DONE = "data: [DONE]\n\n";

	private static final String STREAM = "{\"model\":\"gpt-4o\",\"stream\":true,\"max_tokens\":100,%s"
			+ "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";

	private static RawBackend backend;

	private static WeirServer weir;

	@BeforeAll
	static void start() {
		backend = RawBackend.start(Scripts.SERVES);
		weir = WeirServer.start(
				(context) -> context.registerBean("limitClockOfTheTest", LimitClock.class,
						() -> new LimitClock(time, time), (definition) -> definition.setPrimary(true)),
				WeirServer.pool("max-wait: 0ms", WeirServer.backend("a", backend.url()))
						+ """
								  clients:
								    - {name: limited, key: %s, tokens-per-minute: 1000}
								    - {name: free, key: %s}
								    - {name: small, key: %s, tokens-per-day: 200, limits: [{model: "text-*", tokens-per-minute: 50}]}
								    - {name: requests, key: %s, requests-per-minute: 2}
								    - {name: single, key: %s, max-concurrent: 1}
								  operators:
								    - {name: ops, key: %s}
								"""
							.formatted(LIMITED, FREE, SMALL, REQUESTS, SINGLE, OPERATOR));
	}

	@AfterAll
	static void stop() {
		weir.close();
		backend.close();
	}

	@BeforeEach
	void beginDay() {
		// 4.75 s before a minute and a day, as at the beginning
		time.advance(Duration.ofDays(1).minusNanos(time.now() % Duration.ofDays(1).toNanos()));
		backend.script(Scripts.SERVES);
		backend.requests().clear();
	}

	private static HttpResponse<String> post(String key, String body) {
		return weir.post(CHATS, body, "api-key", key);
	}

	private static HttpResponse<String> chat(String key) {
		return post(key, Bodies.CHAT);
	}

	private static String header(HttpResponse<?> reply, String name) {
		return reply.headers().firstValue(name).orElse("-");
	}

	private static int used(String client) {
		return used(client, 0);
	}

	private static int used(String client, int limit) {
		return JsonPath.read(report(client), "$.limits[" + limit + "].used");
	}

	private static String report(String client) {
		return get("/actuator/clients/" + client);
	}

	private static String get(String path) {
		return get(path, OPERATOR).text();
	}

	private static RawReply get(String path, String key) {
		try (RawClient client = RawClient.of(weir)) {
			return client.send("GET " + path, new byte[0], "api-key: " + key);
		}
	}

	/** Streams as OpenAI does: with usage if it is asked for. */
	private static void stream(RawBackend.Call call) throws IOException {
		boolean asked = call.request().contains("\"include_usage\":true");
		String none = asked ? ",\"usage\":null" : "";
		call.beginEvents();
		call.chunk(CHUNK.formatted("hel", none));
		call.chunk(CHUNK.formatted("lo", none) + LAST.formatted(none));
		call.chunk((asked ? USAGE : "") + DONE);
		call.endChunks();
	}

	/** Refuses the option as a server does that does not know it. */
	private static RawBackend.Script refusingOption(String status, String message) {
		return (call) -> {
			if (call.request().contains("stream_options")) {
				call.respond(status,
						"{\"error\":{\"message\":\"" + message + "\",\"type\":\"invalid_request_error\"}}");
			}
			else {
				stream(call);
			}
		};
	}

	@Test
	void c10AClientOverItsLimitGets429WithTheExactDelayAndOthersAreServed() {
		String large = "{\"model\":\"gpt-4o\",\"max_tokens\":950,\"messages\":[]}";
		Signal release = new Signal();
		backend.script((call) -> {
			release.await(Duration.ofSeconds(30));
			call.respond("200 OK", Bodies.COMPLETION);
		});
		try (RawClient first = RawClient.of(weir)) {
			first.post(CHATS, large, "api-key: " + LIMITED);
			await().until(() -> backend.requests().size() == 1);
			HttpResponse<String> refused = post(LIMITED, large);
			assertThat(refused.statusCode()).isEqualTo(429);
			assertThat(refused.body()).contains("\"type\":\"tokens\"", "\"code\":\"rate_limit_exceeded\"", "'limited'",
					"1000 tokens per minute");
			assertThat(header(refused, "retry-after-ms")).isEqualTo("4750");
			assertThat(header(refused, "retry-after")).isEqualTo("5");
			assertThat(header(refused, "x-ratelimit-limit-tokens")).isEqualTo("1000");
			assertThat(header(refused, "x-ratelimit-remaining-tokens")).isEqualTo("37");
			assertThat(header(refused, "x-ratelimit-reset-tokens")).isEqualTo("4.75s");
			assertThat(backend.requests()).hasSize(1);
			backend.script(Scripts.SERVES);
			release.send();
			assertThat(chat(FREE).statusCode()).isEqualTo(200);
			assertThat(first.readReply().status()).isEqualTo(200);
		}
		// settled with the real usage
		assertThat(used("limited")).isEqualTo(2);
		assertThat(post(LIMITED, large).statusCode()).isEqualTo(200);
	}

	@Test
	void c10AServedRequestShowsTheLimitsOfTheClientInPlaceOfTheBackends() {
		backend.script(Scripts.responding("200 OK", Bodies.COMPLETION, "x-ratelimit-remaining-tokens: 99999",
				"x-ratelimit-limit-requests: 50", "x-ratelimit-remaining-requests: 49"));
		HttpResponse<String> reply = chat(LIMITED);
		assertThat(header(reply, "x-ratelimit-limit-tokens")).isEqualTo("1000");
		// the usage of the response is charged already
		assertThat(header(reply, "x-ratelimit-remaining-tokens")).isEqualTo("998");
		assertThat(header(reply, "x-ratelimit-reset-tokens")).isEqualTo("4.75s");
		assertThat(header(reply, "x-ratelimit-limit-requests")).isEqualTo("-");
		HttpResponse<String> free = chat(FREE);
		assertThat(header(free, "x-ratelimit-remaining-tokens")).isEqualTo("99999");
		assertThat(header(free, "x-ratelimit-remaining-requests")).isEqualTo("49");
	}

	@Test
	void c10ARequestLargerThanTheLimitIsNotRetried() {
		HttpResponse<String> refused = post(LIMITED, "{\"model\":\"gpt-4o\",\"max_tokens\":1000,\"messages\":[]}");
		assertThat(refused.statusCode()).isEqualTo(429);
		assertThat(header(refused, "x-should-retry")).isEqualTo("false");
		assertThat(header(refused, "retry-after")).isEqualTo("-");
		assertThat(header(refused, "x-ratelimit-limit-tokens")).isEqualTo("1000");
		assertThat(header(refused, "x-ratelimit-remaining-tokens")).isEqualTo("1000");
		assertThat(refused.body()).contains("this request alone may need 1013");
		assertThat(backend.requests()).isEmpty();
		assertThat(used("limited")).isZero();
	}

	@Test
	void c10RequestsPerMinuteAreCounted() {
		assertThat(header(chat(REQUESTS), "x-ratelimit-remaining-requests")).isEqualTo("1");
		assertThat(chat(REQUESTS).statusCode()).isEqualTo(200);
		HttpResponse<String> refused = chat(REQUESTS);
		assertThat(refused.statusCode()).isEqualTo(429);
		assertThat(refused.body()).contains("\"type\":\"requests\"");
		assertThat(header(refused, "retry-after-ms")).isEqualTo("4750");
		// the list of models calls no backend
		assertThat(get("/v1/models", REQUESTS).status()).isEqualTo(200);
		time.advance(4750);
		assertThat(chat(REQUESTS).statusCode()).isEqualTo(200);
		assertThat(backend.requests()).hasSize(3);
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "\"stream_options\":null,", "\"stream_options\":{},",
			"\"stream_options\":{\"include_obfuscation\":false},", "\"stream_options\":{\"include_usage\":false}," })
	void aStreamOfALimitedClientIsChargedAndLooksAsIfNoUsageWasAskedFor(String options) {
		backend.script(ClientLimitTests::stream);
		String limited = post(LIMITED, STREAM.formatted(options)).body();
		assertThat(backend.requests().get(0)).contains("\"include_usage\":true");
		if (options.contains("obfuscation")) {
			assertThat(backend.requests().get(0)).contains("\"include_obfuscation\":false");
		}
		assertThat(used("limited")).isEqualTo(12);
		String free = post(FREE, STREAM.formatted(options)).body();
		assertThat(backend.requests().get(1)).doesNotContain("\"include_usage\":true");
		assertThat(limited).isEqualTo(free).endsWith(DONE).doesNotContain("usage");
	}

	@Test
	void aClientThatAsksForUsageItselfGetsIt() {
		backend.script(ClientLimitTests::stream);
		String options = "\"stream_options\":{\"include_usage\":true},";
		String limited = post(LIMITED, STREAM.formatted(options)).body();
		assertThat(limited).isEqualTo(post(FREE, STREAM.formatted(options)).body()).contains(USAGE, "\"usage\":null");
		assertThat(used("limited")).isEqualTo(12);
	}

	@Test
	void aClientWithoutALimitOfTokensIsNotAffected() {
		backend.script(ClientLimitTests::stream);
		post(REQUESTS, STREAM.formatted(""));
		post(FREE, STREAM.formatted(""));
		assertThat(backend.requests()).allSatisfy((request) -> assertThat(request).endsWith(STREAM.formatted("")));
	}

	@ParameterizedTest
	@ValueSource(strings = { "400 Bad Request|Unrecognized request argument supplied: stream_options|model-1",
			"422 Unprocessable Entity|extra fields not permitted|model-2", "400 Bad Request|bad request|model-3" })
	void aBackendThatRefusesTheOptionIsAskedWithoutItAndRemembered(String refusal) {
		String[] parts = refusal.split("\\|");
		backend.script(refusingOption(parts[0], parts[1]));
		String body = STREAM.formatted("").replace("gpt-4o", parts[2]);
		HttpResponse<String> reply = post(LIMITED, body);
		assertThat(reply.statusCode()).isEqualTo(200);
		assertThat(backend.requests()).hasSize(2);
		assertThat(reply.body()).endsWith(DONE);
		// the prompt's estimate and two deltas
		assertThat(used("limited")).isEqualTo(estimate(body) + 2);
		assertThat(post(LIMITED, body).statusCode()).isEqualTo(200);
		assertThat(backend.requests()).hasSize(3);
		assertThat(backend.requests().get(2)).doesNotContain("stream_options");
	}

	@Test
	void anInvalidRequestIsRefusedOnceTheBackendIsKnownToAcceptTheOption() {
		backend.script(ClientLimitTests::stream);
		String body = STREAM.formatted("").replace("gpt-4o", "model-4");
		assertThat(post(LIMITED, body).statusCode()).isEqualTo(200);
		backend.script(Scripts.responding("400 Bad Request", Bodies.CONTENT_FILTER));
		assertThat(post(LIMITED, body).statusCode()).isEqualTo(400);
		assertThat(backend.requests()).hasSize(2);
		backend.script(ClientLimitTests::stream);
		post(LIMITED, body);
		assertThat(backend.requests().get(2)).contains("stream_options");
		assertThat(used("limited")).isEqualTo(24);
	}

	@Test
	void anErrorThatNamesTheOptionDoesNotProveThatTheBackendRefusesIt() {
		String body = STREAM.formatted("").replace("gpt-4o", "model-5");
		for (boolean known : new boolean[] { false, true }) {
			backend.script(Scripts.responding("400 Bad Request",
					"{\"error\":{\"message\":\"Unknown parameter: stream_options.bogus\"}}"));
			assertThat(post(LIMITED, body).statusCode()).isEqualTo(400);
			backend.script(ClientLimitTests::stream);
			assertThat(post(LIMITED, body).statusCode()).isEqualTo(200);
			assertThat(backend.requests().get(backend.requests().size() - 1)).as("known: " + known)
				.contains("include_usage");
		}
	}

	@Test
	void c10AFormIsChargedItsUsageAndNeedsATokenThatIsLeft() {
		String form = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ngpt-image-1\r\n--b--\r\n";
		backend.script(Scripts.responding("200 OK",
				"{\"data\":[],\"usage\":{\"input_tokens\":600,\"output_tokens\":500,\"total_tokens\":1100}}"));
		String target = "/v1/images/edits?api-key=" + LIMITED;
		assertThat(weir.form(target, form, "b").statusCode()).isEqualTo(200);
		assertThat(used("limited")).isEqualTo(1100);
		assertThat(weir.form(target, form, "b").statusCode()).isEqualTo(429);
		assertThat(backend.requests()).hasSize(1);
	}

	private static int estimate(String body) {
		return (body.length() + 3) / 4;
	}

	@Test
	void aCancelledStreamIsChargedItsPromptAndTheDeltasThatCame() {
		Signal closed = new Signal();
		backend.script((call) -> {
			call.beginEvents();
			for (int i = 0; i < 5; i++) {
				call.chunk(CHUNK.formatted("w" + i, ",\"usage\":null"));
			}
			call.awaitClose(closed);
		});
		String body = STREAM.formatted("");
		try (RawClient client = RawClient.of(weir)) {
			client.post(CHATS, body, "api-key: " + LIMITED);
			client.readUntil("w4");
			assertThat(used("limited")).isEqualTo(estimate(body) + 100);
		}
		await().until(() -> used("limited") == estimate(body) + 5);
	}

	@Test
	void aClientThatLeavesBeforeTheResponseIsChargedItsPrompt() {
		Signal closed = new Signal();
		backend.script((call) -> call.awaitClose(closed));
		try (RawClient client = RawClient.of(weir)) {
			client.post(CHATS, Bodies.CHAT, "api-key: " + LIMITED);
			await().until(() -> backend.requests().size() == 1);
		}
		await().until(() -> used("limited") == estimate(Bodies.CHAT));
	}

	@Test
	void aRequestThatNoBackendServesCostsNothing() {
		backend.script(Scripts.responding("500 Internal Server Error", "{}"));
		assertThat(chat(LIMITED).statusCode()).isGreaterThanOrEqualTo(500);
		assertThat(used("limited")).isZero();
		assertThat(chat(REQUESTS).statusCode()).isGreaterThanOrEqualTo(500);
		await().until(() -> used("requests") == 0);
	}

	@Test
	void aRequestThatTheBackendFindsInvalidCountsButCostsNoTokens() {
		backend.script(Scripts.responding("400 Bad Request", Bodies.CONTENT_FILTER));
		assertThat(chat(LIMITED).statusCode()).isEqualTo(400);
		await().until(() -> used("limited") == 0);
		assertThat(chat(REQUESTS).statusCode()).isEqualTo(400);
		await().until(() -> JsonPath.<Integer>read(report("requests"), "$.inFlight") == 0);
		assertThat(used("requests")).isEqualTo(1);
	}

	@Test
	void embeddingsReserveTheirInputOnlyAndModelsHaveTheirOwnLimits() {
		String usage = "{\"object\":\"list\",\"data\":[],\"model\":\"e\",\"usage\":{\"prompt_tokens\":40,\"total_tokens\":40}}";
		backend.script(Scripts.responding("200 OK", usage));
		String body = "{\"model\":\"text-e\",\"input\":\"a\"}";
		HttpResponse<String> reply = weir.post("/v1/embeddings", body, "api-key", SMALL);
		assertThat(reply.statusCode()).isEqualTo(200);
		// the tightest limit
		assertThat(header(reply, "x-ratelimit-limit-tokens")).isEqualTo("50");
		assertThat(header(reply, "x-ratelimit-remaining-tokens")).isEqualTo("10");
		assertThat(weir.post("/v1/embeddings", body, "api-key", SMALL).statusCode()).isEqualTo(200);
		HttpResponse<String> refused = weir.post("/v1/embeddings", body, "api-key", SMALL);
		assertThat(refused.statusCode()).isEqualTo(429);
		assertThat(refused.body()).contains("50 tokens per minute for the models text-*: used 80");
		HttpResponse<String> other = post(SMALL, "{\"model\":\"gpt-4o\",\"max_tokens\":10,\"messages\":[]}");
		assertThat(other.statusCode()).isEqualTo(200);
		assertThat(header(other, "x-ratelimit-limit-tokens")).isEqualTo("200");
	}

	@Test
	void aClientMayRunOnlySoManyRequestsAtOnceAndAPlaceIsFreeWhenAReplyEnds() {
		Signal release = new Signal();
		backend.script((call) -> {
			call.beginEvents();
			call.chunk(CHUNK.formatted("a", ""));
			release.await(Duration.ofSeconds(30));
			call.chunk(LAST.formatted("") + DONE);
			call.endChunks();
		});
		try (RawClient client = RawClient.of(weir)) {
			client.post(CHATS, STREAM.formatted(""), "api-key: " + SINGLE);
			client.readUntil("content");
			HttpResponse<String> refused = chat(SINGLE);
			assertThat(refused.statusCode()).isEqualTo(429);
			assertThat(refused.body()).contains("1 requests running", "max-concurrent");
			assertThat(header(refused, "retry-after-ms")).isEqualTo("1000");
			release.send();
			client.readUntil(RawClient.LAST_CHUNK);
		}
		backend.script(Scripts.SERVES);
		await().until(() -> chat(SINGLE).statusCode() == 200);
	}

	@Test
	void aPlaceIsFreeWhenAClientLeaves() {
		Signal closed = new Signal();
		backend.script((call) -> call.awaitClose(closed));
		try (RawClient client = RawClient.of(weir)) {
			client.post(CHATS, Bodies.CHAT, "api-key: " + SINGLE);
			await().until(() -> backend.requests().size() == 1);
			assertThat(chat(SINGLE).statusCode()).isEqualTo(429);
		}
		backend.script(Scripts.SERVES);
		await().until(() -> chat(SINGLE).statusCode() == 200);
	}

	@Test
	void theActuatorShowsTheUseOfEachWindowToOperators() {
		chat(LIMITED);
		post(LIMITED, "{\"model\":\"gpt-4o\",\"max_tokens\":1000,\"messages\":[]}");
		String all = get("/actuator/clients");
		assertThat(JsonPath.<List<String>>read(all, "$.clients[*].name")).containsExactly("limited", "free", "small",
				"requests", "single");
		String limited = get("/actuator/clients/limited");
		assertThat(JsonPath.<Object>read(limited, "$.limits[0]").toString()).contains("limit=tokens-per-minute",
				"allowed=1000", "used=2", "remaining=998", "windowRemainingMillis=4750");
		assertThat(JsonPath.<Integer>read(limited, "$.refused")).isPositive();
		assertThat(get("/actuator/clients/nobody")).doesNotContain("limits");
		assertThat(get("/actuator/clients", LIMITED).status()).isEqualTo(403);
		assertThat(get("/actuator/metrics/weir.clients.refused")).contains("tokens-per-minute");
		assertThat(all).doesNotContain(LIMITED, OPERATOR);
	}

	private static RawWebSocket connect(String target, String key) {
		return RawWebSocket.connect(weir, target, "api-key: " + key);
	}

	@Test
	void eachResponseOfAWebSocketIsARequest() {
		backend.script((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			for (RawWebSocket.Frame frame = socket.next(); frame.opcode() == RawWebSocket.TEXT; frame = socket.next()) {
				socket.text("{\"type\":\"response.created\",\"response\":{\"id\":\"r\",\"usage\":null}}");
				socket.text("{\"type\":\"response.output_text.delta\",\"response_id\":\"r\",\"delta\":\"a\"}");
				socket.text("{\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"usage\":"
						+ "{\"input_tokens\":30,\"output_tokens\":20,\"total_tokens\":50}}}");
			}
			socket.close(1000, "");
		});
		String create = "{\"type\":\"response.create\",\"model\":\"gpt-4o\",\"input\":\"hi\"}";
		try (RawWebSocket client = connect("/v1/responses", LIMITED)) {
			assertThat(client.reply().status()).isEqualTo(101);
			assertThat(used("limited")).isZero();
			for (int i = 1; i <= 2; i++) {
				client.text(create);
				assertThat(client.nextText()).contains("created");
				assertThat(client.nextText()).contains("delta");
				assertThat(client.nextText()).contains("completed");
				int tokens = 50 * i;
				await().until(() -> used("limited") == tokens);
			}
			client.text(create.replace("}", ",\"max_output_tokens\":950}"));
			assertThat(client.nextText()).contains("\"status\":429", "rate_limit_exceeded", "\"type\":\"tokens\"",
					"retry-after-ms");
			client.text(create);
			assertThat(client.nextText()).contains("created");
		}
		try (RawWebSocket client = connect("/v1/responses", REQUESTS)) {
			for (int i = 0; i < 2; i++) {
				client.text(create);
				for (int k = 0; k < 3; k++) {
					client.nextText();
				}
			}
			client.text(create);
			assertThat(client.nextText()).contains("\"status\":429", "\"type\":\"requests\"");
		}
	}

	@Test
	void aRealtimeSessionIsOneRequestAndEachOfItsResponsesIsCharged() {
		backend.script((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			for (RawWebSocket.Frame frame = socket.next(); frame.opcode() == RawWebSocket.TEXT; frame = socket.next()) {
				socket.text("{\"type\":\"response.done\",\"response\":{\"usage\":"
						+ "{\"input_tokens\":400,\"output_tokens\":200,\"total_tokens\":600}}}");
			}
			socket.close(1000, "");
		});
		try (RawWebSocket client = connect("/v1/realtime?model=gpt-4o", LIMITED)) {
			for (int i = 1; i <= 2; i++) {
				client.text("{}");
				assertThat(client.nextText()).contains("response.done");
				int tokens = 600 * i;
				await().until(() -> used("limited") == tokens);
			}
			RawWebSocket refused = connect("/v1/realtime?model=gpt-4o", LIMITED);
			assertThat(refused.reply().status()).isEqualTo(429);
			refused.close();
		}
		try (RawWebSocket client = connect("/v1/realtime?model=gpt-4o", SINGLE)) {
			assertThat(client.reply().status()).isEqualTo(101);
			assertThat(chat(SINGLE).statusCode()).isEqualTo(429);
		}
		backend.script(Scripts.SERVES);
		await().until(() -> chat(SINGLE).statusCode() == 200);
		// 200 of the next minute are gone
		time.advance(4750);
		assertThat(header(chat(LIMITED), "x-ratelimit-remaining-tokens")).isEqualTo("798");
	}

	@Test
	void c27OneClientCannotTakeAllBufferedMemory() {
		String part = "{\"model\":\"gpt-4o\",\"pad\":\"" + "x".repeat(400_000);
		String head = RawClient.head("POST " + CHATS, "content-type: application/json", "content-length: 450000",
				"api-key: ");
		try (WeirServer small = WeirServer.start(WeirServer.pool("", WeirServer.backend("a", backend.url()))
				+ "  max-buffered: 1MB\n  clients: [{name: one," + " key: " + LIMITED + "}, {name: other, key: " + FREE
				+ "}]\n");
				RawClient first = RawClient.of(small);
				RawClient second = RawClient.of(small);
				RawClient other = RawClient.of(small)) {
			first.write(head.replace("api-key: ", "api-key: " + LIMITED) + part);
			BufferBudget budget = small.bean(BufferBudget.class);
			await().until(() -> budget.used() >= 400_000);
			second.write(head.replace("api-key: ", "api-key: " + LIMITED) + part);
			RawReply refused = second.readReply();
			assertThat(refused.status()).isEqualTo(503);
			assertThat(refused.text()).contains("The memory for request bodies of this client is full",
					"half of weir.max-buffered");
			other.write(head.replace("api-key: ", "api-key: " + FREE) + part + "x".repeat(450_000 - part.length() - 2)
					+ "\"}");
			assertThat(other.readReply().status()).isEqualTo(200);
			first.write("x".repeat(450_000 - part.length() - 2) + "\"}");
			assertThat(first.readReply().status()).isEqualTo(200);
		}
	}

	@Test
	void twoClientsThroughTheSdkOneOfThemLimitedTo1000TokensAMinute() {
		backend.script((call) -> {
			if (call.request().contains("\"stream\":true")) {
				streamOf(call, 50, 190);
			}
			else {
				call.respond("200 OK",
						Bodies.COMPLETION.replace("\"prompt_tokens\":1,\"completion_tokens\":1,\"total_tokens\":2",
								"\"prompt_tokens\":60,\"completion_tokens\":240,\"total_tokens\":300"));
			}
		});
		List<String> log = new ArrayList<>();
		Tally limited = new Tally("limited", LIMITED, log);
		Tally free = new Tally("free", FREE, log);
		for (int minute = 1; minute <= 3; minute++) {
			log.add("minute " + minute);
			for (int i = 0; i < 4; i++) {
				limited.whole();
				limited.streamed();
				free.whole();
				free.streamed();
			}
			log.add("  limited: used " + used("limited") + " of 1000");
			time.advance(Duration.ofMinutes(1));
		}
		System.out.println(String.join("\n", log));
		System.out.printf(
				"limited: %d tokens in 3 minutes, %d served, %d refused; free: %d tokens, %d served, %d" + " refused%n",
				limited.tokens, limited.served, limited.refused, free.tokens, free.served, free.refused);
		assertThat(limited.tokens).isEqualTo(limited.expected);
		assertThat(limited.tokensPerMinute()).allSatisfy((tokens) -> assertThat(tokens).isLessThanOrEqualTo(1000));
		assertThat(limited.refused).isPositive();
		assertThat(free.refused).isZero();
		assertThat(free.tokens).isEqualTo(12 * (300 + 240));
	}

	private static void streamOf(RawBackend.Call call, int prompt, int completion) throws IOException {
		boolean asked = call.request().contains("\"include_usage\":true");
		call.beginEvents();
		call.chunk(CHUNK.formatted("hello", asked ? ",\"usage\":null" : "")
				+ LAST.formatted(asked ? ",\"usage\":null" : ""));
		call.chunk((asked ? USAGE.replace("\"prompt_tokens\":9,\"completion_tokens\":3,\"total_tokens\":12",
				"\"prompt_tokens\":" + prompt + ",\"completion_tokens\":" + completion + ",\"total_tokens\":"
						+ (prompt + completion))
				: "") + DONE);
		call.endChunks();
	}

	/** Calls with the SDK and counts what the backend has reported for the client. */
	private static final class Tally {

		private final String name;

		private final OpenAIClient sdk;

		private final List<String> log;

		private final List<Long> minutes = new ArrayList<>();

		private long tokens;

		private long expected;

		private int served;

		private int refused;

		Tally(String name, String key, List<String> log) {
			this.name = name;
			this.log = log;
			this.sdk = OpenAIOkHttpClient.builder()
				.baseUrl(weir.uri("/v1").toString())
				.apiKey(key)
				.maxRetries(0)
				.build();
		}

		void whole() {
			call("whole", 300, (params) -> {
				ChatCompletion completion = this.sdk.chat().completions().create(params);
				return completion.usage().orElseThrow().totalTokens();
			});
		}

		void streamed() {
			call("streamed", 240, (params) -> {
				try (StreamResponse<ChatCompletionChunk> stream = this.sdk.chat()
					.completions()
					.createStreaming(params)) {
					List<ChatCompletionChunk> chunks = stream.stream().toList();
					assertThat(chunks).hasSize(2).allSatisfy((chunk) -> assertThat(chunk.usage()).isEmpty());
					assertThat(chunks.stream()
						.flatMap((chunk) -> chunk.choices().stream())
						.flatMap((choice) -> choice.delta().content().stream())
						.collect(Collectors.joining())).isEqualTo("hello");
				}
				return 240L;
			});
		}

		private void call(String kind, long cost, Function<ChatCompletionCreateParams, Long> run) {
			ChatCompletionCreateParams params = ChatCompletionCreateParams.builder()
				.model("gpt-4o")
				.maxCompletionTokens(300)
				.addUserMessage("hi")
				.build();
			int before = this.name.equals("limited") ? used("limited") : 0;
			RateLimitException[] error = new RateLimitException[1];
			long[] total = new long[1];
			error[0] = catchThrowableOfType(RateLimitException.class, () -> total[0] = run.apply(params));
			if (error[0] != null) {
				this.refused++;
				this.log.add("  " + this.name + " " + kind + ": 429, retry after "
						+ error[0].headers().values("retry-after-ms") + " ms");
				return;
			}
			this.served++;
			this.tokens += total[0];
			this.expected += cost;
			if (this.name.equals("limited")) {
				int after = used("limited");
				this.minutes.add((long) after);
				this.log.add("  limited " + kind + ": " + total[0] + " tokens, charged " + (after - before));
				assertThat(after - before).isEqualTo((int) cost);
			}
			else {
				this.log.add("  " + this.name + " " + kind + ": " + total[0] + " tokens");
			}
		}

		List<Long> tokensPerMinute() {
			return this.minutes;
		}

	}

}
