package dev.weir.faults;

import java.net.URI;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import io.netty.resolver.dns.DnsServerAddressStreamProvider;
import io.netty.resolver.dns.SingletonDnsServerAddressStreamProvider;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.support.GenericApplicationContext;

import dev.weir.testing.Bodies;
import dev.weir.testing.FakeManagedIdentity;
import dev.weir.testing.LaneFigures;
import dev.weir.testing.NameServer;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;
import dev.weir.testing.TestAuthority;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.LaneFigures.FAILED_ONCE;
import static dev.weir.testing.LaneFigures.NEITHER_ONCE;
import static dev.weir.testing.LaneFigures.SERVED_ONCE;
import static dev.weir.testing.ReplyAssertions.header;
import static dev.weir.testing.Scripts.SERVES;
import static dev.weir.testing.Scripts.responding;
import static dev.weir.testing.Scripts.throttling;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Faults of name resolution, redirects, headers and tokens of backends.
 */
@ExtendWith(OutputCaptureExtension.class)
class NameAndHeaderFaultTests {

	private static final String HTTP_CLIENT = "--spring.cloud.gateway.server.webflux.httpclient.";

	private static final TestAuthority AUTHORITY = TestAuthority.found("Weir's tests");

	private static NameServer names;

	private static Stands stands;

	@AutoClose
	private final OpenResources open = new OpenResources();

	@BeforeAll
	static void startWeir() {
		names = NameServer.start();
		stands = Stands.start(20);
	}

	@AfterAll
	static void stopWeir() throws InterruptedException {
		stands.close();
		names.close();
	}

	@Test
	void b25ANameThatDoesNotResolveGoesToTheNextLane(CapturedOutput output) {
		start(URI.create("http://nowhere.weir.test:4711")).assertServedBySpare();
		assertThat(names.questions()).contains("nowhere.weir.test");
		assertThat(output).contains("after an unknown host name from openai-a");
	}

	@Test
	void b25ANewAddressIsUsedForNewConnectionsWhenTheRecordHasExpired() {
		RawBackend.Script oneCallEach = (call) -> {
			call.respond("200 OK", Bodies.COMPLETION, "connection: close");
			call.socket().close();
		};
		RawBackend old = this.open.add(RawBackend.start(oneCallEach));
		RawBackend moved = this.open.add(RawBackend.startAt("127.0.0.2", old.url().getPort(), oneCallEach));
		names.setAddress("moves.weir.test", "127.0.0.1", 1);
		BackendWithSpare weir = start(old.url("moves.weir.test"));
		IntStream.range(0, 50).forEach((i) -> assertThat(weir.chat().statusCode()).isEqualTo(200));
		assertThat(old.connections()).isEqualTo(50);
		assertThat(names.questions().stream().filter("moves.weir.test"::equals)).hasSizeLessThan(50);

		names.setAddress("moves.weir.test", "127.0.0.2", 1);
		await().atMost(Duration.ofSeconds(10)).pollInterval(Duration.ofMillis(20)).until(() -> {
			assertThat(weir.chat().statusCode()).isEqualTo(200);
			return !moved.requests().isEmpty();
		});
		int calls = old.requests().size();
		assertThat(weir.chat().body()).isEqualTo(Bodies.COMPLETION);
		assertThat(old.requests()).hasSize(calls);
		weir.assertSpareIsUnused(calls + moved.requests().size());
	}

	@Test
	void b25ABusyConnectionIsClosedAfterItsMaxLifeTime() {
		RawBackend old = this.open.backend(SERVES);
		RawBackend moved = this.open.add(RawBackend.startAt("127.0.0.2", old.url().getPort(), SERVES));
		names.setAddress("drifts.weir.test", "127.0.0.1", 1);
		BackendWithSpare weir = start(old.url("drifts.weir.test"), HTTP_CLIENT + "pool.max-life-time=1s");
		assertThat(weir.chat().statusCode()).isEqualTo(200);
		names.setAddress("drifts.weir.test", "127.0.0.2", 1);
		await().atMost(Duration.ofSeconds(10)).pollInterval(Duration.ofMillis(20)).until(() -> {
			assertThat(weir.chat().statusCode()).isEqualTo(200);
			return !moved.requests().isEmpty();
		});
		weir.assertSpareIsUnused(old.requests().size() + moved.requests().size());
	}

