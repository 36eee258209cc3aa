package dev.weir.gateway;

import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.RawClient;
import dev.weir.testing.RawReply;
import dev.weir.testing.WeirServer;
import dev.weir.testing.PoolsYaml;
import dev.weir.testing.MockBackend;

import static dev.weir.testing.PoolsYaml.backend;
import static dev.weir.testing.SampleCall.utf8;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Requests that Weir refuses by itself: malformed bodies and paths, unknown models,
 * methods and routes, WebSockets.
 */
class RefusedRequestTests {

	private static final byte[] CHAT = utf8(Bodies.CHAT);

	private static final String JSON = "Content-Type: application/json";

	private static MockBackend backend;

	private static WeirServer weir;

	@BeforeAll
	static void start() {
		backend = MockBackend.start();
		weir = WeirServer.start(new PoolsYaml()
			.pool("named", "", backend("named", "azure", backend.url(), "models: {gpt-4o: a, o9: b}"))
			.pool("two", "", backend("two-a", "azure", backend.url()),
					backend("two-b", "azure", backend.url(), "priority: 2"))
			.pool("openai", "", backend("openai", "openai", backend.url()))
			.toString());
	}

	@AfterAll
	static void stop() {
		weir.close();
		backend.close();
	}

	@BeforeEach
	void forget() {
		backend.serves();
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
				bad("{\"model\":\"gpt-4o\"}{}", null, "has data after its JSON object"),
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
		RawReply response = weir.exchange("two", "POST /v1/chat/completions", utf8(body), JSON);
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
		RawReply response = weir.exchange("two", "POST /v1/audio/transcriptions",
				utf8("--x\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper\r\n--x--\r\n"),
				"Content-Type: " + type);
		assertThat(response.status()).isEqualTo(400);
		assertThat(response.text()).contains("\"type\":\"invalid_request_error\"");
		assertNothingWentUp();
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/chat/completions", "/openai/deployments/gpt-9/chat/completions?api-version=v" })
	void anUnknownModelIsNotFoundAndTheReplyNamesTheKnownOnes(String target) {
		RawReply response = weir.exchange("named", "POST " + target, utf8("{\"model\":\"gpt-9\"}"), JSON);
		assertThat(response.status()).isEqualTo(404);
		assertThat(response.text()).isEqualTo(
				"{\"error\":{\"message\":\"The model 'gpt-9' does not exist in pool named. It has: gpt-4o, o9.\","
						+ "\"type\":\"invalid_request_error\",\"param\":\"model\",\"code\":\"model_not_found\"}}");
		assertNothingWentUp();
	}

	@ParameterizedTest
	@ValueSource(strings = { "%20", "a%C2%85b", "%C2%80" })
	void anInvalidModelIsABadRequestInAClassicPathToo(String model) {
		String target = "/openai/deployments/" + model + "/chat/completions?api-version=v";
		for (String pool : List.of("openai", "two")) {
			RawReply response = weir.exchange(pool, "POST " + target, utf8("{}"), JSON);
			assertThat(response.status()).isEqualTo(400);
			assertThat(response.text()).contains("\"param\":\"model\"");
		}
		assertNothingWentUp();
	}

	@Test
	void aModelInAClassicPathMayNotBeLongerThanInABody() {
		RawReply response = weir.exchange("openai",
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
		assertThat(weir.exchange("openai", "GET /v1/..;/files", new byte[0]).text())
			.isEqualTo("{\"error\":{\"message\":\"The path has a backslash or a semicolon.\","
					+ "\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"invalid_path\"}}");
	}

	@ParameterizedTest
	@ValueSource(strings = { "TRACE /v1/files", "CONNECT /v1/files", "CONNECT evil.test:443", "BREW /v1/files",
			"TRACE /nowhere" })
	void anUnknownMethodIsNotAllowed(String requestLine) {
		RawReply response = weir.exchange("openai", requestLine, new byte[0]);
		assertThat(response.status()).isEqualTo(405);
		assertThat(response.text()).contains("\"code\":\"method_not_allowed\"");
		assertThat(response.header("allow")).contains("GET", "POST");
		assertNothingWentUp();
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/chat/completions", "/v1/responses/resp_1", "/openai/deployments/d/realtime" })
	void thereIsNoWebSocketAtOtherPaths(String target) {
		RawReply response = weir.exchange("two", "GET " + target, new byte[0], "Connection: Upgrade",
				"Upgrade: WebSocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13");
		assertThat(response.status()).isEqualTo(501);
		assertThat(response.text()).contains("\"code\":\"not_supported\"");
		assertNothingWentUp();
	}

	@Test
	void c5TheModelAfterLongMessagesIsFound() {
		String body = "{\"messages\":[{\"model\":\"inner\",\"content\":\"" + "\\\"model\\\":".repeat(5000)
				+ "\"}],\"model\":\"gpt-9\"}";
		RawReply response = weir.exchange("named", "POST /v1/chat/completions", utf8(body), JSON);
		assertThat(response.status()).isEqualTo(404);
		assertThat(response.text()).contains("The model 'gpt-9' does not exist");
		assertNothingWentUp();
	}

	@Test
	void anUpgradeOfAnotherMethodThanGetIsIgnored() {
		RawReply response = weir.exchange("two", "POST /v1/chat/completions", CHAT, JSON, "Connection: Upgrade",
				"Upgrade: websocket");
		assertThat(response.status()).isEqualTo(200);
	}

	@ParameterizedTest
	@ValueSource(strings = { "GET /nowhere", "POST /v1/chat/completions", "DELETE /actuator/nothing" })
	void aRequestWithoutARouteIsNotFound(String requestLine) {
		RawReply response = weir.exchange("none", requestLine, new byte[0]);
		assertThat(response.status()).isEqualTo(404);
		assertThat(response.header("content-type")).isEqualTo("application/json");
		assertThat(response.text()).isEqualTo("{\"error\":{\"message\":\"There is no route for " + requestLine
				+ ".\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"not_found\"}}");
		assertNothingWentUp();
	}

	private static void assertNothingWentUp() {
		assertThat(backend.calls()).isEmpty();
	}

	private static void assertServes() {
		assertThat(weir.exchange("openai", "POST /v1/chat/completions", CHAT, JSON).status()).isEqualTo(200);
	}

}
