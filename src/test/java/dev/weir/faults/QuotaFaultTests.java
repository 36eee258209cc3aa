package dev.weir.faults;

import java.net.http.HttpResponse;
import java.time.Duration;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.LaneCooldown;
import dev.weir.testing.RawBackend;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;

import static dev.weir.testing.ReplyAssertions.assertServedBy;
import static dev.weir.testing.ReplyAssertions.header;
import static dev.weir.testing.Scripts.SERVES;
import static dev.weir.testing.Scripts.THROTTLED;
import static dev.weir.testing.Scripts.responding;
import static dev.weir.testing.Scripts.throttling;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Rows B31 and B32: accounts without credit, and requests that are larger than a quota.
 */
class QuotaFaultTests {

	private static final String CHAT = "/v1/chat/completions";

	private static final String LARGE = "{\"error\":{\"message\":\"Request too large for gpt-4o on tokens per min"
			+ " (TPM): Limit 30000, Requested 45000.\",\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\"}}";

	private static Stands stands;

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(15);
	}

	@AfterAll
	static void stopWeir() throws InterruptedException {
		stands.close();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = { "402 Payment Required | {\"error\":{\"message\":\"Insufficient Balance\"}}",
			"402 Payment Required | no credit", "400 Bad Request | {\"error\":{\"message\":\"Insufficient credits.\"}}",
			"400 Bad Request | {\"error\":{\"code\":\"insufficient_quota\"}}",
			"200 OK | {\"error\":{\"message\":\"Insufficient Balance\",\"code\":402}}",
			"200 OK | {\"error\":{\"message\":\"Insufficient Balance\"}}" })
	void b31AnAccountWithoutCreditGetsALongCooldownThatHealthShows(String status, String body) {
		Stand stand = stands.next(responding(status, body), SERVES);
		assertServedBy(stand.chat(), stand.secondName());
		assertServedBy(stand.post(CHAT, "{\"model\":\"o3\",\"messages\":[]}"), stand.secondName());
		assertThat(stand.first().requests()).hasSize(1);
		assertThat(LaneCooldown.of(stand.weir(), stand.firstName())).isGreaterThan(Duration.ofMinutes(4));
		assertThat(stand.firstHealth()).contains("\"status\":\"OUT_OF_QUOTA\"", "add credit");
	}

	@Test
	void b32ARequestLargerThanTheQuotaCausesNoCooldownAndIsTriedOnALaneOfUnknownSize() {
		Stand stand = stands.next(responding("429 Too Many Requests", LARGE, "retry-after: 86400"), SERVES);
		assertServedBy(stand.chat(), stand.secondName());
		assertThat(LaneCooldown.of(stand.weir(), stand.firstName())).isZero();
		stand.first().script(SERVES);
		assertServedBy(stand.chat(), stand.firstName());
	}

	@Test
	void b32ARequestLargerThanEveryQuotaGetsThe429WithoutARetry() {
		RawBackend.Script large = responding("429 Too Many Requests", LARGE, "retry-after: 86400",
				"retry-after-ms: 86400000");
		Stand stand = stands.next(large, large);
		for (int i = 0; i < 3; i++) {
			HttpResponse<String> response = stand.chat();
			assertThat(response.statusCode()).isEqualTo(429);
			assertThat(response.body()).isEqualTo(LARGE);
			assertThat(header(response, "x-should-retry")).isEqualTo("false");
			assertThat(header(response, "x-weir-attempts")).isEqualTo("2");
			assertThat(response.headers().firstValue("retry-after")).isEmpty();
			assertThat(response.headers().firstValue("retry-after-ms")).isEmpty();
		}
		assertThat(stand.firstHealth()).contains("\"state\":\"AVAILABLE\"");
	}

	@Test
	void b32ALaneThatIsKnownToBeTooSmallIsNotCalled() {
		Stand stand = stands.next(responding("429 Too Many Requests", LARGE), responding("200 OK", Bodies.COMPLETION,
				"x-ratelimit-limit-tokens: 40000", "x-ratelimit-remaining-tokens: 39000"));
		assertServedBy(stand.chat(), stand.secondName());
		HttpResponse<String> response = stand.chat();
		assertThat(response.statusCode()).isEqualTo(429);
		assertThat(header(response, "x-weir-attempts")).isEqualTo("1");
		assertThat(stand.second().requests()).hasSize(1);
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void b32AzuresDayIsTooLargeOnlyWhileOthersAreServed(boolean remaining) {
		Stand stand = stands.next(SERVES, THROTTLED);
		if (!remaining) {
			assertServedBy(stand.chat(), stand.firstName());
		}
		stand.first()
			.script(throttling("retry-after: 86400", remaining ? "x-ratelimit-remaining-tokens: 5000" : "x-other: 1"));
		HttpResponse<String> response = stand.chat("a longer one ".repeat(100));
		assertThat(response.statusCode()).isEqualTo(429);
		assertThat(LaneCooldown.of(stand.weir(), stand.firstName())).isZero();
		stand.first().script(SERVES);
		assertServedBy(stand.chat(), stand.firstName());
	}

}
