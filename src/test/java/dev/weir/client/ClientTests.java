package dev.weir.client;

import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.MockBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.RawReply;
import dev.weir.testing.RawWebSocket;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Strangers get 401 and clients get what they may use.
 */
class ClientTests {

	private static final String CHAT = "chat-key-0123456789";

	private static final String NEXT = "chat-key-9876543210";

	private static final String SEARCH = "search-key-0123456789";

	private static final String OPERATOR = "operator-key-0123456789";

	private static MockBackend backend;

	private static WeirServer weir;

	@BeforeAll
	static void start() {
		backend = MockBackend.start();
		weir = WeirServer.start("""
				weir:
				  clients:
				    - name: chat
				      key: [%s, %s]
				      models: [gpt-4o*]
				    - name: search
				      key-sha256: %s
				      models: [text-embedding-3-small]
				      pools: [other]
				    - name: former
				      key: former-key-0123456789
				      expires: 2026-01-31
				  operators:
				    - name: ops
				      key: %s
				    - name: former-ops
				      key: former-operator-0123456789
				      expires: 2026-01-31
				%s""".formatted(CHAT, NEXT, sha256(SEARCH), OPERATOR,
				WeirServer
					.pool("",
							WeirServer.backend("a", backend.url(),
									"models: {gpt-4o: gpt-4o, gpt-4o-mini: mini, text-embedding-3-small: e3}"))
					.replace("weir:\n", "")));
	}

	@AfterAll
	static void stop() {
		weir.close();
		backend.close();
	}

	@BeforeEach
	void serve() {
		backend.serves();
	}

	private static String sha256(String key) {
		try {
			return HexFormat.of()
				.formatHex(MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8)));
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static HttpResponse<String> chat(String... headers) {
		return weir.post("/v1/chat/completions", Bodies.CHAT, headers);
	}

	@ParameterizedTest
	@CsvSource({ "authorization,Bearer " + CHAT, "Authorization,bearer  " + CHAT, "api-key," + CHAT, "api-key," + NEXT,
			"authorization,BEARER " + NEXT })
	void aClientIsServedWithEachOfItsKeysInEachHeader(String header, String value) {
		assertThat(chat(header, value).statusCode()).isEqualTo(200);
	}

	@Test
	void aKeyInTheQueryIsAcceptedAndNotForwarded() {
		assertThat(weir.post("/v1/chat/completions?api-key=" + CHAT, Bodies.CHAT).statusCode()).isEqualTo(200);
		assertThat(backend.onlyCall().toString()).doesNotContain(CHAT);
	}

	@Test
	void aPlaceholderBesideTheKeyDoesNoHarm() {
		assertThat(chat("authorization", "Bearer unused", "api-key", CHAT).statusCode()).isEqualTo(200);
	}

	@Test
	void aRequestWithoutAKeyGets401InOpenAisShape() {
		HttpResponse<String> reply = chat();
		assertThat(reply.statusCode()).isEqualTo(401);
		assertThat(reply.headers().firstValue("www-authenticate")).hasValue("Bearer");
		assertThat(reply.headers().firstValue("x-request-id")).isPresent();
		assertThat(reply.body()).contains("\"type\":\"invalid_request_error\"", "\"code\":\"invalid_api_key\"",
				"no API key");
		assertThat(backend.calls()).isEmpty();
	}

	@ParameterizedTest
	@ValueSource(strings = { "unknown-key-0123456789", "chat-key-012345678", "chat-key-01234567890", "", "*",
			"former-key-0123456789", OPERATOR, "key-of-a", "ek_unknown" })
	void anUnknownKeyGets401(String key) {
		HttpResponse<String> reply = chat("authorization", "Bearer " + key);
		assertThat(reply.statusCode()).isEqualTo(401);
		assertThat(backend.calls()).isEmpty();
		if (!key.isEmpty() && !key.equals("*")) {
			assertThat(reply.body()).doesNotContain(key);
		}
	}

	@Test
	void anExpiredKeyGetsTheReason() {
		assertThat(chat("api-key", "former-key-0123456789").body()).contains("client 'former'", "expired (2026-01-31)");
	}