	@ParameterizedTest
	@ValueSource(strings = { "301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect",
			"308 Permanent Redirect" })
	void b27ARedirectIsNeitherFollowedNorPassedOn(String status) {
		RawBackend elsewhere = this.open.backend(SERVES);
		Stand stand = stands.next(responding(status, "", "location: " + elsewhere.url() + "/v1/chat/completions",
				"content-location: " + elsewhere.url(), "refresh: 0; url=" + elsewhere.url()), SERVES);
		HttpResponse<String> response = stand.chat();
		assertThat(response.headers().map()).doesNotContainKeys("location", "content-location", "refresh");
		assertThat(elsewhere.connections()).isZero();
		assertThat(stand.first().requests()).hasSize(1);
		stand.first().script(SERVES);
		assertThat(stand.chat().body()).isEqualTo(Bodies.COMPLETION);
		assertThat(elsewhere.connections()).isZero();
	}

	@Test
	void b27OnlyAllowedHeadersReachTheClient() {
		Stand stand = stands.next(responding("200 OK", Bodies.COMPLETION, "set-cookie: session=1",
				"set-cookie2: session=2", "server: envoy", "x-powered-by: backend", "via: 1.1 backend",
				"strict-transport-security: max-age=1", "alt-svc: h3=\":443\"", "nel: {}", "report-to: {}", "cf-ray: 1",
				"x-envoy-upstream-service-time: 7", "access-control-allow-origin: *", "www-authenticate: Bearer",
				"location: http://other.test", "openai-organization: org-of-weir", "openai-project: project-of-weir",
				"x-weir-backend: forged", "x-weir-attempts: 99", "x-made-up: 1", "date: Mon, 23 Nov 2026 10:00:00 GMT",
				"apim-request-id: a-1", "x-ms-region: East US", "X-RateLimit-Remaining-Tokens: 9",
				"x-ms-spillover-from-deployment: p", "openai-processing-ms: 12",
				"azure-openai-deployment-utilization: 40%", "x-should-retry: false", "etag: \"1\""), SERVES);
		HttpResponse<String> response = stand.chat();
		assertThat(response.body()).isEqualTo(Bodies.COMPLETION);
		assertThat(response.headers().map().keySet()).containsExactlyInAnyOrder("content-type", "content-length",
				"date", "apim-request-id", "x-request-id", "x-ms-region", "x-ratelimit-remaining-tokens",
				"x-ms-spillover-from-deployment", "openai-processing-ms", "azure-openai-deployment-utilization",
				"x-should-retry", "etag", "x-weir-backend", "x-weir-attempts", "x-weir-request-id");
		assertThat(header(response, "x-weir-backend")).isEqualTo(stand.firstName());
		assertThat(header(response, "x-weir-attempts")).isEqualTo("1");
		assertThat(header(response, "x-request-id")).isEqualTo("a-1");
		stand.awaitFirst(SERVED_ONCE);
	}

	@ParameterizedTest
	@ValueSource(strings = { "400 Bad Request", "500 Internal Server Error" })
	void b27OnlyAllowedHeadersOfAnErrorReachTheClient(String status) {
		RawBackend.Script refuses = responding(status, "{\"error\":{\"message\":\"m\"}}", "set-cookie: session=1",
				"server: envoy", "x-request-id: r-1");
		Stand stand = stands.next(refuses, refuses);
		HttpResponse<String> response = stand.chat();
		assertThat(response.body()).isEqualTo("{\"error\":{\"message\":\"m\"}}");
		assertThat(header(response, "x-request-id")).isEqualTo("r-1");
		assertThat(response.headers().map()).doesNotContainKeys("set-cookie", "server");
	}

	@Test
	void b27HugeHeadersGoToTheNextLane(CapturedOutput output) {
		Stand stand = stands.next(responding("200 OK", Bodies.COMPLETION, "x-huge: " + "x".repeat(64 * 1024)), SERVES)
			.onOneConnection();
		HttpResponse<String> response = stand.chat();
		assertThat(response.body()).isEqualTo(Bodies.COMPLETION);
		assertThat(header(response, "x-weir-backend")).isEqualTo(stand.secondName());
		assertThat(stand.first().requests()).hasSize(1);
		assertThat(output)
			.contains("after a response that cannot be read (TooLongHttpHeaderException) from " + stand.firstName());
		stand.awaitFirst(FAILED_ONCE);
		stand.first().script(SERVES);
		assertThat(header(stand.chat(), "x-weir-backend")).isEqualTo(stand.firstName());
		assertThat(stand.first().connections()).isEqualTo(2);
	}

