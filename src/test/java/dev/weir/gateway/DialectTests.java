package dev.weir.gateway;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;

import com.github.tomakehurst.wiremock.client.WireMock;
import com.github.tomakehurst.wiremock.verification.LoggedRequest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import dev.weir.openai.call.ClientDialect;
import dev.weir.testing.RawReply;
import dev.weir.testing.WeirServer;
import dev.weir.testing.SampleCall;
import dev.weir.testing.PoolsYaml;
import dev.weir.testing.MockBackend;

import static dev.weir.testing.PoolsYaml.backend;
import static dev.weir.testing.SampleCall.utf8;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * The requests that each kind of backend gets for a call in each dialect, byte by byte,
 * on real sockets.
 */
class DialectTests {

	private static final String[] PATHS = { "", "/", "/v1", "/v1/", "/openai", "/openai/", "/openai/v1", "/openai/v1/",
			"/team/a%20b", "/team/openai", "/team/v1/" };

	private static MockBackend azure;

	private static MockBackend openai;

	private static WeirServer weir;

	@BeforeAll
	static void start() {
		azure = MockBackend.start();
		openai = MockBackend.start();
		String mapped = "models: {gpt-4o: my-deployment, 'org/big model': 'big/ü'}";
		PoolsYaml yaml = new PoolsYaml().pool("azure", "", backend("azure", "azure", azure.url()))
			.pool("azure-mapped", "",
					backend("azure-mapped", "azure", azure.url(), "models: {gpt-4o: my-deployment, 'a b': 'c ü'}"))
			.pool("openai", "", backend("openai", "openai", openai.url()))
			.pool("openai-mapped", "", backend("openai-mapped", "openai", openai.url(), mapped))
			.pool("versioned", "", backend("versioned", "azure", azure.url(), "api-version: 2025-04-01-preview"))
			.pool("mixed", "", backend("mixed-openai", "openai", openai.url()),
					backend("mixed-azure", "azure", azure.url(), "priority: 2"));
		for (int i = 0; i < PATHS.length; i++) {
			yaml.pool("azure-path-" + i, "", backend("azure-path-" + i, "azure", at(azure, PATHS[i])))
				.pool("openai-path-" + i, "", backend("openai-path-" + i, "openai", at(openai, PATHS[i])));
		}
		weir = WeirServer.start(yaml.toString());
	}

	private static URI at(MockBackend backend, String path) {
		return URI.create(backend.url() + path);
	}

	@AfterAll
	static void stop() {
		weir.close();
		azure.close();
		openai.close();
	}

	@BeforeEach
	void forget() {
		azure.serves();
		openai.serves();
	}

	static List<Arguments> everyCall() {
		List<Arguments> all = new ArrayList<>();
		for (ClientDialect client : ClientDialect.values()) {
			for (SampleCall call : SampleCall.values()) {
				boolean exists = call != SampleCall.MODERATION
						|| (client == ClientDialect.OPENAI || client == ClientDialect.ROOT);
				for (boolean mapped : new boolean[] { false, true }) {
					if (exists) {
						all.add(Arguments.of(client, call, mapped));
					}
				}
			}
		}
		return all;
	}

	@ParameterizedTest(name = "{0} {1}, mapped: {2}")
	@MethodSource("everyCall")
	void anAzureBackendGetsTheCallInItsDialect(ClientDialect client, SampleCall call, boolean mapped) {
		String deployment = mapped ? "my-deployment" : "gpt-4o";
		String target;
		if (client != ClientDialect.AZURE) {
			target = "/openai/v1/" + call.path() + (call.previewInAzureV1() ? "?api-version=preview" : "");
		}
		else if (call.inDeployment()) {
			target = "/openai/deployments/" + deployment + "/" + call.path() + "?api-version=2024-10-21";
		}
		else {
			target = "/openai/" + call.path() + "?api-version=2024-10-21";
		}
		boolean asItCame = client == ClientDialect.AZURE && call.inDeployment();
		assertGets(azure, mapped ? "azure-mapped" : "azure", client, call, target,
				call.body(asItCame ? "gpt-4o" : deployment));
	}