	@Test
	void c08TheKeyIsNotSentToAServerThatBelongsToNoPool() {
		try (WeirServer other = WeirServer.start("""
				weir:
				  clients: [{name: chat, key: %1$s}]
				  pools.openai.backends: [{name: a, url: '%2$s', api-key: k}]
				spring.cloud.gateway.server.webflux.routes:
				  - {id: tools, uri: '%2$s', predicates: [Path=/tools/**], filters: ["AddRequestHeader=x-own, set"]}
				  - {id: credential, uri: '%2$s', predicates: [Path=/credential/**],
				     filters: ["AddRequestHeader=Authorization, Basic b3du"]}
				  - {id: openai, uri: lb://openai, predicates: [Path=/v1/**]}
				""".formatted(CHAT, backend.url()))) {
			for (String path : List.of("/tools/a", "/tools/a?api-key=" + CHAT, "/credential/a")) {
				backend.serves();
				String[] key = path.contains("?") ? new String[0]
						: new String[] { "authorization", "Bearer " + CHAT, "api-key", CHAT };
				assertThat(other.get(path, key).statusCode()).isEqualTo(200);
				assertThat(backend.onlyCall().toString()).doesNotContain(CHAT);
				assertThat(backend.onlyCall().getHeader("Authorization"))
					.isEqualTo(path.startsWith("/credential") ? "Basic b3du" : null);
			}
		}
	}

	// its chain and its firewall would undo what Weir does with paths and errors
	@Test
	void springSecurityFiltersNoRequest() {
		assertThat(weir.beans(Object.class).values()).extracting((bean) -> bean.getClass().getName())
			.noneMatch((name) -> name.startsWith("org.springframework.security"));
	}

	@Test
	void aStrangerIsRefusedBeforeTheBody() {
		try (RawClient client = RawClient.of(weir)) {
			client.write("POST /v1/chat/completions HTTP/1.1\r\nhost: weir\r\ncontent-type: application/json\r\n"
					+ "content-length: 1000000\r\nexpect: 100-continue\r\n\r\n");
			RawReply reply = client.readReply();
			assertThat(reply.status()).isEqualTo(401);
		}
	}

	@Test
	void aModelThatIsNotTheClientsGets403() {
		HttpResponse<String> reply = weir.post("/v1/embeddings",
				"{\"model\":\"text-embedding-3-small\",\"input\":\"a\"}", "api-key", CHAT);
		assertThat(reply.statusCode()).isEqualTo(403);
		assertThat(reply.body()).contains("'chat'", "'text-embedding-3-small'", "\"param\":\"model\"");
		assertThat(backend.calls()).isEmpty();
	}

	@Test
	void theDeploymentOfAToolInAHeaderIsCheckedLikeAModel() {
		String header = "x-ms-oai-image-generation-deployment";
		assertThat(chat("api-key", CHAT, header, "gpt-4o-images").statusCode()).isEqualTo(200);
		HttpResponse<String> reply = chat("api-key", CHAT, header, "other");
		assertThat(reply.statusCode()).isEqualTo(403);
		assertThat(reply.body()).contains("'other'");
		assertThat(backend.calls()).hasSize(1);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			/v1/threads/runs | {"model":"other"}
			/v1/assistants | {"model":"other"}
			/v1/fine_tuning/jobs | {"model":"other","training_file":"file-1"}
			/v1/responses | {"input":"a"}
			/v1/responses | {"model":"other","input":"a"}
			/openai/deployments/other/chat/completions?api-version=2024-10-21 | {"messages":[]}
			/v1/realtime/client_secrets | {"session":{"type":"realtime","model":"other"}}
			/v1/rerank | {"model":"other"}
			/v1/realtime/calls?model=other | {"session":{"type":"realtime","model":"gpt-4o"}}
			/v1/realtime/calls?model=other | v=0
			/v1/realtime/sessions | {"model":"other","session":{"model":"gpt-4o"}}
			/v1/realtime/calls/rtc_1/accept | {"type":"realtime","model":"other"}
			""")
	void aModelIsCheckedWhereverTheCallNamesIt(String path, String body) {
		HttpResponse<String> reply = weir.post(path, body, "api-key", CHAT);
		assertThat(reply.statusCode()).as(reply.body()).isEqualTo(403);
		assertThat(backend.calls()).isEmpty();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			POST | /v1/realtime/client_secrets | {}
			POST | /v1/realtime/client_secrets | ''
			POST | /v1/realtime/client_secrets | {"session":{"type":"transcription"}}
			POST | /v1/realtime/client_secrets | {"session":{"model":""}}
			POST | /v1/realtime/sessions | {}
			POST | /v1/realtime/transcription_sessions | {}
			POST | /v1/realtime/calls | v=0
			POST | /v1/realtime/calls/rtc_1/accept | {"type":"realtime"}
			POST | /v1/realtime/unknown | {}
			POST | /v1/videos | {"prompt":"a"}
			POST | /v1/videos | ''
			POST | /v1/video/generations/jobs | {"prompt":"a"}
			POST | /v1/engines/gpt-4o/chat/completions | {"messages":[]}
			POST | /v1/v1/chat/completions | {"messages":[]}
			POST | /v1/rerank | {}
			POST | /openai/images/generations:submit?api-version=2023-06-01 | {"prompt":"a"}
			POST | /openai/extensions/chat/completions?api-version=2023-06-01 | {"messages":[]}
			PATCH | /v1/whatever | {}
			GET | /v1/engines | ''
			DELETE | /v1/engines/gpt-4o | ''
			""")
	void aClientWithModelsMustNameTheModelThatABackendWouldChoose(String method, String path, String body) {
		RawReply reply = send(method + " " + path, body);
		assertThat(reply.status()).as(reply.text()).isEqualTo(403);
		assertThat(reply.text()).contains("must name its model");
		assertThat(backend.calls()).isEmpty();
	}

