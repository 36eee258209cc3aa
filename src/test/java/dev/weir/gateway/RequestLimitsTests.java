package dev.weir.gateway;

import com.github.tomakehurst.wiremock.client.WireMock;
import com.github.tomakehurst.wiremock.verification.LoggedRequest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
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
 * The limit of a body: requests over it are refused, or sent once if they can be
 * streamed.
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
		for (String pool : new String[] { "full", "throttled" }) {
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
		RawReply response = weir.exchange("two", "POST /v1/chat/completions", chat(MAX_BODY), JSON);
		assertThat(response.status()).isEqualTo(200);
		assertThat(first.onlyCall().getBody()).isEqualTo(chat(MAX_BODY));
	}

	@Test
	void c3ABodyOverTheLimitIsTooLarge() {
		RawReply response = weir.exchange("two", "POST /v1/chat/completions", chat(MAX_BODY + 1), JSON);
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
	void anUploadOverTheLimitIsStreamedUnchanged(boolean chunked) {
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
		RawReply response = weir.exchange("two", "POST /v1/files", utf8("--x--"),
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
	void anUploadOverTheLimitThatMeetsAUsedUpQuotaMayBeRetried() {
		first.respondsWith(WireMock.aResponse().withStatus(429).withBody(Bodies.QUOTA_SPENT));
		RawReply response = upload("throttled");
		assertThat(response.status()).isEqualTo(429);
		assertThat(response.header("retry-after")).isEqualTo("1");
		assertThat(response.header("x-should-retry")).isEmpty();
		assertThat(upload("throttled").header("x-weir-backend")).isEqualTo("throttled-b");
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
		return weir.exchange(pool, "POST /v1/files", upload(), "Content-Type: multipart/form-data; boundary=x");
	}

	private static com.github.tomakehurst.wiremock.client.ResponseDefinitionBuilder throttled() {
		return WireMock.aResponse().withStatus(429).withHeader("retry-after", "30").withBody(Bodies.AZURE_THROTTLED);
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

	private static void assertNothingWentUp() {
		assertThat(first.calls()).isEmpty();
		assertThat(second.calls()).isEmpty();
	}

	private static void assertServes() {
		assertThat(weir.exchange("openai", "POST /v1/chat/completions", CHAT, JSON).status()).isEqualTo(200);
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

}
