package dev.weir.faults;

import java.net.http.HttpResponse;
import java.time.Duration;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.LaneCooldown;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;

import static dev.weir.testing.ReplyAssertions.assertServedBy;
import static dev.weir.testing.ReplyAssertions.header;
import static dev.weir.testing.Scripts.SERVES;
import static dev.weir.testing.Scripts.responding;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Rows B39 and B41: errors in a response of status 200, and the error formats of servers
 * other than OpenAI and Azure.
 */
class ErrorFormatFaultTests {

	private static final String RESPONSES = "/v1/responses";

	private static Stands stands;

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(20);
	}

	@AfterAll
	static void stopWeir() throws InterruptedException {
		stands.close();
	}

	@Test
	void b39AnUnknownOperationMayRespondWithAStatusOnly() {
		Stand stand = stands.next(responding("200 OK", ""), responding("200 OK", ""));
		for (int i = 0; i < 6; i++) {
			HttpResponse<String> accepted = stand.post("/v1/realtime/calls/rtc_1/accept",
					"{\"type\":\"realtime\",\"model\":\"gpt-4o\"}");
			assertThat(accepted.statusCode()).isEqualTo(200);
			assertThat(header(accepted, "x-weir-attempts")).isEqualTo("1");
		}
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = { "{\"error\":{\"message\":\"Rate limit exceeded\",\"code\":429}} | 10",
			"{\"error\":{\"type\":\"rate_limit_error\"}} | 10", "{\"error\":\"overloaded\"} | 0",
			"{\"object\":\"error\",\"message\":\"no\",\"code\":500} | 0", "{\"detail\":\"Internal\"} | 0", "'' | 0" })
	void b39A200WithAnErrorOrWithoutABodyGoesToTheNextLane(String body, int cooldown) {
		Stand stand = stands.next(responding("200 OK", body), SERVES);
		assertServedBy(stand.chat(), stand.secondName());
		assertThat(LaneCooldown.of(stand.weir(), stand.firstName())).isBetween(Duration.ofSeconds(cooldown / 2),
				Duration.ofSeconds(cooldown));
	}

	@Test
	void b39ATruncatedOrHtmlResponseOf200GoesToTheNextLane() {
		Stand stand = stands.next(responding("200 OK", "<html>Welcome</html>", "content-type: text/html"), SERVES);
		assertServedBy(stand.chat(), stand.secondName());
	}

	@Test
	void b39AnErrorInA200ThatIsAboutTheRequestHasTheStatusItShouldHave() {
		String body = "{\"error\":{\"message\":\"no\",\"type\":\"invalid_request_error\",\"code\":\"content_filter\"}}";
		Stand stand = stands.next(responding("200 OK", body), SERVES);
		HttpResponse<String> response = stand.chat();
		assertThat(response.statusCode()).isEqualTo(400);
		assertThat(response.body()).isEqualTo(body);
		assertThat(stand.second().requests()).isEmpty();
	}

	@Test
	void b39AFailedResponseIsRequestedElsewhereAndARefusedOneIsRelayedUnchanged() {
		String failed = "{\"id\":\"resp_1\",\"object\":\"response\",\"status\":\"failed\",\"error\":{\"code\":\"CODE\","
				+ "\"message\":\"no\"},\"output\":[]}";
		Stand stand = stands.next(responding("200 OK", failed.replace("CODE", "server_error")), SERVES);
		String request = "{\"model\":\"gpt-4o\",\"input\":\"hi\"}";
		assertServedBy(stand.post(RESPONSES, request), stand.secondName());
		String refused = failed.replace("CODE", "invalid_prompt");
		stand.first().script(responding("200 OK", refused));
		HttpResponse<String> response = stand.post(RESPONSES, request);
		assertThat(response.statusCode()).isEqualTo(200);
		assertThat(response.body()).isEqualTo(refused);
		assertThat(header(response, "x-weir-attempts")).isEqualTo("1");
	}

	@ParameterizedTest
	@ValueSource(strings = {
			"{\"object\":\"error\",\"message\":\"This model's maximum context length is 4096 tokens.\",\"code\":400}",
			"{\"object\":\"error\",\"message\":\"The input (5000 tokens) is longer than the model's context length (4096 tokens).\",\"code\":400}",
			"{\"error\":{\"message\":\"litellm.ContextWindowExceededError: too much\",\"code\":\"400\",\"type\":\"ContextWindowExceededError\"}}",
			"{\"error\":\"the input length exceeds the context length\"}" })
	void b41TooLongAsOtherServersReportItGoesToALowerTier(String body) {
		Stand stand = stands.next(responding("400 Bad Request", body), SERVES);
		assertServedBy(stand.chat(), stand.secondName());
		assertThat(LaneCooldown.of(stand.weir(), stand.firstName())).isZero();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = {
			"404 Not Found | {\"object\":\"error\",\"message\":\"The model `gpt-4o` does not exist.\",\"type\":\"NotFoundError\",\"code\":404}",
			"404 Not Found | {\"error\":{\"message\":\"model \\\"gpt-4o\\\" not found, try pulling it first\",\"type\":\"api_error\"}}",
			"404 Not Found | {\"error\":\"model 'gpt-4o' not found\"}",
			"400 Bad Request | {\"error\":{\"message\":\"{'error': '/chat/completions: Invalid model name passed in model=gpt-4o.'}\",\"type\":\"None\",\"param\":\"None\",\"code\":\"400\"}}" })
	void b41NoSuchModelAsOtherServersReportItSetsTheLaneAside(String status, String body) {
		Stand stand = stands.next(responding(status, body), SERVES);
		assertServedBy(stand.chat(), stand.secondName());
		assertThat(LaneCooldown.of(stand.weir(), stand.firstName())).isGreaterThan(Duration.ofMinutes(4));
		assertThat(stand.firstHealth()).doesNotContain("AVAILABLE");
	}

}