	@ParameterizedTest
	@ValueSource(strings = { "100 Continue", "102 Processing", "103 Early Hints", "199 Whatever" })
	void b27InterimResponsesAreDropped(String interim) {
		String before = "HTTP/1.1 " + interim + "\r\nlink: </style.css>; rel=preload\r\n\r\n";
		Stand stand = stands.next((call) -> {
			String number = call.request().contains("first") ? "1" : "2";
			call.write(before);
			call.write(before);
			call.respond("200 OK", "{\"number\":" + number + "}");
		}, SERVES).onOneConnection();
		String chat = "/v1/chat/completions";
		HttpResponse<String> first = stand.post(chat, Bodies.CHAT.replace("hi", "first"));
		assertThat(first.statusCode()).isEqualTo(200);
		assertThat(first.body()).isEqualTo("{\"number\":1}");
		assertThat(first.headers().firstValue("link")).isEmpty();
		assertThat(stand.chat().body()).isEqualTo("{\"number\":2}");
		assertThat(stand.first().connections()).isEqualTo(1);
		stand.awaitFirst(new LaneFigures(0, 2, 2, 0, 0));
	}

	@Test
	void b27EarlyHintsBeforeAStreamAreDropped() {
		Stand stand = stands.next((call) -> {
			call.write("HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n");
			call.beginEvents();
			call.chunk("data: {\"n\":1}\n\n");
			call.chunk("data: [DONE]\n\n");
			call.endChunks();
		}, SERVES);
		try (RawClient client = RawClient.of(stand.weir())) {
			client.post("/" + stand.name() + "/v1/chat/completions", Bodies.CHAT_STREAM);
			assertThat(client.readUntil("0\r\n\r\n")).startsWith("HTTP/1.1 200 OK\r\n")
				.contains("data: {\"n\":1}\n\n", "data: [DONE]\n\n")
				.doesNotContain("103");
		}
		stand.awaitFirst(SERVED_ONCE);
	}

	@Test
	void aRequestThatIsSentAgainWithANewTokenSaysSoInTheLog(CapturedOutput output) throws Exception {
		this.open.add(new FakeManagedIdentity());
		RawBackend backend = this.open.add(RawBackend.startSecure(AUTHORITY.identity("localhost"), (call) -> {
			if (call.request().contains("canary-1")) {
				call.respond("401 Unauthorized", "{\"error\":{\"message\":\"expired\"}}");
			}
			else {
				SERVES.run(call);
			}
		}));
		String keyless = "{name: renewing, url: '" + backend.url("localhost")
				+ "', dialect: azure, scope: 'https://renewing.weir.test/.default'}";
		WeirServer weir = this.open.add(WeirServer.start(WeirServer.pool("", keyless), AUTHORITY.trustSettings()));
		HttpResponse<String> response = weir.chat();
		assertThat(response.statusCode()).isEqualTo(200);
		assertThat(header(response, "x-weir-attempts")).isEqualTo("1");
		await().untilAsserted(() -> assertThat(
				output.getOut().lines().filter((it) -> it.contains("(renewing, attempt")))
			.satisfiesExactly((first) -> assertThat(first).contains("(renewing, attempt 1) ["),
					(second) -> assertThat(second).contains("(renewing, attempt 1, sent again with a new token) [")));
	}

