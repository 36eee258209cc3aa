package dev.weir.gateway;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import com.github.tomakehurst.wiremock.client.WireMock;
import com.github.tomakehurst.wiremock.verification.LoggedRequest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.RawReply;
import dev.weir.testing.WeirServer;
import dev.weir.testing.SampleCall;
import dev.weir.testing.PoolsYaml;
import dev.weir.testing.MockBackend;

import static dev.weir.testing.PoolsYaml.backend;
import static dev.weir.testing.SampleCall.utf8;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Requests that Weir turns away by itself, and those too large to be sent twice.
 */
class RequestLimitsTests {

	private static final int MAX_BODY = 64 * 1024;

	private static final byte[] CHAT = utf8(Bodies.CHAT);

	private static final String JSON = "Content-Type: application/json";

	private static MockBackend first;

	private static MockBackend second;

	private static RawBackend hasty;

	private static WeirServer weir;

	@BeforeAll
	static void start() {
		first = MockBackend.start();
		second = MockBackend.start();
		hasty = RawBackend.start((call) -> {
		});
		PoolsYaml yaml = new PoolsYaml().set("max-body: 64KB")
			.pool("named", "", backend("named", "azure", first.url(), "models: {gpt-4o: a, o9: b}"))
			.pool("two", "", backend("two-a", "azure", first.url()),
					backend("two-b", "azure", second.url(), "priority: 2"))
			.pool("openai", "", backend("openai", "openai", first.url()))
			.pool("hasty", "", backend("hasty", "azure", hasty.url()));
		for (String pool : new String[] { "full", "spent" }) {
			yaml.pool(pool, "", backend(pool + "-a", "azure", first.url()),
					backend(pool + "-b", "azure", second.url(), "priority: 2"));
		}
		weir = WeirServer.start(yaml.toString());
	}

	@AfterAll
	static void stop() {
		weir.close();
		first.close();
		second.close();
		hasty.close();
	}

	@BeforeEach
	void forget() {
		first.serves();
		second.serves();
	}

	@Test
	void aBodyOfExactlyTheLimitIsServed() {
		RawReply response = send("two", "POST /v1/chat/completions", chat(MAX_BODY), JSON);
		assertThat(response.status()).isEqualTo(200);
		assertThat(first.onlyCall().getBody()).isEqualTo(chat(MAX_BODY));
	}

	@Test
	void c3ABodyOverTheLimitIsTooLarge() {
		RawReply response = send("two", "POST /v1/chat/completions", chat(MAX_BODY + 1), JSON);
		assertThat(response.status()).isEqualTo(413);
		assertThat(response.text())
			.isEqualTo("{\"error\":{\"message\":\"The request body is larger than 65536 bytes.\","
					+ "\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"request_too_large\"}}");
		assertNothingWentUp();
	}

	@Test
	void aBodyOverTheLimitIsRefusedBeforeItIsSent() {
		try (RawClient client = RawClient.connect(weir.port())) {
			client
				.write(RawClient.head("POST /v1/chat/completions", "x-pool: two", JSON, "Content-Length: 1000000000"));
			assertThat(client.readReply().status()).isEqualTo(413);
		}
		assertNothingWentUp();
	}

	@Test
	void c3AChunkedBodyIsRefusedOnceItIsOverTheLimit() {
		try (RawClient client = RawClient.connect(weir.port())) {
			client
				.write(RawClient.head("POST /v1/chat/completions", "x-pool: two", JSON, "Transfer-Encoding: chunked"));
			client.write(Integer.toHexString(MAX_BODY + 1) + "\r\n");
			client.write(chat(MAX_BODY + 1));
			client.write("\r\n");
			RawReply response = client.readReply();
			assertThat(response.status()).isEqualTo(413);
			assertThat(response.text()).contains("request_too_large");
		}
		assertNothingWentUp();
	}