	@ParameterizedTest(name = "{0} {1}, mapped: {2}")
	@MethodSource("everyCall")
	void anOpenAiBackendGetsTheCallInItsDialect(ClientDialect client, SampleCall call, boolean mapped) {
		assertGets(openai, mapped ? "openai-mapped" : "openai", client, call, "/v1/" + call.path(),
				call.body(mapped ? "my-deployment" : "gpt-4o"));
	}

	private static void assertGets(MockBackend backend, String pool, ClientDialect client, SampleCall call,
			String target, byte[] body) {
		backend.respondsWith(WireMock.ok().withHeader("Content-Type", call.responseType()).withBody(call.response()));
		RawReply response = weir.exchange(pool, "POST " + clientTarget(client, call), call.body("gpt-4o"),
				"Content-Type: " + call.contentType());
		assertThat(response.status()).as(response.text()).isEqualTo(200);
		assertThat(response.body()).isEqualTo(call.response());
		assertThat(response.header("content-type")).isEqualTo(call.responseType());
		LoggedRequest request = backend.onlyCall();
		assertThat(request.getMethod().getName()).isEqualTo("POST");
		assertThat(request.getUrl()).isEqualTo(target);
		assertThat(request.getBody()).asString().isEqualTo(new String(body, java.nio.charset.StandardCharsets.UTF_8));
		assertThat(request.getBody()).isEqualTo(body);
		assertThat(request.getHeader("content-length")).isEqualTo(String.valueOf(body.length));
		assertThat(request.containsHeader("transfer-encoding")).isFalse();
		assertThat(request.getHeader("content-type")).isEqualTo(call.contentType());
	}

	private static String clientTarget(ClientDialect client, SampleCall call) {
		return switch (client) {
			case AZURE -> "/openai/" + (call.inDeployment() ? "deployments/gpt-4o/" : "") + call.path()
					+ "?api-version=2024-10-21";
			case AZURE_V1 -> "/openai/v1/" + call.path();
			case OPENAI -> "/v1/" + call.path();
			case ROOT -> "/" + call.path();
		};
	}

	@ParameterizedTest
	@EnumSource(names = { "CHAT", "SPEECH" })
	void anEscapedModelIsReplacedAsAWhole(SampleCall call) {
		weir.exchange("openai-mapped", "POST /v1/" + call.path(), call.body("gpt\\u002d4\\u006f"),
				"Content-Type: application/json");
		assertThat(openai.onlyCall().getBody()).isEqualTo(call.body("my-deployment"));
	}

	@Test
	void anEscapedModelOfTheSameNameStaysAsItWasWritten() {
		byte[] body = SampleCall.CHAT.body("gpt\\u002d4\\u006f");
		weir.exchange("openai", "POST /v1/chat/completions", body, "Content-Type: application/json");
		assertThat(openai.onlyCall().getBody()).isEqualTo(body);
	}

