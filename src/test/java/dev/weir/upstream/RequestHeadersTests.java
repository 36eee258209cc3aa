package dev.weir.upstream;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import com.github.tomakehurst.wiremock.client.WireMock;
import com.github.tomakehurst.wiremock.http.HttpHeader;
import com.github.tomakehurst.wiremock.verification.LoggedRequest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.RawReply;
import dev.weir.testing.WeirServer;
import dev.weir.testing.PoolsYaml;
import dev.weir.testing.MockBackend;

import static dev.weir.testing.PoolsYaml.backend;
import static dev.weir.testing.SampleCall.utf8;
import static dev.weir.testing.Scripts.SERVES;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * The headers of requests to backends.
 */
class RequestHeadersTests {

	private static final byte[] CHAT = utf8(Bodies.CHAT);

	private static final String[] PRIVATE = { "Authorization: Bearer of-the-client", "authorization: Basic b2xk",
			"api-key: of-the-client", "API-KEY: of-the-client-too", "x-api-key: of-the-client",
			"Ocp-Apim-Subscription-Key: of-the-client", "Proxy-Authorization: Basic of-the-client",
			"Cookie: session=of-the-client", "X-Forwarded-For: 10.0.0.1", "X-Forwarded-Host: client.test",
			"X-Forwarded-Proto: https", "X-Forwarded-Port: 443", "X-Forwarded-Prefix: /of-the-client",
			"Forwarded: for=10.0.0.1;host=client.test", "X-Real-IP: 10.0.0.1", "x-stainless-lang: python",
			"X-Stainless-Retry-Count: 1", "OpenAI-Organization: of-the-client", "OpenAI-Project: of-the-client",
			"Accept-Encoding: gzip, br", "Accept-Language: de", "Referer: https://client.test/",
			"Origin: https://client.test", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
			"TE: trailers", "Keep-Alive: timeout=5", "Via: 1.1 client.test", "X-Request-Source: of-the-client" };

	private static MockBackend azure;

	private static MockBackend openai;

	private static RawBackend raw;

	private static WeirServer weir;

	@BeforeAll
	static void start() {
		azure = MockBackend.start();
		openai = MockBackend.start();
		raw = RawBackend.start(SERVES);
		weir = WeirServer.start(new PoolsYaml().pool("azure", "", backend("azure", "azure", azure.url()))
			.pool("openai", "", backend("openai", "openai", openai.url(), "models: {gpt-4o: a-longer-name-for-it}"))
			.pool("keyless", "", PoolsYaml.keyless("keyless", "openai", openai.url()))
			.pool("empty-key", "", PoolsYaml.keyless("empty-key", "openai", openai.url(), "api-key: ''"))
			.pool("raw", "", backend("raw", "azure", raw.url()))
			.pool("two", "", backend("first", "azure", azure.url()),
					backend("second", "openai", openai.url(), "priority: 2"))
			.pool("forwarding", "forward-headers: [X-Request-Source, traceparent, accept-encoding, referer]",
					backend("forwarding", "azure", azure.url()))
			.toString());
	}

	@AfterAll
	static void stop() {
		weir.close();
		azure.close();
		openai.close();
		raw.close();
	}

	@BeforeEach
	void forget() {
		azure.serves();
		openai.serves();
		raw.requests().clear();
	}

	@Test
	void anAzureBackendGetsItsOwnKeyAndNothingPrivateOfTheClient() {
		chat("azure", PRIVATE);
		LoggedRequest request = azure.onlyCall();
		assertThat(names(request)).containsExactlyInAnyOrder("host", "content-length", "user-agent", "content-type",
				"accept", "accept-encoding", "api-key");
		assertThat(values(request, "accept-encoding")).containsExactly("identity");
		assertThat(values(request, "api-key")).containsExactly("key-of-azure");
	}

	@Test
	void anOpenAiBackendGetsItsOwnKeyAndNothingPrivateOfTheClient() {
		chat("openai", PRIVATE);
		LoggedRequest request = openai.onlyCall();
		assertThat(names(request)).containsExactlyInAnyOrder("host", "content-length", "user-agent", "content-type",
				"accept", "accept-encoding", "authorization");
		assertThat(values(request, "authorization")).containsExactly("Bearer key-of-openai");
	}

	@ParameterizedTest
	@ValueSource(strings = { "keyless", "empty-key" })
	void anOpenAiBackendWithoutAKeyGetsNoCredentialAtAll(String pool) {
		chat(pool, PRIVATE);
		assertThat(names(openai.onlyCall())).containsExactlyInAnyOrder("host", "content-length", "user-agent",
				"content-type", "accept", "accept-encoding");
	}

