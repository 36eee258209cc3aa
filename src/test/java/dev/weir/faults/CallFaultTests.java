package dev.weir.faults;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.GZIPOutputStream;

import io.airlift.compress.zstd.ZstdOutputStream;
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
import dev.weir.testing.RawClient;
import dev.weir.testing.RawReply;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.PoolsYaml.backend;
import static dev.weir.testing.Scripts.SERVES;
import static dev.weir.testing.Scripts.THROTTLED;
import static dev.weir.testing.Scripts.responding;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Requests that can be written in more than one way: how Weir parses them, and the
 * requests that backends get.
 */
class CallFaultTests {

	private static final String JSON = "Content-Type: application/json";

	private static final byte[] CHAT = Bodies.CHAT.getBytes(UTF_8);

	private static final int MAX_BODY = 64 * 1024;

	private static RawBackend first;

	private static RawBackend second;

	private static WeirServer weir;

	@BeforeAll
	static void start() {
		first = RawBackend.start(SERVES);
		second = RawBackend.start(SERVES);
		PoolsYaml yaml = new PoolsYaml().set("max-body: 64KB")
			.pool("azure", "", backend("azure", "azure", first.url()))
			.pool("openai", "", backend("openai", "openai", first.url(), "models: {gpt-4o: real}"))
			.pool("any", "", backend("any", "openai", first.url()))
			.pool("split", "", backend("split-a", "azure", first.url(), "models: {gpt-4o: chat}"),
					backend("split-b", "openai", second.url(), "priority: 2",
							"models: {rerank-1: bge, meta/llama: llama, img: dall}"))
			.pool("mixed", "", backend("mixed-a", "azure", first.url()),
					backend("mixed-b", "openai", second.url(), "priority: 2"))
			.pool("versioned", "", backend("versioned-a", "azure", first.url()),
					backend("versioned-b", "azure", second.url(), "priority: 2", "api-version: 2024-10-21"));
		for (int i = 0; i < 8; i++) {
			yaml.pool("pair-" + i, "", backend("pair-" + i + "-a", "openai", first.url()),
					backend("pair-" + i + "-b", "openai", second.url(), "priority: 2"));
		}
		weir = WeirServer.start(yaml.toString());
	}

	@AfterAll
	static void stop() {
		weir.close();
		first.close();
		second.close();
	}

	@BeforeEach
	void forget() {
		for (RawBackend backend : List.of(first, second)) {
			backend.requests().clear();
			backend.script(SERVES);
		}
	}

