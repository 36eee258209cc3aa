package dev.weir.affinity;

import java.net.http.HttpResponse;
import java.util.List;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseIncludable;
import com.openai.models.responses.ResponseInputItem;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.PoolsYaml;
import dev.weir.testing.RawBackend;
import dev.weir.testing.Scripts;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Encrypted reasoning, which only the backend that made it can read.
 */
class ReasoningTests {

	private static final int POOLS = 40;

	private static final RawBackend[] BACKENDS = new RawBackend[2];

	private static WeirServer weir;

	private static int used;

	private final Model[] models = { new Model("a"), new Model("b") };

	private String pool;

	@BeforeAll
	static void start() {
		PoolsYaml yaml = new PoolsYaml();
		for (int i = 0; i < BACKENDS.length; i++) {
			BACKENDS[i] = RawBackend.start(Scripts.UNUSED);
		}
		for (int i = 0; i < POOLS; i++) {
			for (String policy : List.of("drop", "strict")) {
				String pool = policy + "-" + i;
				yaml.route("{id: " + pool + ", uri: 'lb://" + pool + "', predicates: ['Path=/" + pool
						+ "/**'], filters: [StripPrefix=1]}")
					.poolWithoutRoute(pool,
							"max-wait: 300ms" + (policy.equals("strict") ? ", affinity: {reasoning: strict}" : ""),
							PoolsYaml.backend(pool + "-a", "azure", BACKENDS[0].url()),
							PoolsYaml.backend(pool + "-b", "azure", BACKENDS[1].url(), "priority: 2"));
			}
		}
		weir = WeirServer.start(yaml.toString());
	}

	@AfterAll
	static void stop() {
		weir.close();
		for (RawBackend backend : BACKENDS) {
			backend.close();
		}
	}

	@BeforeEach
	void choosePool() {
		this.pool = "drop-" + used++;
		for (int i = 0; i < BACKENDS.length; i++) {
			BACKENDS[i].script(this.models[i]);
			BACKENDS[i].requests().clear();
		}
	}

	private void strict() {
		this.pool = this.pool.replace("drop", "strict");
	}

	private HttpResponse<String> respond(String input, String more) {
		return weir.post("/" + this.pool + "/v1/responses",
				"{\"model\":\"gpt-5\",\"store\":false,\"include\":[\"reasoning.encrypted_content\"],\"input\":[" + input
						+ "]" + more + "}");
	}

	private HttpResponse<String> respond(String input) {
		return respond(input, "");
	}

	/** The reasoning of a first turn on the backend that takes it. */
	private String firstTurn(boolean stream) {
		HttpResponse<String> reply = respond("{\"role\":\"user\",\"content\":\"hi\"}",
				stream ? ",\"stream\":true" : "");
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
		int from = reply.body().lastIndexOf("\"encrypted_content\":\"") + "\"encrypted_content\":\"".length();
		return reply.body().substring(from, reply.body().indexOf('"', from));
	}

	private static String reasoning(String content) {
		return "{\"type\":\"reasoning\",\"id\":\"rs_" + content.hashCode()
				+ "\",\"summary\":[],\"encrypted_content\":\"" + content
				+ "\"},{\"type\":\"message\",\"role\":\"assistant\",\"id\":\"msg_" + content.hashCode()
				+ "\",\"content\":[{\"type\":\"output_text\",\"text\":\"a\"}]},{\"role\":\"user\",\"content\":\"and?\"}";
	}

	private void fail(int backend) {
		BACKENDS[backend].script(Scripts.responding("503 Service Unavailable", "{}", "retry-after: 20"));
	}

