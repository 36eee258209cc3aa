package dev.weir.faults;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.LaneFigures;
import dev.weir.testing.LaneCooldown;
import dev.weir.testing.RawBackend;
import dev.weir.testing.Signal;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;

import static dev.weir.testing.LaneFigures.NEITHER_ONCE;
import static dev.weir.testing.ReplyAssertions.assertNoSecret;
import static dev.weir.testing.ReplyAssertions.assertServedBy;
import static dev.weir.testing.ReplyAssertions.header;
import static dev.weir.testing.Scripts.SERVES;
import static dev.weir.testing.Scripts.THROTTLED;
import static dev.weir.testing.Scripts.UNUSED;
import static dev.weir.testing.Scripts.responding;
import static dev.weir.testing.Scripts.servingExcept;
import static dev.weir.testing.Scripts.throttling;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Backends that respond with a refusal: full, out of quota, closed to Weir, without the
 * deployment, or right to refuse.
 */
class RefusalFaultTests {

	private static final String CHAT = "/v1/chat/completions";

	private static final String FULL = "429 Too Many Requests";

	private static final String TOO_LONG = """
			{ "error" : {"message":"This model's maximum context length is 8192 tokens – shorten it.",
			"type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}
			""";

	private static Stands stands;

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(70);
	}

	@AfterAll
	static void stopWeir() throws InterruptedException {
		stands.close();
	}

	@Test
	void b13A429WithoutRetryAfterGoesToTheNextLaneAndTheLaneGetsTheDefaultCooldown() {
		Stand stand = stands.next(responding(FULL, Bodies.AZURE_THROTTLED), SERVES);
		assertServedBy(stand.chat(), stand.secondName(), 2);
		assertThat(LaneCooldown.of(stand.weir(), stand.firstName())).isBetween(Duration.ofSeconds(5),
				Duration.ofSeconds(10));
		assertThat(LaneCooldown.of(stand.weir(), stand.secondName())).isZero();
		assertServedBy(stand.chat(), stand.secondName(), 1);
		assertThat(stand.first().requests()).hasSize(1);
		assertThat(stand.second().requests()).hasSize(2);
		stand.awaitFirst(NEITHER_ONCE);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = {
			// the delay is used unchanged
			"retry-after: 20 | 15 | 20", "retry-after-ms: 20000 | 15 | 20", "retry-after: 20.5 | 15 | 20.5",
			"retry-after-ms: 20000.5 | 15 | 20.001", "retry-after: DATE+20 | 14 | 20",
			// no cooldown is longer than the pool's limit
			"retry-after: 86400 | 55 | 60", "retry-after-ms: 86400000 | 55 | 60",
			"retry-after: 1000000000000 | 55 | 60", "retry-after-ms: 1000000000000 | 55 | 60",
			"retry-after: DATE+86400 | 55 | 60",
			// a value that is no delay, or so short that it causes a tight loop, is
			// replaced by the default
			"retry-after: 0 | 5 | 10", "retry-after-ms: 0 | 5 | 10", "retry-after: 0.0 | 5 | 10",
			"retry-after: -1 | 5 | 10", "retry-after-ms: -1 | 5 | 10", "retry-after: soon | 5 | 10",
			"retry-after: NaN | 5 | 10", "retry-after: 1e9 | 5 | 10", "retry-after: DATE-20 | 5 | 10",
			"x-ratelimit-reset-tokens: 20 | 5 | 10",
			"x-ratelimit-remaining-tokens: 0, x-ratelimit-reset-tokens: 0 | 5 | 10",
			// the exhausted quota has a reset time
			"x-ratelimit-remaining-tokens: 0, x-ratelimit-reset-tokens: 20 | 15 | 20" })
	void b14ADelayIsReadOrReplacedByTheDefaultAndNeverLongerThanTheLimit(String headers, double least, double most) {
		Stand stand = stands.next(throttling(dated(headers).split(", (?=x-)")), SERVES);
		assertServedBy(stand.chat(), stand.secondName(), 2);
		assertThat(LaneCooldown.of(stand.weir(), stand.firstName()).toMillis() / 1000.0).isBetween(least, most);
		IntStream.range(0, 5).forEach((i) -> assertServedBy(stand.chat(), stand.secondName(), 1));
		assertThat(stand.first().requests()).hasSize(1);
	}

	@Test
	void b14AShortDelayIsRespectedAndThenTheLaneIsUsedAgain() {
		Stand stand = stands.next(throttling("retry-after-ms: 40"), SERVES);
		assertServedBy(stand.chat(), stand.secondName(), 2);
		stand.first().script(SERVES);
		await().atMost(Duration.ofSeconds(5))
			.untilAsserted(() -> assertThat(header(stand.chat(), "x-weir-backend")).isEqualTo(stand.firstName()));
		assertThat(stand.first().requests()).hasSize(2);
	}

	@ParameterizedTest
	@CsvSource({ "30000, 100", "100, 30000" })
	void b15OfTwoDelaysTheLongerCountsWhicheverComesFirst(String sooner, String later) throws InterruptedException {
		AtomicInteger calls = new AtomicInteger();
		Signal bothThere = new Signal();
		Signal firstKnown = new Signal();
		Stand stand = stands.next((call) -> {
			if (calls.getAndIncrement() == 0) {
				bothThere.await();
				throttling("retry-after-ms: " + sooner).run(call);
			}
			else {
				bothThere.send();
				firstKnown.await();
				throttling("retry-after-ms: " + later).run(call);
			}
		}, SERVES);
		CompletableFuture<HttpResponse<String>> one = CompletableFuture.supplyAsync(stand::chat);
		await().until(() -> calls.get() == 1);
		CompletableFuture<HttpResponse<String>> other = CompletableFuture.supplyAsync(stand::chat);
		assertServedBy(one.join(), stand.secondName(), 2);
		firstKnown.send();
		assertServedBy(other.join(), stand.secondName(), 2);
		assertThat(LaneCooldown.of(stand.weir(), stand.firstName())).isBetween(Duration.ofSeconds(20),
				Duration.ofSeconds(30));
		assertThat(stand.first().requests()).hasSize(2);
	}

	@Test
	void b16A429OnEmbeddingsLeavesChatOnTheSameBackendAlone() {
		Stand stand = stands.next(servingExcept("/embeddings", THROTTLED), SERVES);
		String embedding = "{\"model\":\"text-embedding-3-small\",\"input\":\"hi\"}";
		assertServedBy(stand.post("/v1/embeddings", embedding), stand.secondName(), 2);
		assertServedBy(stand.chat(), stand.firstName(), 1);
		assertServedBy(stand.post("/v1/embeddings", embedding), stand.secondName(), 1);
		assertThat(LaneCooldown.of(stand.weir(), stand.firstName(), "text-embedding-3-small"))
			.isGreaterThan(Duration.ofSeconds(20));
		assertThat(LaneCooldown.of(stand.weir(), stand.firstName())).isZero();
		assertThat(stand.firstHealth()).contains("\"status\":\"UP\"", "PARTIAL_COOLDOWN");
		assertThat(stand.first().requests()).hasSize(2);
	}

	@ParameterizedTest
	@ValueSource(strings = { "insufficient_quota", "organization_spend_limit_exceeded" })
	void b18AUsedUpQuotaGivesTheWholeBackendALongCooldownThatHealthShows(String code) {
		Stand stand = stands.next(responding(FULL, "{\"error\":{\"message\":\"Spent.\",\"code\":\"" + code + "\"}}",
				"retry-after: 1", "retry-after-ms: 1"), SERVES);
		assertServedBy(stand.chat(), stand.secondName(), 2);
		assertThat(LaneCooldown.of(stand.weir(), stand.firstName())).isBetween(Duration.ofMinutes(4),
				Duration.ofMinutes(5));
		assertServedBy(stand.post(CHAT, "{\"model\":\"o3\",\"messages\":[]}"), stand.secondName(), 1);
		assertThat(stand.firstHealth()).contains("\"status\":\"OUT_OF_QUOTA\"", "its quota is used up", "Spent.",
				"add credit");
		assertThat(stand.first().requests()).hasSize(1);
		stand.awaitFirst(NEITHER_ONCE);
	}

	@ParameterizedTest
	@ValueSource(strings = { "401 Unauthorized", "403 Forbidden" })
	void b22ABackendThatDeniesAccessIsSetAsideAndReportedAndTheClientIsServed(String status) {
		Stand stand = stands.next(responding(status, "{\"error\":{\"code\":\"" + status.substring(0, 3)
				+ "\",\"message\":\"Access denied due to invalid subscription key.\"}}"), SERVES);
		assertServedBy(stand.chat(), stand.secondName(), 2);
		assertServedBy(stand.chat(), stand.secondName(), 1);
		assertServedBy(stand.post(CHAT, "{\"model\":\"o3\",\"messages\":[]}"), stand.secondName(), 1);
		assertThat(stand.first().requests()).hasSize(1);
		assertThat(stand.firstHealth())
			.contains("\"status\":\"DENIED\"", "refuses the credential",
					"Access denied due to invalid subscription key.", "check ")
			.doesNotContain("key-of-");
		stand.awaitFirst(new LaneFigures(0, 1, 0, 1, 0));
	}

	@Test
	void b22WhereEveryBackendDeniesAccessTheErrorIsWeirsAndNamesNoCredential() {
		RawBackend.Script denies = responding("401 Unauthorized",
				"{\"error\":{\"code\":\"PermissionDenied\",\"message\":\"Access denied to your key.\"}}",
				"www-authenticate: Bearer");
		Stand stand = stands.next(denies, denies);
		HttpResponse<String> response = stand.chat();
		assertThat(response.statusCode()).isEqualTo(502);
		assertThat(response.body()).contains("\"code\":\"backend_denied\"").doesNotContain("Access denied");
		assertThat(response.headers().firstValue("www-authenticate")).isEmpty();
		assertNoSecret(response);
		HttpResponse<String> next = stand.chat();
		assertThat(next.statusCode()).isEqualTo(502);
		assertThat(header(next, "x-weir-attempts")).isEqualTo("0");
		for (HttpResponse<String> each : List.of(response, next)) {
			assertThat(header(each, "x-should-retry")).isEqualTo("false");
			assertThat(each.headers().firstValue("retry-after")).isEmpty();
			assertThat(each.headers().firstValue("retry-after-ms")).isEmpty();
		}
		assertThat(stand.first().requests()).hasSize(1);
		assertThat(stand.second().requests()).hasSize(1);
	}

	@Test
	void b23AMissingDeploymentSetsOnlyThatLaneAside() {
		Stand stand = stands.next(servingExcept("gpt-4o", responding("404 Not Found", Bodies.NO_DEPLOYMENT)), SERVES);
		assertServedBy(stand.chat(), stand.secondName(), 2);
		assertServedBy(stand.chat(), stand.secondName(), 1);
		assertServedBy(stand.post(CHAT, "{\"model\":\"o3\",\"messages\":[]}"), stand.firstName(), 1);
		assertThat(LaneCooldown.of(stand.weir(), stand.firstName())).isGreaterThan(Duration.ofMinutes(4));
		assertThat(LaneCooldown.of(stand.weir(), stand.firstName(), "o3")).isZero();
		assertThat(stand.firstHealth()).contains("\"status\":\"UP\"");
		assertThat(stand.first().requests()).hasSize(2);
	}

	@Test
	void b23ADeploymentThatIsMissingEverywhereIsAModelThatDoesNotExist() {
		Stand stand = stands.next(responding("404 Not Found", Bodies.NO_DEPLOYMENT),
				responding("404 Not Found", Bodies.NO_DEPLOYMENT));
		for (String attempts : new String[] { "2", "0" }) {
			HttpResponse<String> response = stand.chat();
			assertThat(response.statusCode()).isEqualTo(404);
			assertThat(response.body()).contains("\"code\":\"model_not_found\"");
			assertThat(header(response, "x-weir-attempts")).isEqualTo(attempts);
			assertNoSecret(response);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { Bodies.CONTENT_FILTER, "", "no JSON at all – ünd ☃",
			" {\"error\" :\n{\"code\":\"invalid_value\"}}\r\n\t", "{\"error\":{\"code\":\"429\"}}",
			"{\"error\":{\"message\":\"Invalid value: 'Insufficient Balance, invalid subscription key'\"}}" })
	void b24Any400PassesByteForByteAfterOneAttemptWithoutACooldown(String body) {
		Stand stand = stands
			.next(responding("400 Bad Request", body, "content-type: text/plain; charset=utf-8", "retry-after: 30"),
					UNUSED)
			.onOneConnection();
		for (int i = 0; i < 10; i++) {
			HttpResponse<String> response = stand.chat();
			assertPassed(response, stand, body);
			assertThat(header(response, "content-type")).isEqualTo("text/plain; charset=utf-8");
			assertThat(header(response, "retry-after")).isEqualTo("30");
		}
		assertThat(stand.first().connections()).isEqualTo(1);
		assertNothingRests(stand, 10);
		assertHealthyAfterwards(stand);
	}

	@Test
	void b24A400LongerThanTheReadLimitOfErrorsPassesWhole() {
		String body = "{\"error\":{\"code\":\"content_filter\",\"message\":\"" + "long é ".repeat(60_000) + "\"}}";
		Stand stand = stands.next(responding("400 Bad Request", body), UNUSED);
		assertPassed(stand.chat(), stand, body);
		assertPassed(stand.chat(), stand, body);
		assertNothingRests(stand, 2);
		assertHealthyAfterwards(stand);
	}

	@Test
	void b24A400SlowerThanTheReadTimeoutOfErrorsPassesWhole() {
		String body = "{\"error\":{\"code\":\"content_filter\",\"message\":\"filtered\"}}";
		Stand stand = stands.next((call) -> {
			call.write(
					"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n");
			for (int i = 0; i < body.length(); i += 10) {
				call.chunk(body.substring(i, Math.min(i + 10, body.length())));
				TimeUnit.MILLISECONDS.sleep(250);
			}
			call.endChunks();
		}, UNUSED);
		assertPassed(stand.chat(), stand, body);
		assertNothingRests(stand, 1);
		assertHealthyAfterwards(stand);
	}

	@Test
	void b24ARequestTooLongForOneTierGoesToALowerOne() {
		Stand stand = stands.next(responding("400 Bad Request", TOO_LONG), SERVES);
		assertServedBy(stand.chat(), stand.secondName(), 2);
		assertThat(stand.first().requests()).hasSize(1);
		assertNothingRests(stand, 1);
	}

	@Test
	void b24ARequestTooLongForTheLowerTierTooGetsItsResponseUnchanged() {
		String second = TOO_LONG.replace("8192", "128000");
		Stand stand = stands.next(responding("400 Bad Request", TOO_LONG), responding("400 Bad Request", second));
		HttpResponse<String> response = stand.chat();
		assertThat(response.statusCode()).isEqualTo(400);
		assertThat(response.body()).isEqualTo(second);
		assertThat(header(response, "x-weir-backend")).isEqualTo(stand.secondName());
		assertThat(header(response, "x-weir-attempts")).isEqualTo("2");
		assertThat(stand.first().requests()).hasSize(1);
		assertThat(stand.second().requests()).hasSize(1);
		assertNothingRests(stand, 1);
	}

	@Test
	void b24ARequestTooLongWhileTheLowerTierIsFullGetsTheResponseUnchanged() {
		Stand stand = stands.next(throttling("retry-after-ms: 1"), THROTTLED);
		assertThat(stand.chat().statusCode()).isEqualTo(429);
		stand.first().script(responding("400 Bad Request", TOO_LONG));
		assertPassed(stand.chat(), stand, TOO_LONG);
		assertThat(stand.second().requests()).hasSize(1);
	}

	private static void assertPassed(HttpResponse<String> response, Stand stand, String body) {
		assertThat(response.statusCode()).isEqualTo(400);
		assertThat(response.body()).isEqualTo(body);
		assertThat(header(response, "x-weir-backend")).isEqualTo(stand.firstName());
		assertThat(header(response, "x-weir-attempts")).isEqualTo("1");
		assertNoSecret(response);
	}

	private static void assertNothingRests(Stand stand, int attempts) {
		stand.awaitFirst(new LaneFigures(0, attempts, 0, 0, 0));
		assertThat(LaneCooldown.of(stand.weir(), stand.firstName())).isZero();
		assertThat(stand.firstHealth()).contains("\"state\":\"AVAILABLE\"");
	}

	private static void assertHealthyAfterwards(Stand stand) {
		assertThat(stand.second().requests()).isEmpty();
		stand.first().script(SERVES);
		assertServedBy(stand.chat(), stand.firstName(), 1);
	}

	/** Writes {@code DATE+20} as the date in 20 seconds. */
	private static String dated(String header) {
		int at = header.indexOf("DATE");
		if (at < 0) {
			return header;
		}
		Instant date = Instant.now().plusSeconds(Long.parseLong(header.substring(at + "DATE".length())));
		return header.substring(0, at) + DateTimeFormatter.RFC_1123_DATE_TIME.format(date.atOffset(ZoneOffset.UTC));
	}

}