	@Test
	void eachAttemptHasOnlyTheCredentialOfItsOwnBackend() {
		azure.respondsWith(WireMock.aResponse().withStatus(429).withBody(Bodies.AZURE_THROTTLED));
		chat("two", PRIVATE);
		assertThat(values(azure.onlyCall(), "api-key")).containsExactly("key-of-first");
		assertThat(names(azure.onlyCall())).doesNotContain("authorization");
		assertThat(values(openai.onlyCall(), "authorization")).containsExactly("Bearer key-of-second");
		assertThat(names(openai.onlyCall())).doesNotContain("api-key");
	}

	@ParameterizedTest
	@CsvSource({ "?api-key=secret,''", "?API-KEY=secret&a=1,?a=1", "?a=1&api%2Dkey=secret,?a=1",
			"?a=%2B&%61pi-%6bey=secret&b=%20,?a=%2B&b=%20", "?api-key=secret&api-key=secret,''", "?api-key,''",
			"?Api-Key=&x=secre,?x=secre", "?include[]=a&api-key=secret&q=%22,?include[]=a&q=%22",
			"?api-key=secret&a=1+2&&b,?a=1+2&b" })
	void aKeyInTheQueryReachesNoBackendHoweverItIsSpelt(String query, String left) {
		RawReply response = weir.exchange("openai", "GET /v1/files" + query, new byte[0]);
		assertThat(response.status()).as(response.text()).isEqualTo(200);
		assertThat(openai.onlyCall().getUrl()).isEqualTo("/v1/files" + left);
	}

	@Test
	void aKeyInTheQueryOfAClassicPathReachesNoBackend() {
		RawReply response = weir.exchange("azure",
				"POST /openai/deployments/gpt-4o/chat/completions?api-key=secret&api-version=v", CHAT);
		assertThat(response.status()).isEqualTo(200);
		assertThat(azure.onlyCall().getUrl()).isEqualTo("/openai/deployments/gpt-4o/chat/completions?api-version=v");
	}

	@Test
	void fiftyCustomHeadersDoNotReachTheBackend() {
		chat("azure", IntStream.range(0, 50).mapToObj((i) -> "x-custom-" + i + ": " + i).toArray(String[]::new));
		assertThat(names(azure.onlyCall())).noneMatch((name) -> name.startsWith("x-"));
	}

	@Test
	void theBackendGetsAtMostTenHeadersBesideThoseOfHttp() {
		List<String> all = new ArrayList<>(List.of(PRIVATE));
		all.addAll(List.of("openai-beta: b", "idempotency-key: i", "aoai-evals: preview", "x-ms-client-request-id: r",
				"x-ms-spillover-deployment: s", "x-ms-oai-image-generation-deployment: i", "accept: */*"));
		IntStream.range(0, 50).forEach((i) -> all.add("x-custom-" + i + ": " + i));
		chat("forwarding", all.toArray(String[]::new));
		Set<String> http = Set.of("host", "content-length", "content-type", "user-agent", "accept");
		assertThat(names(azure.onlyCall()).stream().filter((name) -> !http.contains(name)).toList())
			.hasSizeLessThanOrEqualTo(10)
			.containsExactlyInAnyOrder("api-key", "openai-beta", "idempotency-key", "aoai-evals",
					"x-ms-client-request-id", "x-ms-oai-image-generation-deployment", "x-request-source", "traceparent",
					"accept-encoding", "referer");
	}

	@Test
	void theHeadersNamedInForwardHeadersAreForwardedUnchanged() {
		chat("forwarding", PRIVATE);
		assertThat(values(azure.onlyCall(), "x-request-source")).containsExactly("of-the-client");
		assertThat(values(azure.onlyCall(), "referer")).containsExactly("https://client.test/");
		assertThat(names(azure.onlyCall())).doesNotContain("x-forwarded-for", "forwarded", "cookie", "origin");
	}

	@Test
	void theHeadersOfTheApiAreForwardedUnchanged() {
		chat("azure", "OpenAI-Beta: assistants=v2, x=1", "Idempotency-Key: k-1", "x-ms-client-request-id: r-1",
				"aoai-evals: preview", "Accept: text/event-stream, */*;q=0.1", "User-Agent: OpenAI/Python 3.3.1 (x)");
		LoggedRequest request = azure.onlyCall();
		assertThat(values(request, "openai-beta")).containsExactly("assistants=v2, x=1");
		assertThat(values(request, "idempotency-key")).containsExactly("k-1");
		assertThat(values(request, "x-ms-client-request-id")).containsExactly("r-1");
		assertThat(values(request, "aoai-evals")).containsExactly("preview");
		assertThat(values(request, "accept")).containsExactly("text/event-stream, */*;q=0.1");
		assertThat(values(request, "user-agent")).containsExactly("OpenAI/Python 3.3.1 (x)");
	}