	@Test
	void aRealtimeSessionOfAClientWithModelsNeedsAModel() {
		for (String target : List.of("/v1/realtime?intent=transcription", "/openai/realtime?intent=transcription")) {
			try (RawWebSocket socket = RawWebSocket.connect(weir, target, "api-key: " + CHAT)) {
				assertThat(socket.reply().status()).isEqualTo(403);
			}
		}
		assertThat(backend.calls()).isEmpty();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			POST | /v1/realtime/client_secrets | {"session":{"type":"realtime","model":"gpt-4o"}}
			POST | /v1/realtime/sessions | {"model":"gpt-4o"}
			POST | /v1/realtime/calls?model=gpt-4o | v=0
			POST | /v1/realtime/calls/rtc_1/hangup | ''
			POST | /v1/videos | {"model":"gpt-4o"}
			POST | /v1/rerank | {"model":"gpt-4o"}
			POST | /v1/threads/runs | {"assistant_id":"asst_1"}
			POST | /openai/deployments/gpt-4o/whatever?api-version=2024-10-21 | {}
			POST | /v1/files | {"purpose":"batch"
			POST | /v1/fine_tuning/alpha/graders/run | {}
			""")
	void aClientWithModelsIsServedIfItNamesOneOfThemOrNoneIsRun(String method, String path, String body) {
		RawReply reply = send(method + " " + path, body);
		assertThat(reply.status()).as(reply.text()).isNotIn(400, 403, 415);
		assertThat(backend.calls()).isNotEmpty();
	}

	private static Stream<Arguments> unreadable() {
		String deep = "{\"a\":" + "[".repeat(600) + "]".repeat(600) + ",\"model\":\"other\"}";
		String digits = "{\"a\":" + "1".repeat(1001) + ",\"model\":\"other\"}";
		String name = "{\"" + "a".repeat(50_001) + "\":1,\"model\":\"other\"}";
		Stream<Arguments> common = Stream
			.of("/v1/threads/runs", "/v1/fine_tuning/jobs", "/v1/assistants", "/v1/rerank", "/v1/videos",
					"/v1/realtime/client_secrets", "/v1/realtime/calls")
			.flatMap((path) -> Stream.of(Arguments.of(path, deep, 400), Arguments.of(path, digits, 400),
					Arguments.of(path, name, 400),
					Arguments.of(path, "{\"model\":\"gpt-4o\",\"model\":\"other\"}", 400),
					Arguments.of(path, "{\"model\":\"gpt-4o\",\"Model\":\"other\"}", 400),
					Arguments.of(path, "{\"MODEL\":\"other\"}", 400),
					Arguments.of(path, "{\"m\\u006fdel\":\"gpt-4o\",\"model\":\"other\"}", 400),
					Arguments.of(path, "{\"model\":\"gpt-4o\"} {\"model\":\"other\"}", 400),
					Arguments.of(path, "{\"model\":\"gpt-4o\",}", 400), Arguments.of(path, "{\"model\":\"other\"", 400),
					Arguments.of(path, "[{\"model\":\"other\"}]", 415), Arguments.of(path, "model=other", 415)));
		Stream<Arguments> sessions = Stream
			.of("{\"session\":{\"model\":\"gpt-4o\",\"model\":\"other\"}}",
					"{\"session\":{\"model\":\"gpt-4o\",\"Model\":\"other\"}}",
					"{\"session\":{\"model\":\"gpt-4o\"},\"session\":{\"model\":\"other\"}}",
					"{\"session\":{\"model\":\"gpt-4o\"},\"Session\":{\"model\":\"other\"}}",
					"{\"session\":{\"model\":\"gpt-4o\",\"model\":null}}", "{\"session\":{\"model\":\"a\\u0000\"}}")
			.flatMap((body) -> Stream.of(Arguments.of("/v1/realtime/client_secrets", body, 400),
					Arguments.of("/v1/realtime/calls", body, 400)));
		return Stream.concat(common, sessions);
	}

	@ParameterizedTest
	@MethodSource("unreadable")
	void aBodyThatWeirDoesNotUnderstandIsRefusedWhereItMayNameAModel(String path, String body, int status) {
		RawReply reply = send("POST " + path, body);
		assertThat(reply.status()).as(reply.text()).isEqualTo(status);
		assertThat(backend.calls()).isEmpty();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			name="model"; filename="a"
			name="MODEL"
			""")
	void aFormWithAnotherModelIsRefused(String parameters) {
		String form = "--x\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ngpt-4o\r\n"
				+ "--x\r\nContent-Disposition: form-data; " + parameters + "\r\n\r\nother\r\n--x--\r\n";
		try (RawClient client = RawClient.of(weir)) {
			RawReply reply = client.send("POST /v1/videos", form.getBytes(StandardCharsets.UTF_8),
					"content-type: multipart/form-data; boundary=x", "api-key: " + CHAT);
			assertThat(reply.status()).as(reply.text()).isEqualTo(400);
		}
		assertThat(backend.calls()).isEmpty();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			/v1/videos | {"model":"other"} | 403
			/v1/threads/runs | {"model":"other"} | 403
			/v1/videos | abc | 415
			/v1/fine_tuning/jobs | abc | 415
			/v1/files | {"model":"other"} | 200
			/v1/uploads/u/parts | abc | 200
			""")
	void aBodyWithoutALengthIsReadWhereItMayNameAModelWhateverItsType(String path, String body, int status) {
		for (String type : List.of("application/octet-stream", "video/mp4")) {
			try (RawClient client = RawClient.of(weir)) {
				RawReply reply = client.sendChunked("POST " + path, body.getBytes(StandardCharsets.UTF_8), 5,
						"content-type: " + type, "api-key: " + CHAT);
				assertThat(reply.status()).as(reply.text()).isEqualTo(status);
			}
		}
		assertThat(backend.calls()).hasSize((status == 200) ? 2 : 0);
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/videos", "/v1/threads/runs", "/v1/fine_tuning/jobs", "/v1/realtime/client_secrets",
			"/v1/rerank" })
	void aBodyThatIsTooLargeToBeReadIsRefusedWhereItMayNameAModel(String path) {
		try (RawClient client = RawClient.of(weir)) {
			client.write("POST " + path + " HTTP/1.1\r\nhost: weir\r\ncontent-type: application/octet-stream\r\n"
					+ "api-key: " + CHAT + "\r\ncontent-length: 2000000000\r\n\r\n");
			assertThat(client.readReply().status()).isEqualTo(413);
		}
		assertThat(backend.calls()).isEmpty();
	}

	private static RawReply send(String requestLine, String body) {
		try (RawClient client = RawClient.of(weir)) {
			return client.send(requestLine, body.getBytes(StandardCharsets.UTF_8), "content-type: application/json",
					"api-key: " + CHAT);
		}
	}

	@Test
	void refusedRequestsAreCounted() {
		chat("api-key", "unknown-key-0123456789");
		HttpResponse<String> meters = get("/actuator/prometheus", "authorization", "Bearer " + OPERATOR);
		assertThat(meters.body()).containsPattern("weir_refused_total\\{.*status=\"401\".*\\} [1-9]");
	}

	@Test
	void aPoolThatIsNotTheClientsGets403() {
		HttpResponse<String> reply = weir.post("/v1/embeddings",
				"{\"model\":\"text-embedding-3-small\",\"input\":\"a\"}", "api-key", SEARCH);
		assertThat(reply.statusCode()).isEqualTo(403);
		assertThat(reply.body()).contains("pool openai", "pool_not_allowed");
	}

	@Test
	void theListOfModelsHasTheModelsOfTheClientOnly() {
		HttpResponse<String> list = get("/v1/models", "api-key", CHAT);
		assertThat(list.body()).contains("gpt-4o", "gpt-4o-mini").doesNotContain("text-embedding-3-small");
		assertThat(get("/v1/models/gpt-4o", "api-key", CHAT).statusCode()).isEqualTo(200);
		HttpResponse<String> other = get("/v1/models/text-embedding-3-small", "api-key", CHAT);
		assertThat(other.statusCode()).isEqualTo(403);
	}

	@Test
	void aPreflightNeedsNoKeyAndReachesNoBackend() {
		HttpResponse<String> reply = weir.send("OPTIONS", "/v1/chat/completions", "");
		assertThat(reply.statusCode()).isEqualTo(401);
		try (RawClient client = RawClient.of(weir)) {
			client.write("OPTIONS /v1/chat/completions HTTP/1.1\r\nhost: weir\r\norigin: https://app.example\r\n"
					+ "access-control-request-method: POST\r\n\r\n");
			assertThat(client.readReply().headers()).doesNotContainKey("access-control-allow-origin");
		}
		assertThat(backend.calls()).isEmpty();
	}

	@ParameterizedTest
	@ValueSource(strings = { "/actuator/health/liveness", "/actuator/health/readiness" })
	void strangersGetLivenessAndReadiness(String path) {
		HttpResponse<String> reply = weir.get(path);
		assertThat(reply.statusCode()).isEqualTo(200);
		assertThat(reply.body()).isEqualTo("{\"status\":\"UP\"}");
	}

	@ParameterizedTest
	@ValueSource(strings = { "/actuator", "/actuator/", "/actuator/health", "/actuator/health/", "/actuator/backends",
			"/actuator/gateway/routes", "/actuator/metrics", "/actuator/prometheus", "/%61ctuator/backends",
			"/actuator;a=b/backends", "/actuator/health/liveness/../../backends", "//actuator/backends",
			"/actuator/health/backends" })
	void strangersGetNothingElseOfTheActuator(String path) {
		HttpResponse<String> reply = weir.get(path);
		assertThat(reply.statusCode()).as(reply.body()).isIn(400, 401);
		assertThat(reply.body()).doesNotContain("127.0.0.1", "\"a\"");
		HttpResponse<String> client = get(path, "api-key", CHAT);
		assertThat(client.statusCode()).as(client.body()).isIn(400, 403, 404);
	}

	@Test
	void aBrowserIsAskedForThePasswordOfAnOperator() {
		assertThat(weir.get("/actuator/backends").headers().firstValue("www-authenticate").orElseThrow())
			.startsWith("Basic realm=\"Weir\"");
		String basic = Base64.getEncoder().encodeToString(("anyone:" + OPERATOR).getBytes(StandardCharsets.UTF_8));
		HttpResponse<String> page = get("/actuator/backends", "authorization", "Basic " + basic);
		assertThat(page.statusCode()).isEqualTo(200);
		assertThat(page.headers().map()).containsEntry("cache-control", List.of("no-store"))
			.containsEntry("x-content-type-options", List.of("nosniff"));
		assertThat(get("/actuator/backends", "authorization", "Bearer " + OPERATOR).statusCode()).isEqualTo(200);
		assertThat(get("/actuator/backends", "authorization", "Basic !").statusCode()).isEqualTo(401);
	}

	@Test
	void anExpiredKeyIsRefusedWithItsNameAndDate() {
		assertThat(chat("api-key", "former-key-0123456789").body())
			.contains("The API key of client 'former' has expired (2026-01-31).");
		String basic = Base64.getEncoder()
			.encodeToString("anyone:former-operator-0123456789".getBytes(StandardCharsets.UTF_8));
		for (String header : List.of("Bearer former-operator-0123456789", "Basic " + basic)) {
			HttpResponse<String> reply = get("/actuator/backends", "authorization", header);
			assertThat(reply.statusCode()).isEqualTo(401);
			assertThat(reply.body()).contains("The API key of operator 'former-ops' has expired (2026-01-31).");
			assertThat(reply.headers().firstValue("www-authenticate").orElseThrow()).startsWith("Basic realm");
		}
	}

	@Test
	void theKeyOfAClientDoesNotOpenTheActuator() {
		HttpResponse<String> reply = get("/actuator/backends", "api-key", CHAT);
		assertThat(reply.statusCode()).isEqualTo(403);
		assertThat(reply.body()).contains("operator_required");
	}

	@Test
	void theKeyOfAnOperatorCallsNoModelAndTheErrorSaysWhoseKeyItIs() {
		HttpResponse<String> reply = get("/v1/models", "authorization", "Bearer " + OPERATOR);
		assertThat(reply.statusCode()).isEqualTo(401);
		assertThat(reply.body()).contains("The API key is that of an operator", "Send the key of a client.");
		assertThat(get("/v1/models", "authorization", "Bearer " + OPERATOR + "x").body())
			.contains("The API key is not known.");
	}

	@Test
	void anOperatorCannotWrite() {
		for (String path : List.of("/actuator/gateway/refresh", "/actuator/gateway/routes/x")) {
			HttpResponse<String> reply = weir.post(path, "{}", "authorization", "Bearer " + OPERATOR);
			assertThat(reply.statusCode()).isIn(404, 405);
		}
	}

	private static HttpResponse<String> get(String path, String... headers) {
		return weir.get(path, headers);
	}

}