	@ParameterizedTest
	@CsvSource({ "//v1/chat/completions, /v1/chat/completions", "/v1//chat/completions, /v1/chat/completions",
			"/v1/chat//completions, /v1/chat/completions", "///v1/chat/completions//, /v1/chat/completions",
			"/v1/chat/completion%73, /v1/chat/completions", "/%761/%63hat/completions, /v1/chat/completions",
			"/v1/files/%66%2d1//content, /v1/files/f-1/content", "//v1/files/a%e2%82%ac, /v1/files/a%E2%82%AC",
			"/openai//deployments//gpt-4o/chat/completions, /v1/chat/completions" })
	void c19TheRouterWeirAndTheBackendReadTheSamePath(String path, String read) {
		assertThat(weir.exchange("openai", "POST " + path, CHAT, JSON).status()).isEqualTo(200);
		assertThat(first.requests()).singleElement().asString().startsWith("POST " + read + " HTTP/1.1\r\n");
		if (read.endsWith("completions")) {
			assertThat(first.requests().get(0)).contains("\"model\":\"real\"");
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "/openai/deployments/meta/llama/chat/completions?api-version=v",
			"/openai/deployments/meta%2Fllama/chat/completions?api-version=v",
			"//openai/deployments//meta%2fllama/chat%2Fcompletions?api-version=v" })
	void c19AModelWithASlashIsReadInAClassicPath(String path) {
		RawReply response = weir.exchange("split", "POST " + path, "{}".getBytes(UTF_8), JSON);
		if (path.startsWith("//")) {
			assertThat(response.status()).isEqualTo(400);
			assertThat(response.text()).contains("encoded slash");
			return;
		}
		assertThat(response.status()).isEqualTo(200);
		assertThat(first.requests()).isEmpty();
		assertThat(second.requests()).singleElement()
			.asString()
			.startsWith("POST /v1/chat/completions HTTP/1.1\r\n")
			.endsWith("{\"model\":\"llama\"}");
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/models/meta%2Fllama", "/v1/models/meta%2fllama", "/v1/models/meta/llama",
			"/openai/v1//models/meta%2Fllama" })
	void c19AModelWithASlashIsFoundAsTheListShowsIt(String path) {
		assertThat(weir.exchange("split", "GET " + path, new byte[0]).text()).contains("\"id\":\"meta/llama\"");
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1%2Fmodels", "/v1/files/a%2Fb", "/openai/deployments/gpt-4o%2Fchat/completions",
			"/v1/models/..%2fchat", "/v1/models/a%252Fb", "/v1/models/a%5cb", "//..//v1/models", "/v1/%2e%2e/models",
			"/v1/models/a%00", "/v1/models/a%0d%0aX:y", "/v1/models;x/a" })
	void c7AnAmbiguousRequestIsRefused(String path) {
		for (String method : List.of("GET", "POST")) {
			RawReply response = weir.exchange("openai", method + " " + path, new byte[0]);
			assertThat(response.status()).isEqualTo(400);
			assertThat(response.text()).contains("\"code\":\"invalid_path\"");
		}
		assertThat(first.requests()).isEmpty();
	}

	@ParameterizedTest
	@ValueSource(strings = { "null", "\"\"", "\"  \"" })
	void c20ADeploymentInThePathCountsIfTheModelIsNullOrBlank(String model) {
		String body = "{\"model\":" + model + ",\"messages\":[]}";
		String path = "POST /openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21";
		assertThat(weir.exchange("azure", path, body.getBytes(UTF_8), JSON).status()).isEqualTo(200);
		assertThat(first.requests().get(0)).endsWith("\r\n\r\n" + body);
		assertThat(weir.exchange("openai", path, body.getBytes(UTF_8), JSON).status()).isEqualTo(200);
		assertThat(first.requests().get(1)).endsWith("\r\n\r\n{\"model\":\"real\",\"messages\":[]}");
	}

	@ParameterizedTest
	@ValueSource(strings = { "null", "\"\"", "\" \"" })
	void c20WithoutADeploymentANullOrBlankModelIsMissing(String model) {
		RawReply response = weir.exchange("openai", "POST /v1/chat/completions",
				("{\"model\":" + model + "}").getBytes(UTF_8), JSON);
		assertThat(response.status()).isEqualTo(400);
		assertThat(response.text()).contains("You must provide a model parameter.", "\"param\":\"model\"");
		assertThat(first.requests()).isEmpty();
	}

	@ParameterizedTest
	@CsvSource({ "/v1/rerank, false", "/v1/score, true", "/rerank, false", "/v1/videos, true",
			"/openai/v1/whatever/comes/next, false" })
	void c21AnUnknownPostWithAModelGoesToThatModel(String path, boolean chunked) {
		byte[] body = "{\"query\":\"q\",\"model\":\"rerank-1\"}".getBytes(UTF_8);
		try (RawClient client = RawClient.connect(weir.port())) {
			RawReply response = chunked ? client.sendChunked("POST " + path, body, 7, "x-pool: split", JSON)
					: client.send("POST " + path, body, "x-pool: split", JSON);
			assertThat(response.status()).isEqualTo(200);
		}
		assertThat(first.requests()).isEmpty();
		assertThat(second.requests()).singleElement().asString().endsWith("{\"query\":\"q\",\"model\":\"bge\"}");
		assertThat(weir.exchange("split", "POST " + path, "{\"model\":\"none\"}".getBytes(UTF_8), JSON).status())
			.isEqualTo(404);
	}

	@Test
	void c21AFormThatNamesAModelGoesToThatModel() {
		String form = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nrerank-1\r\n--b--\r\n";
		assertThat(weir
			.exchange("split", "POST /v1/videos", form.getBytes(UTF_8), "Content-Type: multipart/form-data; boundary=b")
			.status()).isEqualTo(200);
		assertThat(second.requests()).singleElement().asString().endsWith(form.replace("rerank-1", "bge"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/fine_tuning/jobs", "/v1/assistants", "/v1/threads/runs", "/v1/evals", "/v1/batches" })
	void c21AStoredObjectIsNeitherMappedNorBoundToALane(String path) {
		String body = "{\"model\":\"rerank-1\"}";
		assertThat(weir.exchange("split", "POST " + path, body.getBytes(UTF_8), JSON).status()).isEqualTo(200);
		assertThat(first.requests()).singleElement().asString().endsWith(body);
	}

	@Test
	void c21The429OfAModelSetsThatModelAsideForUnknownOperationsToo() {
		first.script(THROTTLED);
		byte[] body = "{\"model\":\"m\"}".getBytes(UTF_8);
		assertThat(weir.exchange("pair-0", "POST /v1/rerank", body, JSON).header("x-weir-backend"))
			.isEqualTo("pair-0-b");
		assertThat(weir.exchange("pair-0", "POST /v1/chat/completions", body, JSON).header("x-weir-attempts"))
			.isEqualTo("1");
		first.script(responding("200 OK", "{}"));
		assertThat(weir.exchange("pair-0", "POST /v1/rerank", "{\"model\":\"other\"}".getBytes(UTF_8), JSON)
			.header("x-weir-backend")).isEqualTo("pair-0-a");
	}

	@ParameterizedTest
	@CsvSource({ "1, /v1/rerank", "2, /v1/videos", "3, /v1/files", "4, /v1/fine_tuning/jobs",
			"5, /v1/chatkit/sessions" })
	void c21ARequestThatMayHaveBeenExecutedIsNotRepeated(int pair, String path) {
		first.script(responding("500 Internal Server Error", "{}"));
		assertThat(weir.exchange("pair-" + pair, "POST " + path, "{\"model\":\"m\"}".getBytes(UTF_8), JSON).status())
			.isEqualTo(500);
		assertThat(first.requests()).hasSize(1);
		assertThat(second.requests()).isEmpty();
	}

	@Test
	void c16ACompressedBodyReachesTheBackendPlain() throws IOException {
		String brotli = "8b0f807b226d6f64656c223a226770742d346f222c226d65737361676573223a5b5d7d03";
		byte[] text = "{\"model\":\"gpt-4o\",\"messages\":[]}".getBytes(UTF_8);
		List<byte[]> bodies = List.of(gzip(text), zstd(text), HexFormat.of().parseHex(brotli));
		List<String> codings = List.of("gzip", "zstd", "br");
		for (int i = 0; i < bodies.size(); i++) {
			for (String path : List.of("/v1/chat/completions", "/v1/files",
					"/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21")) {
				first.requests().clear();
				assertThat(weir
					.exchange("azure", "POST " + path, bodies.get(i), JSON, "Content-Encoding: " + codings.get(i))
					.status()).isEqualTo(200);
				assertThat(first.requests()).singleElement()
					.asString()
					.endsWith("\r\n\r\n{\"model\":\"gpt-4o\",\"messages\":[]}")
					.containsIgnoringCase("\r\ncontent-length: " + text.length + "\r\n")
					.doesNotContainIgnoringCase("content-encoding");
			}
		}
	}

	@Test
	void c16ADecompressionBombIsTooLargeAndTheConnectionStaysOpen() throws IOException {
		byte[] bomb = gzip(new byte[40 * 1024 * 1024]);
		try (RawClient client = RawClient.connect(weir.port())) {
			for (String path : List.of("/v1/chat/completions", "/v1/files", "/v1/rerank")) {
				RawReply response = client.send("POST " + path, bomb, "x-pool: azure", JSON, "Content-Encoding: gzip");
				assertThat(response.status()).isEqualTo(413);
				assertThat(response.text()).contains("request_too_large");
			}
			assertThat(client.send("POST /v1/chat/completions", CHAT, "x-pool: azure", JSON).status()).isEqualTo(200);
		}
		assertThat(first.requests()).hasSize(1);
	}

	@Test
	void c16ABodyOfExactlyTheLimitIsDecoded() throws IOException {
		byte[] body = ("{\"model\":\"gpt-4o\"" + " ".repeat(MAX_BODY - 18) + "}").getBytes(UTF_8);
		assertThat(body).hasSize(MAX_BODY);
		assertThat(weir.exchange("azure", "POST /v1/chat/completions", gzip(body), JSON, "Content-Encoding: gzip")
			.status()).isEqualTo(200);
		assertThat(first.requests()).singleElement().asString().endsWith(new String(body, UTF_8));
	}

	@ParameterizedTest
	@ValueSource(strings = { "compress", "gzip, br", "aes128gcm" })
	void c16AnUnknownCodingIsRefusedWithTheSupportedOnes(String coding) {
		for (String path : List.of("/v1/chat/completions", "/v1/files")) {
			RawReply response = weir.exchange("azure", "POST " + path, CHAT, JSON, "Content-Encoding: " + coding);
			assertThat(response.status()).isEqualTo(415);
			assertThat(response.header("accept-encoding")).isEqualTo("gzip, deflate, br, zstd");
			assertThat(response.text()).contains("\"code\":\"unsupported_content_encoding\"");
		}
		assertThat(first.requests()).isEmpty();
	}

	@Test
	void c16ABodyThatDoesNotMatchItsCodingIsABadRequest() {
		RawReply response = weir.exchange("azure", "POST /v1/chat/completions", CHAT, JSON, "Content-Encoding: br");
		assertThat(response.status()).isEqualTo(400);
		assertThat(response.text()).contains("is not valid br");
		assertThat(first.requests()).isEmpty();
	}

	@ParameterizedTest
	@CsvSource({ "/openai/files, /v1/files", "/openai/batches?limit=3, /v1/batches?limit=3",
			"/openai/fine_tuning/jobs, /v1/fine_tuning/jobs", "/openai/assistants, /v1/assistants",
			"/openai/responses/r-1, /v1/responses/r-1" })
	void classicPathsWithoutADeploymentReachOpenAisDialect(String path, String read) {
		String versioned = path + (path.contains("?") ? "&" : "?") + "api-version=2024-10-21";
		for (String target : List.of(path, versioned)) {
			first.requests().clear();
			assertThat(weir.exchange("any", "GET " + target, new byte[0]).status()).isEqualTo(200);
			assertThat(first.requests()).singleElement().asString().startsWith("GET " + read + " HTTP/1.1\r\n");
		}
	}

	@ParameterizedTest
	@CsvSource({ "/v1/v1/chat/completions, /v1/chat/completions", "/v1/chat/completion, /v1/chat/completions",
			"/v1/embedding, /v1/embeddings", "/v1/file, /v1/files",
			"/openai/v1/openai/v1/responses, /openai/v1/responses", "/v1/audio/transcription, /v1/audio/transcriptions",
			"/v1/openai/deployments/m/chat/completions, /v1/chat/completions", "/v1/nonsense, " })
	void c19AnUnknownPathIsSentUnchangedAndThe404NamesTheRightOne(String path, String meant) {
		for (String body : List.of("", "<html>404</html>", "{\"detail\":\"Not Found\"}",
				"{\"error\":{\"code\":\"404\",\"message\":\"Resource not found\"}}",
				"{\"error\":{\"message\":\"Invalid URL (POST " + path + ")\",\"type\":\"invalid_request_error\"}}")) {
			first.script(responding("404 Not Found", body));
			first.requests().clear();
			RawReply response = weir.exchange("any", "POST " + path, CHAT, JSON);
			assertThat(first.requests()).singleElement()
				.asString()
				.startsWith("POST /v1/" + path.substring(path.startsWith("/openai") ? 11 : 4) + " ");
			assertThat(response.status()).isEqualTo(404);
			assertThat(response.header("x-weir-backend")).isEqualTo("any");
			assertThat(response.text())
				.contains("\"code\":\"unknown_operation\"", "has no operation POST " + path + ".")
				.contains((meant != null) ? " Did you mean " + meant + "?" : path);
		}
	}

	@ParameterizedTest
	@CsvSource({ "POST, /v1/Chat/Completions, /v1/chat/completions",
			"POST, /openai/Deployments/gpt-4o/chat/completions, /openai/deployments/gpt-4o/chat/completions",
			"GET, /openai/Files, /openai/files", "GET, /openai/V1/files, /openai/v1/files",
			"GET, /v1/files%20, /v1/files", "GET, /openai/v1/Responses/resp_A, /openai/v1/responses/resp_A" })
	void c19APathThatABackendMayReadAsAnotherOneIsNotSent(String method, String path, String meant) {
		first.requests().clear();
		RawReply response = weir.exchange("any", method + " " + path + "?api-version=v", CHAT, JSON);
		assertThat(response.status()).isEqualTo(404);
		assertThat(response.text()).contains("\"code\":\"unknown_operation\"", "is spelled " + meant + ".");
		assertThat(first.requests()).isEmpty();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = {
			"/v1/files/f-1 | {\"error\":{\"code\":\"404\",\"message\":\"Resource not found\"}}",
			"/v1/responses/r-1/cancel | {}", "/v1/videos | {}",
			"/v1/whatever | {\"error\":{\"message\":\"No such thing as this\",\"type\":\"invalid_request_error\"}}" })
	void c19A404WithAnErrorMessageOrOfAKnownPathIsPassedOn(String path, String body) {
		first.script(responding("404 Not Found", body));
		assertThat(weir.exchange("any", "POST " + path, CHAT, JSON).text()).isEqualTo(body);
	}

	@Test
	void c19AMisspeltOperationOnADeploymentIsNamedWhereNoBackendHasAPlaceForIt() {
		RawReply response = weir.exchange("any", "POST /openai/deployments/m/chat/completion?api-version=v", CHAT,
				JSON);
		assertThat(response.status()).isEqualTo(404);
		assertThat(response.text()).contains("Did you mean /openai/deployments/m/chat/completions?");
	}

	@Test
	void aClassicPathWithoutAVersionGoesWhereNoneIsNeeded() {
		String path = "POST /openai/deployments/m/chat/completions";
		assertThat(weir.exchange("mixed", path, CHAT, JSON).header("x-weir-backend")).isEqualTo("mixed-b");
		assertThat(weir.exchange("versioned", path, CHAT, JSON).header("x-weir-backend")).isEqualTo("versioned-b");
		assertThat(second.requests().get(1)).startsWith(path + "?api-version=2024-10-21 ");
		RawReply response = weir.exchange("azure", path, CHAT, JSON);
		assertThat(response.status()).isEqualTo(400);
		assertThat(response.text()).contains("needs the query parameter api-version", "\"param\":\"api-version\"");
		assertThat(weir.exchange("mixed", path + "?api-version=2024-10-21", CHAT, JSON).header("x-weir-backend"))
			.isEqualTo("mixed-a");
		assertThat(first.requests()).hasSize(1);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = { "PUT /v1/chat/completions | GET, HEAD, POST", "OPTIONS /v1/embeddings | POST",
			"PATCH /openai/deployments/m/embeddings?api-version=v | POST", "DELETE /v1/responses | POST",
			"POST /v1/models | GET, HEAD", "PUT /v1/files | GET, HEAD, POST, PATCH, DELETE",
			"OPTIONS /v1/responses/r | GET, HEAD, POST, PATCH, DELETE", "PUT /v1/models/m | GET, HEAD, DELETE" })
	void aMethodThatAnOperationDoesNotHaveIsNotForwarded(String requestLine, String allowed) {
		RawReply response = weir.exchange("any", requestLine, CHAT, JSON);
		assertThat(response.status()).isEqualTo(405);
		assertThat(response.header("allow")).isEqualTo(allowed);
		assertThat(response.text()).contains("\"code\":\"method_not_allowed\"");
		assertThat(first.requests()).isEmpty();
	}

	@ParameterizedTest
	@CsvSource({ "azure, img, img", "split, img, img", "openai, gpt-4o, real", "openai, other, other" })
	void theDeploymentOfTheImageToolIsMappedLikeAModel(String pool, String named, String sent) {
		assertThat(weir
			.exchange(pool, "POST /v1/responses", CHAT, JSON, "X-MS-OAI-Image-Generation-Deployment: " + named,
					"x-ms-spillover-deployment: s")
			.status()).isEqualTo(200);
		assertThat(first.requests()).singleElement()
			.asString()
			.containsIgnoringCase("\r\nx-ms-oai-image-generation-deployment: " + sent + "\r\n")
			.doesNotContainIgnoringCase("spillover");
	}

	private static byte[] gzip(byte[] plain) throws IOException {
		ByteArrayOutputStream coded = new ByteArrayOutputStream();
		try (OutputStream out = new GZIPOutputStream(coded)) {
			out.write(plain);
		}
		return coded.toByteArray();
	}

	private static byte[] zstd(byte[] plain) throws IOException {
		ByteArrayOutputStream coded = new ByteArrayOutputStream();
		try (OutputStream out = new ZstdOutputStream(coded)) {
			out.write(plain);
		}
		return coded.toByteArray();
	}

}