	@Test
	void aRequestWithoutAUserAgentGetsThatOfWeir() {
		chat("azure");
		assertThat(values(azure.onlyCall(), "user-agent")).containsExactly("weir");
	}

	@Test
	void theHostHeaderIsThatOfTheBackend() {
		chat("azure");
		chat("openai");
		assertThat(values(azure.onlyCall(), "host")).containsExactly(azure.authority());
		assertThat(values(openai.onlyCall(), "host")).containsExactly(openai.authority());
	}

	@Test
	void aRewrittenBodyHasItsRightLengthAndIsNotChunked() {
		chat("openai");
		LoggedRequest request = openai.onlyCall();
		String expected = Bodies.CHAT.replace("gpt-4o", "a-longer-name-for-it");
		assertThat(request.getBodyAsString()).isEqualTo(expected);
		assertThat(values(request, "content-length")).containsExactly(String.valueOf(expected.length()));
		assertThat(names(request)).doesNotContain("transfer-encoding");
	}

	@ParameterizedTest
	@ValueSource(ints = { 1, 7, 1000 })
	void aBodyThatTheClientSendsInChunksArrivesWithItsLength(int chunkSize) {
		RawReply response;
		try (RawClient client = RawClient.connect(weir.port())) {
			response = client.sendChunked("POST /v1/chat/completions", CHAT, chunkSize, "x-pool: openai",
					"Content-Type: application/json");
		}
		assertThat(response.status()).isEqualTo(200);
		LoggedRequest request = openai.onlyCall();
		String expected = Bodies.CHAT.replace("gpt-4o", "a-longer-name-for-it");
		assertThat(request.getBodyAsString()).isEqualTo(expected);
		assertThat(values(request, "content-length")).containsExactly(String.valueOf(expected.length()));
		assertThat(names(request)).doesNotContain("transfer-encoding");
	}

	@ParameterizedTest
	@ValueSource(strings = { "GET", "HEAD", "DELETE" })
	void aRequestWithoutABodyIsSentWithoutABody(String method) {
		weir.exchange("azure", method + " /v1/files/f1", new byte[0]);
		assertThat(azure.onlyCall().getMethod().getName()).isEqualTo(method);
		assertThat(names(azure.onlyCall())).containsExactlyInAnyOrder("host", "user-agent", "accept", "accept-encoding",
				"api-key");
	}

	@ParameterizedTest
	@ValueSource(strings = { "POST", "PUT", "PATCH", "OPTIONS" })
	void aRequestThatMayHaveABodyHasContentLengthZero(String method) {
		weir.exchange("azure", method + " /v1/things/t1/cancel", new byte[0]);
		assertThat(names(azure.onlyCall())).doesNotContain("transfer-encoding");
		assertThat(values(azure.onlyCall(), "content-length")).containsExactly("0");
	}

	@Test
	void aBodyOfAGetIsNotPassedOn() {
		RawReply response = weir.exchange("azure", "GET /v1/files/f1", CHAT);
		assertThat(response.status()).isEqualTo(200);
		assertThat(azure.onlyCall().getBody()).isEmpty();
		assertThat(names(azure.onlyCall())).doesNotContain("content-length", "transfer-encoding");
	}

	@Test
	void aContentTypePassesLetterByLetter() {
		RawReply response = weir.exchange("raw", "POST /v1/chat/completions", CHAT,
				"Content-Type: Application/JSON;Charset=\"utf-8\"");
		assertThat(response.status()).isEqualTo(200);
		assertThat(raw.requests().get(0)).containsIgnoringCase("\r\nContent-Type: ")
			.contains(": Application/JSON;Charset=\"utf-8\"\r\n");
	}

	@Test
	void hopByHopHeadersOfTheClientAreNotForwarded() {
		chat("azure", "Connection: keep-alive, openai-beta, x-other", "openai-beta: b");
		assertThat(names(azure.onlyCall())).doesNotContain("connection", "x-other");
	}

	private static void chat(String pool, String... headers) {
		List<String> all = new ArrayList<>(List.of(headers));
		all.add("Content-Type: application/json");
		RawReply response = weir.exchange(pool, "POST /v1/chat/completions", CHAT, all.toArray(String[]::new));
		assertThat(response.status()).as(response.text()).isEqualTo(200);
	}

	private static List<String> names(LoggedRequest request) {
		return request.getHeaders()
			.all()
			.stream()
			.map((header) -> header.key().toLowerCase(Locale.ROOT))
			.distinct()
			.collect(Collectors.toList());
	}

	private static List<String> values(LoggedRequest request, String name) {
		HttpHeader header = request.header(name);
		return header.isPresent() ? header.values() : List.of();
	}

}