	// waits for the fixed limits of the token cache
	@Tag("soak")
	@Test
	void b28ASlowOrUnavailableTokenEndpointIsNotAFailureOfTheBackend() throws Exception {
		FakeManagedIdentity identity = this.open.add(new FakeManagedIdentity());
		identity.hold();
		RawBackend first = this.open.add(RawBackend.startSecure(AUTHORITY.identity("localhost"), SERVES));
		RawBackend second = this.open.backend(SERVES);
		String keyless = "{name: openai-a, url: '" + first.url("localhost")
				+ "', dialect: azure, scope: 'https://faults.weir.test/.default'}";
		WeirServer weir = this.open.add(WeirServer.start(
				WeirServer.pool("", keyless, WeirServer.backend("openai-b", second.url(), "priority: 2")),
				AUTHORITY.trustSettings()));

		ExecutorService callers = Executors.newFixedThreadPool(5);
		this.open.add(callers::shutdownNow);
		List<CompletableFuture<HttpResponse<String>>> calls = IntStream.range(0, 5)
			.mapToObj((i) -> CompletableFuture.supplyAsync(weir::chat, callers))
			.toList();
		assertThat(calls.stream().map(CompletableFuture::join)).allSatisfy((response) -> {
			assertThat(response.body()).isEqualTo(Bodies.COMPLETION);
			assertThat(header(response, "x-weir-backend")).isEqualTo("openai-b");
		});
		assertThat(identity.queries()).hasSize(1);
		assertThat(first.connections()).isZero();
		LaneFigures figures = LaneFigures.of(weir, "openai-a");
		assertThat(figures.breakerFailures()).isZero();
		assertThat(figures.inFlight()).isZero();

		identity.release();
		await().atMost(Duration.ofSeconds(15)).until(() -> "openai-a".equals(header(weir.chat(), "x-weir-backend")));
		identity.close();
		int served = first.requests().size();
		IntStream.range(0, 5).forEach((i) -> assertThat(header(weir.chat(), "x-weir-backend")).isEqualTo("openai-a"));
		assertThat(first.requests()).hasSize(served + 5)
			.allSatisfy((request) -> assertThat(request).containsIgnoringCase("authorization: Bearer canary-1"));
		assertThat(identity.queries()).hasSize(1);
		assertThat(LaneFigures.of(weir, "openai-a").breakerFailures()).isZero();
	}

	@Test
	void b29ABackendGetsAtMostTenHeadersBesideThoseOfHttp() {
		Stand stand = stands.next(throttling("retry-after: 9"), SERVES);
		List<String> headers = new ArrayList<>(List.of("openai-beta", "b", "idempotency-key", "i", "aoai-evals",
				"preview", "x-ms-client-request-id", "r", "x-ms-spillover-deployment", "s",
				"x-ms-oai-image-generation-deployment", "i", "authorization", "Bearer of-the-client", "api-key",
				"of-the-client", "cookie", "of=the-client", "x-forwarded-for", "10.0.0.1", "forwarded", "for=10.0.0.1",
				"x-stainless-lang", "java", "traceparent", "of-the-client"));
		IntStream.range(0, 50).forEach((i) -> headers.addAll(List.of("x-custom-" + i, "of-the-client")));
		HttpResponse<String> response = stand.post("/v1/chat/completions", Bodies.CHAT, headers.toArray(String[]::new));
		assertThat(response.body()).isEqualTo(Bodies.COMPLETION);
		assertHeaders(stand.first(), stand.firstName());
		assertHeaders(stand.second(), stand.secondName());
		stand.awaitFirst(NEITHER_ONCE);
		stand.awaitSecond(SERVED_ONCE);
		assertThat(stand.chat().statusCode()).isEqualTo(200);
	}

	private static void assertHeaders(RawBackend backend, String name) {
		Set<String> http = Set.of("host", "content-length", "content-type", "user-agent", "accept", "accept-encoding");
		assertThat(backend.requests()).hasSize(1);
		String head = backend.requests().get(0).split("\r\n\r\n", 2)[0];
		assertThat(head).containsIgnoringCase("api-key: key-of-" + name).doesNotContain("of-the-client", "10.0.0.1");
		assertThat(head.lines()
			.skip(1)
			.map((line) -> line.substring(0, line.indexOf(':')).toLowerCase(Locale.ROOT))
			.filter((header) -> !http.contains(header))
			.collect(Collectors.toList())).hasSizeLessThanOrEqualTo(10)
			.containsExactlyInAnyOrder("api-key", "openai-beta", "idempotency-key", "aoai-evals",
					"x-ms-client-request-id", "x-ms-oai-image-generation-deployment");
	}

	private BackendWithSpare start(URI url, String... arguments) {
		return this.open.add(BackendWithSpare.start(NameAndHeaderFaultTests::useTestNameServer, url, arguments));
	}

	private static void useTestNameServer(GenericApplicationContext context) {
		context.registerBean(DnsServerAddressStreamProvider.class,
				() -> new SingletonDnsServerAddressStreamProvider(names.address()));
	}

}