	private static String last(int backend) {
		List<String> requests = BACKENDS[backend].requests();
		return requests.get(requests.size() - 1);
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void s5ReasoningGoesToTheBackendThatMadeIt(boolean stream) {
		fail(0);
		String made = firstTurn(stream);
		assertThat(made).startsWith("b-");
		BACKENDS[0].script(this.models[0]);
		int before = BACKENDS[0].requests().size();
		HttpResponse<String> reply = respond(reasoning(made.replace("+", "\\u002B")));
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
		assertThat(reply.headers().firstValue("x-weir-backend")).hasValue(this.pool + "-b");
		assertThat(reply.headers().firstValue("x-weir-reasoning")).isEmpty();
		assertThat(BACKENDS[0].requests()).hasSize(before);
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void s5ReasoningOfABackendOutOfServiceIsLeftOutWithAHeader(boolean stream) {
		String made = firstTurn(stream);
		assertThat(made).startsWith("a-");
		fail(0);
		HttpResponse<String> reply = respond(reasoning(made), stream ? ",\"stream\":true" : "");
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
		assertThat(reply.headers().firstValue("x-weir-reasoning")).hasValue("dropped");
		assertThat(reply.headers().firstValue("x-weir-backend")).hasValue(this.pool + "-b");
		assertThat(last(1)).doesNotContain("reasoning\",\"id", "rs_", "msg_", made)
			.contains("\"role\":\"assistant\"", "and?");
	}

	@Test
	void s5AThrottledBackendIsWaitedForBeforeItsReasoningIsLeftOut() {
		String made = firstTurn(false);
		BACKENDS[0].script((call) -> {
			BACKENDS[0].script(this.models[0]);
			call.respond("429 Too Many Requests", "{}", "retry-after-ms: 100");
		});
		HttpResponse<String> reply = respond(reasoning(made));
		assertThat(reply.headers().firstValue("x-weir-backend")).hasValue(this.pool + "-a");
		assertThat(reply.headers().firstValue("x-weir-reasoning")).isEmpty();
		BACKENDS[0].script(Scripts.throttling("retry-after: 30"));
		for (int i = 0; i < 2; i++) {
			reply = respond(reasoning(made));
			assertThat(reply.headers().firstValue("x-weir-backend")).hasValue(this.pool + "-b");
			assertThat(reply.headers().firstValue("x-weir-reasoning")).hasValue("dropped");
		}
	}

	@Test
	void s5WithStrictTheErrorNamesTheBackend() {
		strict();
		String made = firstTurn(false);
		fail(0);
		respond(reasoning(made));
		HttpResponse<String> reply = respond(reasoning(made));
		assertThat(reply.statusCode()).isEqualTo(503);
		assertThat(reply.body()).contains(this.pool + "-a");
		assertThat(BACKENDS[1].requests()).isEmpty();
	}

	@Test
	void s5ReasoningOfUnknownOriginIsTriedOnTheOtherBackendOnce() {
		HttpResponse<String> reply = respond(reasoning("b-unknown"));
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
		assertThat(reply.headers().firstValue("x-weir-backend")).hasValue(this.pool + "-b");
		assertThat(reply.headers().firstValue("x-weir-reasoning")).isEmpty();
		assertThat(BACKENDS[0].requests()).hasSize(1);
		// nothing is set aside
		assertThat(respond("{\"role\":\"user\",\"content\":\"hi\"}").headers().firstValue("x-weir-backend"))
			.hasValue(this.pool + "-a");
	}

	@Test
	void s5AnErrorInPlaceOfTheFirstEventIsTheSame() {
		BACKENDS[0].script((call) -> {
			call.beginEvents();
			call.chunk("event: error\ndata: {\"type\":\"error\",\"code\":\"invalid_encrypted_content\","
					+ "\"message\":\"The encrypted content could not be verified.\",\"param\":null}\n\n");
			call.endChunks();
		});
		HttpResponse<String> reply = respond(reasoning("b-unknown"), ",\"stream\":true");
		assertThat(reply.headers().firstValue("x-weir-backend")).hasValue(this.pool + "-b");
		assertThat(reply.body()).contains("response.completed").doesNotContain("could not be verified");
	}

	@Test
	void s5ItemsThatABackendStoresAreLeftOutLikeEncryptedOnes() {
		HttpResponse<String> first = weir.post("/" + this.pool + "/v1/responses",
				"{\"model\":\"gpt-5\",\"input\":\"hi\"}");
		assertThat(first.statusCode()).isEqualTo(200);
		String history = "{\"type\":\"reasoning\",\"id\":\"rs_" + this.pool + "a1\",\"summary\":[]},"
				+ "{\"type\":\"message\",\"role\":\"assistant\",\"id\":\"msg_" + this.pool
				+ "a1\",\"content\":\"ok\"},{\"role\":\"user\",\"content\":\"and?\"}";
		fail(0);
		HttpResponse<String> reply = respond(history);
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
		assertThat(reply.headers().firstValue("x-weir-reasoning")).hasValue("dropped");
		assertThat(last(1)).doesNotContain("rs_", "msg_");
		reply = respond("{\"type\":\"item_reference\",\"id\":\"rs_" + this.pool + "a1\"}," + history);
		assertThat(reply.statusCode()).isEqualTo(503);
		assertThat(reply.body()).contains(this.pool + "-a");
	}

	@Test
	void s5ReasoningThatNoBackendKnowsIsLeftOut() {
		HttpResponse<String> reply = respond(reasoning("x-lost"));
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
		assertThat(reply.headers().firstValue("x-weir-reasoning")).hasValue("dropped");
		assertThat(reply.headers().firstValue("x-weir-attempts")).hasValue("3");
		assertThat(BACKENDS[1].requests()).hasSize(1);
	}

	@Test
	void s5WithStrictTheBackendsErrorIsPassedOnIfNoBackendKnowsTheReasoning() {
		strict();
		HttpResponse<String> reply = respond(reasoning("x-lost"));
		assertThat(reply.statusCode()).isEqualTo(400);
		assertThat(reply.body()).contains("invalid_encrypted_content");
		assertThat(BACKENDS[0].requests()).hasSize(1);
		assertThat(BACKENDS[1].requests()).hasSize(1);
	}

	@ParameterizedTest
	@CsvSource({ "0, 502 Bad Gateway", "1, 502 Bad Gateway", "0, 429 Too Many Requests", "1, 429 Too Many Requests",
			"0, 413 Content Too Large", "1, 413 Content Too Large" })
	void s5UnknownReasoningIsLeftOutInEachOrderIfTheOtherBackendFails(int failing, String status) {
		String code = status.startsWith("413") ? "tokens_limit_reached" : "failed";
		BACKENDS[failing]
			.script(Scripts.responding(status, "{\"error\":{\"code\":\"" + code + "\",\"message\":\"failed\"}}"));
		HttpResponse<String> reply = respond(reasoning("x-lost"));
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
		assertThat(reply.headers().firstValue("x-weir-reasoning")).hasValue("dropped");
		assertThat(reply.headers().firstValue("x-weir-backend")).hasValue(this.pool + ((failing == 0) ? "-b" : "-a"));
		assertThat(BACKENDS[failing].requests()).hasSize(1);
		assertThat(BACKENDS[1 - failing].requests()).hasSize(2);
	}

	@ParameterizedTest
	@CsvSource({ "0, 502 Bad Gateway, 502", "1, 502 Bad Gateway, 502", "0, 429 Too Many Requests, 429",
			"1, 429 Too Many Requests, 429" })
	void s5WithStrictTheErrorIsTheSameInEachOrderIfABackendMayKnowTheReasoning(int failing, String status,
			int expected) {
		strict();
		BACKENDS[failing].script(Scripts.responding(status, "{\"error\":{\"message\":\"failed\"}}"));
		HttpResponse<String> reply = respond(reasoning("x-lost"));
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(expected);
		assertThat(BACKENDS[0].requests()).hasSize(1);
		assertThat(BACKENDS[1].requests()).hasSize(1);
	}

	@ParameterizedTest
	@ValueSource(ints = { 0, 1 })
	void s5WithStrictABackendInCooldownMayKnowTheReasoning(int throttled) {
		strict();
		BACKENDS[throttled].script(Scripts.throttling("retry-after: 30"));
		for (int i = 0; i < 2; i++) {
			HttpResponse<String> reply = respond(reasoning("x-lost"));
			assertThat(reply.statusCode()).as(reply.body()).isEqualTo(429);
			assertThat(reply.body()).contains("do not know the encrypted reasoning",
					this.pool + ((throttled == 0) ? "-a" : "-b") + " cannot be called now");
			assertThat(Integer.parseInt(reply.headers().firstValue("retry-after").orElseThrow())).isBetween(25, 30);
		}
		assertThat(BACKENDS[throttled].requests()).hasSize(1);
	}

	@Test
	void s5WithStrictABackendInAShortCooldownIsWaitedFor() {
		strict();
		BACKENDS[1].script((call) -> {
			BACKENDS[1].script(this.models[1]);
			call.respond("429 Too Many Requests", "{}", "retry-after-ms: 100");
		});
		assertThat(respond(reasoning("x-lost")).statusCode()).isEqualTo(429);
		assertThat(respond(reasoning("x-lost")).statusCode()).isEqualTo(400);
		assertThat(BACKENDS[1].requests()).hasSize(2);
	}

	@Test
	void s5WithStrictABackendThatDoesNotServeTheModelDoesNotKnowTheReasoning() {
		strict();
		BACKENDS[1].script(Scripts.responding("404 Not Found", Bodies.NO_DEPLOYMENT));
		HttpResponse<String> reply = respond(reasoning("x-lost"));
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(400);
		assertThat(reply.body()).contains("invalid_encrypted_content");
	}

	@Test
	void s5OfTheReasoningOfTwoBackendsTheOlderOneIsLeftOut() {
		String first = firstTurn(false);
		fail(0);
		String second = firstTurn(false);
		assertThat(second).startsWith("b-");
		BACKENDS[0].script(this.models[0]);
		HttpResponse<String> reply = respond(reasoning(first) + "," + reasoning(second));
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
		assertThat(reply.headers().firstValue("x-weir-backend")).hasValue(this.pool + "-b");
		assertThat(reply.headers().firstValue("x-weir-reasoning")).hasValue("dropped");
		assertThat(last(1)).contains(second, "rs_" + second.hashCode(), "msg_" + second.hashCode())
			.doesNotContain(first, "rs_" + first.hashCode(), "msg_" + first.hashCode());
	}

	@Test
	void s5ReasoningOfTheSameResourceStaysWhateverTheNameOfItsBackendWas() {
		String first = firstTurn(false);
		choosePool();
		String second = firstTurn(false);
		fail(0);
		String other = firstTurn(false);
		BACKENDS[0].script(this.models[0]);
		choosePool();
		assertThat(List.of(first, second, other)).extracting((made) -> made.substring(0, 2))
			.containsExactly("a-", "a-", "b-");
		HttpResponse<String> reply = respond(reasoning(other) + "," + reasoning(first) + "," + reasoning(second));
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
		assertThat(reply.headers().firstValue("x-weir-backend")).hasValue(this.pool + "-a");
		assertThat(last(0)).contains(first, second).doesNotContain(other);
	}

	@Test
	void s5WithStrictTheReasoningOfTwoBackendsIsAnErrorThatNamesBoth() {
		strict();
		String first = firstTurn(false);
		BACKENDS[0].script(Scripts.throttling("retry-after-ms: 1"));
		String second = firstTurn(false);
		assertThat(second).startsWith("b-");
		HttpResponse<String> reply = respond(reasoning(first) + "," + reasoning(second));
		assertThat(reply.statusCode()).isEqualTo(400);
		assertThat(reply.body()).contains(this.pool + "-a", this.pool + "-b").doesNotContain(first);
	}

	@Test
	void compactedConversationsAreNeverLeftOut() {
		HttpResponse<String> compacted = weir.post("/" + this.pool + "/v1/responses/compact",
				"{\"model\":\"gpt-5\",\"input\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
		assertThat(compacted.statusCode()).as(compacted.body()).isEqualTo(200);
		String content = compacted.body().replaceAll("(?s).*\"encrypted_content\":\"([^\"]+)\".*", "$1");
		assertThat(content).startsWith("a-");
		String item = "{\"type\":\"compaction\",\"id\":\"cmp_1\",\"encrypted_content\":\"" + content + "\"}";
		assertThat(respond(item).headers().firstValue("x-weir-backend")).hasValue(this.pool + "-a");
		BACKENDS[0].script(Scripts.throttling("retry-after: 30"));
		HttpResponse<String> reply = respond(item);
		assertThat(reply.statusCode()).isEqualTo(429);
		assertThat(reply.body()).contains(this.pool + "-a");
		assertThat(BACKENDS[1].requests()).isEmpty();
	}

	@Test
	void theSdkContinuesWithReasoningOverAFailure() {
		OpenAIClient sdk = OpenAIOkHttpClient.builder()
			.baseUrl(weir.uri("/" + this.pool + "/v1").toString())
			.apiKey("key-of-the-application")
			.maxRetries(0)
			.build();
		ResponseCreateParams.Builder params = ResponseCreateParams.builder()
			.model("gpt-5")
			.store(false)
			.addInclude(ResponseIncludable.REASONING_ENCRYPTED_CONTENT);
		Response first = sdk.responses().create(params.input("hi").build());
		List<ResponseInputItem> items = first.output()
			.stream()
			.map((item) -> item.isReasoning() ? ResponseInputItem.ofReasoning(item.asReasoning())
					: ResponseInputItem.ofResponseOutputMessage(item.asMessage()))
			.toList();
		fail(0);
		Response second = sdk.responses().create(params.inputOfResponse(items).build());
		assertThat(second.output()).hasSize(2);
		assertThat(last(1)).doesNotContain("encrypted_content\":\"", "msg_");
		sdk.close();
	}

	/** A backend that reads only the reasoning that begins with its name. */
	private static final class Model implements RawBackend.Script {

		private final String name;

		private int turn;

		Model(String name) {
			this.name = name;
		}

		@Override
		public void run(RawBackend.Call call) throws java.io.IOException {
			String body = call.request().substring(call.request().indexOf("\r\n\r\n"));
			String[] parts = body.split("\"encrypted_content\":\"", -1);
			for (int i = 1; i < parts.length; i++) {
				if (!parts[i].startsWith(this.name + "-")) {
					call.respond("400 Bad Request",
							"{\"error\":{\"message\":\"The encrypted content gAAA...5Q== could not be verified."
									+ " Reason: Encrypted content could not be decrypted or parsed.\","
									+ "\"type\":\"invalid_request_error\",\"param\":null,"
									+ "\"code\":\"invalid_encrypted_content\"}}");
					return;
				}
			}
			String pool = call.request().replaceAll("(?s).*key-of-(\\w+-\\d+)-.*", "$1");
			String content = this.name + "-" + ++this.turn + "+" + "g".repeat(2000);
			String reasoning = "{\"id\":\"rs_" + pool + this.name + this.turn
					+ "\",\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":\"" + content + "\"}";
			String message = "{\"id\":\"msg_" + pool + this.name + this.turn
					+ "\",\"type\":\"message\",\"role\":\"assistant\",\"status\":\"completed\",\"content\":"
					+ "[{\"type\":\"output_text\",\"text\":\"ok\",\"annotations\":[]}]}";
			if (call.request().contains("/compact")) {
				call.respond("200 OK", "{\"id\":\"resp_c\",\"object\":\"response.compaction\",\"output\":[{\"type\":"
						+ "\"compaction\",\"id\":\"cmp_1\",\"encrypted_content\":\"" + content + "\"}]}");
				return;
			}
			String response = "{\"id\":\"resp_" + this.name + this.turn
					+ "\",\"object\":\"response\",\"status\":\"completed\",\"created_at\":1,\"model\":\"gpt-5\","
					+ "\"output\":[" + reasoning + "," + message + "]}";
			if (!body.contains("\"stream\":true")) {
				call.respond("200 OK", response);
				return;
			}
			call.beginEvents();
			event(call, "response.created", "\"response\":{\"id\":\"resp_1\",\"status\":\"in_progress\"}");
			event(call, "response.output_item.added",
					"\"item\":{\"id\":\"rs_1\",\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":\"partial\"}");
			event(call, "response.output_item.done", "\"item\":" + reasoning);
			event(call, "response.output_text.delta", "\"delta\":\"ok\"");
			event(call, "response.output_item.done", "\"item\":" + message);
			event(call, "response.completed", "\"response\":" + response);
			call.endChunks();
		}

		private static void event(RawBackend.Call call, String type, String data) throws java.io.IOException {
			call.chunk("event: " + type + "\ndata: {\"type\":\"" + type + "\"," + data + "}\n\n");
		}

	}

}