	@Test
	void afterABodyThatWasTooLargeTheConnectionStillServes() {
		try (RawClient client = RawClient.connect(weir.port())) {
			assertThat(client.send("POST /v1/chat/completions", chat(4 * MAX_BODY), "x-pool: two", JSON).status())
				.isEqualTo(413);
			assertThat(client.send("POST /v1/chat/completions", CHAT, "x-pool: two", JSON).status()).isEqualTo(200);
			assertThat(client.sendChunked("POST /v1/chat/completions", chat(4 * MAX_BODY), 10_000, "x-pool: two", JSON)
				.status()).isEqualTo(413);
			assertThat(client.send("POST /v1/chat/completions", CHAT, "x-pool: two", JSON).status()).isEqualTo(200);
		}
		assertServes();
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void anUploadOverTheLimitStreamsByAsItCame(boolean chunked) {
		byte[] upload = upload();
		String[] headers = { "x-pool: named", "Content-Type: multipart/form-data; boundary=x" };
		try (RawClient client = RawClient.connect(weir.port())) {
			RawReply response = chunked ? client.sendChunked("POST /v1/files", upload, 9999, headers)
					: client.send("POST /v1/files", upload, headers);
			assertThat(response.status()).isEqualTo(200);
		}
		LoggedRequest request = first.onlyCall();
		assertThat(request.getUrl()).isEqualTo("/openai/v1/files");
		assertThat(request.getBody()).isEqualTo(upload);
		assertThat(request.containsHeader("transfer-encoding")).isEqualTo(chunked);
		assertThat(request.containsHeader("content-length")).isEqualTo(!chunked);
	}

	@Test
	void aSmallUploadGoesToAnotherBackendAfterA429() {
		first.respondsWith(throttled());
		RawReply response = send("two", "POST /v1/files", utf8("--x--"),
				"Content-Type: multipart/form-data; boundary=x");
		assertThat(response.status()).isEqualTo(200);
		assertThat(second.onlyCall().getBodyAsString()).isEqualTo("--x--");
	}

	@Test
	void anUploadOverTheLimitHasOneAttemptAndA429ForIt() {
		first.respondsWith(throttled());
		RawReply response = upload("full");
		assertThat(response.status()).isEqualTo(429);
		assertThat(response.text()).contains("\"code\":\"rate_limit_exceeded\"", "cannot be sent again")
			.doesNotContain("All 2 backends");
		// the second backend is free, so the client need not wait for the first one's
		// cooldown
		assertThat(response.header("retry-after")).isEqualTo("1");
		assertThat(response.header("x-weir-attempts")).isEqualTo("1");
		assertThat(first.calls()).hasSize(1);
		assertThat(second.calls()).isEmpty();
		assertThat(upload("full").status()).isEqualTo(200);
		assertThat(second.onlyCall().getBody()).isEqualTo(upload());
	}

	@Test
	void anUploadOverTheLimitThatMeetsASpentQuotaMayBeTriedAgain() {
		first.respondsWith(WireMock.aResponse().withStatus(429).withBody(Bodies.QUOTA_SPENT));
		RawReply response = upload("spent");
		assertThat(response.status()).isEqualTo(429);
		assertThat(response.header("retry-after")).isEqualTo("1");
		assertThat(response.header("x-should-retry")).isEmpty();
		assertThat(upload("spent").header("x-weir-backend")).isEqualTo("spent-b");
	}

	@Test
	void aRefusalOfAnUploadReachesTheClientThatIsStillSendingIt() {
		hasty.script((call) -> {
			call.respond("429 Too Many Requests", Bodies.AZURE_THROTTLED, "retry-after: 30");
			call.awaitClose();
		});
		try (RawClient client = RawClient.connect(weir.port())) {
			client.write(RawClient.head("POST /v1/files", "x-pool: hasty", "Transfer-Encoding: chunked"));
			client.write("5\r\nhello\r\n");
			RawReply response = client.readReply();
			assertThat(response.status()).isEqualTo(429);
			assertThat(response.text()).contains("rate_limit_exceeded");
		}
	}

	private static RawReply upload(String pool) {
		return send(pool, "POST /v1/files", upload(), "Content-Type: multipart/form-data; boundary=x");
	}

	private static com.github.tomakehurst.wiremock.client.ResponseDefinitionBuilder throttled() {
		return WireMock.aResponse().withStatus(429).withHeader("retry-after", "30").withBody(Bodies.AZURE_THROTTLED);
	}

	static Stream<Arguments> badBodies() {
		return Stream.of(bad("", "model", "You must provide a model parameter."),
				bad("{}", "model", "You must provide a model parameter."),
				bad("{\"messages\":[{\"model\":\"gpt-4o\"}]}", "model", "You must provide a model parameter."),
				bad("{\"model\":4}", "model", "must be a string, not a number"),
				bad("{\"model\":null}", "model", "You must provide a model parameter."),
				bad("{\"model\":[\"gpt-4o\"]}", "model", "must be a string, not an array"),
				bad("{\"model\":{\"id\":\"gpt-4o\"}}", "model", "must be a string, not an object"),
				bad("{\"model\":true}", "model", "must be a string, not a boolean"),
				bad("{\"model\":\"\"}", "model", "You must provide a model parameter."),
				bad("{\"model\":\" \"}", "model", "You must provide a model parameter."),
				bad("{\"model\":\"a\\nb\"}", "model", "has control characters"),
				bad("{\"model\":\"" + "m".repeat(257) + "\"}", "model", "has more than 256 characters"),
				bad("{\"model\":\"" + "m".repeat(5000) + "\"}", "model", "has more than 256 characters"),
				bad("{\"model\":\"gpt-4o\",\"model\":\"o9\"}", "model", "more than one 'model'"),
				bad("{\"model\":\"gpt-4o\",\"mod\\u0065l\":\"o9\"}", "model", "more than one 'model'"),
				bad("{\"model\":\"gpt-4o\"", null, "ends before its JSON object does"),
				bad("{\"model\":\"gpt-4o\",}", null, "is not valid JSON near byte"),
				bad("{\"model\":\"gpt-4o\"}{}", null, "goes on after the end"),
				bad("{\"model\":\"gpt-4o\",\"a\":" + "[".repeat(600) + "]".repeat(600) + "}", null,
						"nests deeper than 500 levels"),
				bad("[]", null, "is not a JSON object"), bad("\"gpt-4o\"", null, "is not a JSON object"),
				bad("null", null, "is not a JSON object"), bad("model=gpt-4o", null, "is not a JSON object"));
	}

	private static Arguments bad(String body, String param, String message) {
		return Arguments.of(body, param, message);
	}

	@ParameterizedTest
	@MethodSource("badBodies")
	void c5ABodyThatCannotBeUnderstoodIsABadRequest(String body, String param, String message) {
		RawReply response = send("two", "POST /v1/chat/completions", utf8(body), JSON);
		assertThat(response.status()).isEqualTo(400);
		assertThat(response.header("content-type")).isEqualTo("application/json");
		assertThat(response.text()).startsWith("{\"error\":{\"message\":\"")
			.contains(message, "\"type\":\"invalid_request_error\"",
					"\"param\":" + ((param != null) ? '"' + param + '"' : "null"));
		assertNothingWentUp();
		assertServes();
	}

	@ParameterizedTest
	@ValueSource(strings = { "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=y",
			"multipart/form-data; boundary=\"x" })
	void c5AFormThatCannotBeReadIsABadRequest(String type) {
		RawReply response = send("two", "POST /v1/audio/transcriptions",
				utf8("--x\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper\r\n--x--\r\n"),
				"Content-Type: " + type);
		assertThat(response.status()).isEqualTo(400);
		assertThat(response.text()).contains("\"type\":\"invalid_request_error\"");
		assertNothingWentUp();
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/chat/completions", "/openai/deployments/gpt-9/chat/completions?api-version=v" })
	void anUnknownModelIsNotFoundAndTheReplyNamesTheKnownOnes(String target) {
		RawReply response = send("named", "POST " + target, utf8("{\"model\":\"gpt-9\"}"), JSON);
		assertThat(response.status()).isEqualTo(404);
		assertThat(response.text()).isEqualTo(
				"{\"error\":{\"message\":\"The model 'gpt-9' does not exist in pool named. It has: gpt-4o, o9.\","
						+ "\"type\":\"invalid_request_error\",\"param\":\"model\",\"code\":\"model_not_found\"}}");
		assertNothingWentUp();
	}

	@ParameterizedTest
	@ValueSource(strings = { "%20", "a%C2%85b", "%C2%80" })
	void aModelThatIsNoNameIsABadRequestInAClassicPathToo(String model) {
		String target = "/openai/deployments/" + model + "/chat/completions?api-version=v";
		for (String pool : List.of("openai", "two")) {
			RawReply response = send(pool, "POST " + target, utf8("{}"), JSON);
			assertThat(response.status()).isEqualTo(400);
			assertThat(response.text()).contains("\"param\":\"model\"");
		}
		assertNothingWentUp();
	}

	@Test
	void aModelInAClassicPathMayNotBeLongerThanInABody() {
		RawReply response = send("openai",
				"POST /openai/deployments/" + "m".repeat(257) + "/chat/completions?api-version=v", utf8("{}"), JSON);
		assertThat(response.status()).isEqualTo(400);
		assertThat(response.text()).contains("has more than 256 characters", "\"param\":\"model\"");
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/../actuator", "/v1/./files", "/v1/%2e%2e/files", "/v1/.%2E/files", "/v1/..%2ffiles",
			"/v1/..;/files", "/v1/files;x=1", "/v1/%3b/files", "/v1/a%5cb", "/v1/..%5c..%5cfiles", "/v1/a%00b",
			"/v1/a%0d%0aX-Header:%20b", "/v1/a%2Fb", "/v1/%252e%252e/files", "/v1/%c0%ae%c0%ae/files", "/v1/..",
			"/v1/a%7f", "/v1/a\\b", "/v1/a%", "/v1/a%zz", "/v1/ä", "/v1/a|b", "/v1/{a}",
			"/openai/deployments/..%2f..%2ffiles/chat/completions?api-version=v" })
	void c7AnUnsafePathIsRefused(String path) {
		for (String method : List.of("GET", "POST")) {
			try (RawClient client = RawClient.connect(weir.port())) {
				client.write(RawClient.head(method + " " + path, "x-pool: openai"));
				assertThat(client.readReply().status()).isEqualTo(400);
			}
		}
		assertNothingWentUp();
		assertServes();
	}

	@Test
	void theReplyToAnUnsafePathNamesTheProblem() {
		assertThat(send("openai", "GET /v1/..;/files", new byte[0]).text())
			.isEqualTo("{\"error\":{\"message\":\"The path has a backslash or a semicolon.\","
					+ "\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"invalid_path\"}}");
	}

	@ParameterizedTest
	@ValueSource(strings = { "TRACE /v1/files", "CONNECT /v1/files", "CONNECT evil.test:443", "BREW /v1/files",
			"TRACE /nowhere" })
	void aMethodThatNoApiHasIsNotAllowed(String requestLine) {
		RawReply response = send("openai", requestLine, new byte[0]);
		assertThat(response.status()).isEqualTo(405);
		assertThat(response.text()).contains("\"code\":\"method_not_allowed\"");
		assertThat(response.header("allow")).contains("GET", "POST");
		assertNothingWentUp();
	}

	@Test
	void c11AClientThatExpects100ContinueGetsIt() {
		try (RawClient client = RawClient.connect(weir.port())) {
			client.write(RawClient.head("POST /v1/chat/completions", "x-pool: two", JSON, "Expect: 100-continue",
					"Content-Length: " + CHAT.length));
			assertThat(client.readReply().status()).isEqualTo(100);
			client.write(CHAT);
			assertThat(client.readReply().status()).isEqualTo(200);
		}
		assertThat(first.onlyCall().containsHeader("expect")).isFalse();
		assertThat(first.onlyCall().getBody()).isEqualTo(CHAT);
	}

	@Test
	void aClientThatExpects100ContinueGets413IfItsBodyIsTooLarge() {
		try (RawClient client = RawClient.connect(weir.port())) {
			client.write(RawClient.head("POST /v1/chat/completions", "x-pool: two", JSON, "Expect: 100-continue",
					"Content-Length: 100000000"));
			assertThat(client.readReply().status()).isEqualTo(413);
		}
		assertNothingWentUp();
		assertServes();
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/realtime?model=gpt-4o", "/openai/realtime?api-version=v&deployment=gpt-4o" })
	void aWebSocketIsNotSupported(String target) {
		RawReply response = send("two", "GET " + target, new byte[0], "Connection: Upgrade", "Upgrade: WebSocket",
				"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13");
		assertThat(response.status()).isEqualTo(501);
		assertThat(response.text()).contains("\"code\":\"not_supported\"");
		assertNothingWentUp();
	}

	@ParameterizedTest
	@ValueSource(
			strings = { "/v1/responses", "/openai/v1/responses?api-version=preview", "/responses", "/v1/responses/" })
	void aWebSocketForResponsesGets426(String target) {
		try (RawClient client = RawClient.connect(weir.port())) {
			RawReply response = client.send("GET " + target, new byte[0], "x-pool: two", "Connection: Upgrade",
					"Upgrade: WebSocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13");
			assertThat(response.status()).isEqualTo(426);
			assertThat(response.header("upgrade")).isEqualTo("HTTP/1.1");
			assertThat(response.text()).contains("\"code\":\"websocket_not_supported\"");
			assertThat(client.send("GET /v1/models", new byte[0], "x-pool: two").status()).isEqualTo(200);
		}
		assertNothingWentUp();
	}

	@Test
	void c5TheModelAfterLongMessagesIsFound() {
		String body = "{\"messages\":[{\"model\":\"inner\",\"content\":\"" + "\\\"model\\\":".repeat(5000)
				+ "\"}],\"model\":\"gpt-9\"}";
		RawReply response = send("named", "POST /v1/chat/completions", utf8(body), JSON);
		assertThat(response.status()).isEqualTo(404);
		assertThat(response.text()).contains("The model 'gpt-9' does not exist");
		assertNothingWentUp();
	}

	@Test
	void anUpgradeOfAnotherMethodThanGetIsIgnored() {
		RawReply response = send("two", "POST /v1/chat/completions", CHAT, JSON, "Connection: Upgrade",
				"Upgrade: websocket");
		assertThat(response.status()).isEqualTo(200);
	}

	@ParameterizedTest
	@ValueSource(strings = { "GET /nowhere", "POST /v1/chat/completions", "DELETE /actuator/nothing" })
	void aRequestWithoutARouteIsNotFound(String requestLine) {
		RawReply response = send("none", requestLine, new byte[0]);
		assertThat(response.status()).isEqualTo(404);
		assertThat(response.header("content-type")).isEqualTo("application/json");
		assertThat(response.text()).isEqualTo("{\"error\":{\"message\":\"There is no route for " + requestLine
				+ ".\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"not_found\"}}");
		assertNothingWentUp();
	}

	private static void assertNothingWentUp() {
		assertThat(first.calls()).isEmpty();
		assertThat(second.calls()).isEmpty();
	}

	private static void assertServes() {
		assertThat(send("openai", "POST /v1/chat/completions", CHAT, JSON).status()).isEqualTo(200);
	}

	private static byte[] chat(int length) {
		String begin = "{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":\"";
		String end = "\"}]}";
		return utf8(begin + "x".repeat(length - begin.length() - end.length()) + end);
	}

	private static byte[] upload() {
		byte[] content = new byte[3 * MAX_BODY];
		for (int i = 0; i < content.length; i++) {
			content[i] = (byte) (i * 31);
		}
		return SampleCall.concat(
				utf8("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"model\"\r\n\r\n"), content,
				utf8("\r\n--x--\r\n"));
	}

	private static RawReply send(String pool, String requestLine, byte[] body, String... headers) {
		List<String> all = new ArrayList<>(List.of(headers));
		all.add("x-pool: " + pool);
		return RawClient.exchange(weir.port(), requestLine, body, all.toArray(String[]::new));
	}

}