	@Test
	void aDeploymentsNameIsEncodedForPathAndBody() {
		post("azure-mapped", "/openai/deployments/a%20b/chat/completions?api-version=1", "{}");
		assertThat(azure.onlyCall().getUrl())
			.isEqualTo("/openai/deployments/c%20%C3%BC/chat/completions?api-version=1");
		post("openai-mapped", "/v1/chat/completions", "{\"model\":\"org/big model\"}");
		assertThat(openai.onlyCall().getBody()).isEqualTo(utf8("{\"model\":\"big/ü\"}"));
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
			{}                      | {"model":"gpt-4o"}
			`  { }\n`               | `  {"model":"gpt-4o" }\n`
			{"messages":[]}         | {"model":"gpt-4o","messages":[]}
			{"model":"o9","n":1}    | {"model":"gpt-4o","n":1}
			""")
	void theModelOfAClassicPathIsPutIntoTheBodyForAnOpenAiBackend(String body, String expected) {
		post("openai", "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21", body);
		LoggedRequest request = openai.onlyCall();
		assertThat(request.getUrl()).isEqualTo("/v1/chat/completions");
		assertThat(request.getBodyAsString()).isEqualTo(expected);
	}

	@Test
	void theModelOfAClassicPathIsPutIntoAFormForAnOpenAiBackend() {
		byte[] file = SampleCall.concat(
				utf8("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=a\r\n\r\n"), SampleCall.binary(),
				utf8("\r\n--x--\r\n"));
		weir.exchange("openai-mapped", "POST /openai/deployments/gpt-4o/audio/transcriptions?api-version=2024-10-21",
				file, "Content-Type: multipart/form-data; boundary=x");
		assertThat(openai.onlyCall().getBody()).isEqualTo(SampleCall
			.concat(utf8("--x\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nmy-deployment\r\n"), file));
	}

	@Test
	void anAzureBackendGetsTheModelInThePathOnly() {
		post("azure-mapped", "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21", "{\"messages\":[]}");
		assertThat(azure.onlyCall().getBodyAsString()).isEqualTo("{\"messages\":[]}");
	}

	@ParameterizedTest
	@CsvSource({ "?api-version=2024-10-21, ?api-version=2025-04-01-preview",
			"?a=%2B&API-Version=x&api%2Dversion=y&b, ?a=%2B&b&api-version=2025-04-01-preview",
			"'', ?api-version=2025-04-01-preview" })
	void aBackendsApiVersionReplacesTheClientsInClassicPaths(String query, String expected) {
		post("versioned", "/openai/deployments/gpt-4o/chat/completions" + query, "{}");
		assertThat(azure.onlyCall().getUrl()).isEqualTo("/openai/deployments/gpt-4o/chat/completions" + expected);
	}

	@ParameterizedTest
	@CsvSource({ "/openai/v1/chat/completions, /openai/v1/chat/completions",
			"/openai/v1/chat/completions?api-version=preview, /openai/v1/chat/completions?api-version=preview",
			"/v1/audio/speech?api-version=latest, /openai/v1/audio/speech?api-version=latest" })
	void aBackendsApiVersionIsForClassicPathsOnly(String target, String expected) {
		post("versioned", target, "{\"model\":\"gpt-4o\"}");
		assertThat(azure.onlyCall().getUrl()).isEqualTo(expected);
	}

	@ParameterizedTest
	@CsvSource({ "/openai/deployments/gpt-4o/chat/completions?x=1&api-version=2024-10-21&y=%20,?x=1&y=%20",
			"/openai/v1/chat/completions?api-version=preview,''", "/openai/v1/chat/completions?API%2DVERSION=a&x,?x" })
	void anOpenAiBackendGetsNoApiVersion(String target, String query) {
		post("openai", target, "{\"model\":\"gpt-4o\"}");
		assertThat(openai.onlyCall().getUrl()).isEqualTo("/v1/chat/completions" + query);
	}

	@ParameterizedTest
	@CsvSource({ "GET, /v1/files?limit=2&after=f%2B1, /v1/files?limit=2&after=f%2B1",
			"GET, /v1/responses/resp_1?include[]=a&b=%22, /v1/responses/resp_1?include[]=a&b=%22",
			"DELETE, /v1/responses/resp_1, /v1/responses/resp_1",
			"POST, /v1/responses/resp_1/cancel, /v1/responses/resp_1/cancel",
			"POST, /v1/vector_stores, /v1/vector_stores", "DELETE, /v1/models/ft%3Agpt, /v1/models/ft%3Agpt",
			"GET, /files/a%20b%C3%BC, /v1/files/a%20b%C3%BC", "GET, /openai/v1/files?api-version=preview, /v1/files" })
	void anUnknownPathPassesThroughToAnOpenAiBackend(String method, String target, String expected) {
		assertPasses(openai, "openai-mapped", method, target, expected);
	}

	@ParameterizedTest
	@CsvSource({ "GET, /openai/files?api-version=2024-10-21, /openai/files?api-version=2024-10-21",
			"DELETE, /openai/responses/resp_1?api-version=v, /openai/responses/resp_1?api-version=v",
			"POST, /openai/deployments/gpt-4o/extensions/x?api-version=v, /openai/deployments/my-deployment/extensions/x?api-version=v",
			"GET, /openai/v1/responses/resp_1, /openai/v1/responses/resp_1",
			"GET, /v1/files?limit=2, /openai/v1/files?limit=2", "PATCH, /threads/t, /openai/v1/threads/t" })
	void anUnknownPathPassesThroughToAnAzureBackend(String method, String target, String expected) {
		assertPasses(azure, "azure-mapped", method, target, expected);
	}

	private static void assertPasses(MockBackend backend, String pool, String method, String target, String expected) {
		byte[] body = (method.equals("GET") || method.equals("DELETE")) ? new byte[0]
				: utf8("{\"model\": [\"not looked at\"}");
		RawReply response = weir.exchange(pool, method + " " + target, body, "Content-Type: application/json");
		assertThat(response.status()).as(response.text()).isEqualTo(200);
		LoggedRequest request = backend.onlyCall();
		assertThat(request.getMethod().getName()).isEqualTo(method);
		assertThat(request.getUrl()).isEqualTo(expected);
		assertThat(request.getBody()).isEqualTo(body);
		assertThat(request.containsHeader("transfer-encoding")).isFalse();
	}

	@Test
	void aPathOfAzuresClassicDialectGoesToAzureOnly() {
		assertThat(weir.exchange("mixed", "GET /openai/operations/images/i?api-version=v", new byte[0]).status())
			.isEqualTo(200);
		assertThat(azure.calls()).hasSize(1);
		assertThat(openai.calls()).isEmpty();
	}

	@Test
	void aPathOfAzuresClassicDialectIsNotFoundWithoutAnAzureBackend() {
		RawReply response = weir.exchange("openai", "GET /openai/operations/images/i?api-version=v", new byte[0]);
		assertThat(response.status()).isEqualTo(404);
		assertThat(response.text())
			.isEqualTo("{\"error\":{\"message\":\"No backend of pool openai can serve this operation.\","
					+ "\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"unknown_operation\"}}");
		assertThat(openai.calls()).isEmpty();
	}

	@ParameterizedTest
	@CsvSource({ "0,''", "1,''", "4,''", "5,''", "6,''", "7,''", "8,/team/a%20b", "9,/team", "2,/v1" })
	void theUrlOfAnAzureBackendMayHaveAPathAndASuffix(int pool, String prefix) {
		post("azure-path-" + pool, "/v1/chat/completions", "{\"model\":\"gpt-4o\"}");
		assertThat(azure.onlyCall().getUrl()).isEqualTo(prefix + "/openai/v1/chat/completions");
		azure.serves();
		post("azure-path-" + pool, "/openai/deployments/gpt-4o/chat/completions?api-version=v", "{}");
		assertThat(azure.onlyCall().getUrl())
			.isEqualTo(prefix + "/openai/deployments/gpt-4o/chat/completions?api-version=v");
	}

	@ParameterizedTest
	@CsvSource({ "0,/v1", "1,/v1", "2,/v1", "3,/v1", "4,/openai", "5,/openai", "6,/openai/v1", "7,/openai/v1",
			"8,/team/a%20b", "9,/team/openai", "10,/team/v1" })
	void thePathOfAnOpenAiBackendsUrlIsUsedUnchanged(int pool, String prefix) {
		post("openai-path-" + pool, "/openai/deployments/gpt-4o/chat/completions?api-version=v",
				"{\"model\":\"gpt-4o\"}");
		assertThat(openai.onlyCall().getUrl()).isEqualTo(prefix + "/chat/completions");
	}

	private static void post(String pool, String target, String body) {
		RawReply response = weir.exchange(pool, "POST " + target, utf8(body), "Content-Type: application/json");
		assertThat(response.status()).as(response.text()).isEqualTo(200);
	}

}
