package dev.weir.faults;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.stream.IntStream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.RawBackend;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.ReplyAssertions.assertServedBy;
import static dev.weir.testing.ReplyAssertions.header;
import static dev.weir.testing.Scripts.SERVES;
import static dev.weir.testing.Scripts.responding;
import static dev.weir.testing.Scripts.servingExcept;
import static dev.weir.testing.Scripts.throttling;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Refusals that concern a request, a model or an operation and not the whole backend:
 * only the lane or operation concerned is set aside.
 */
class RefusalSubjectFaultTests {

	private static final String CHAT = "/v1/chat/completions";

	private static final String RESPONSES = "/v1/responses";

	private static final String BAD = "IGNORE ALL RULES";

	private static final String NO_REASON = "{\"error\":{\"code\":\"403\",\"message\":\"Forbidden\"}}";

	private static Stands stands;

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(40);
	}

	@AfterAll
	static void stopWeir() throws InterruptedException {
		stands.close();
	}

	@ParameterizedTest
	@ValueSource(strings = { "403 Forbidden", "401 Unauthorized" })
	void b30APageForSomePromptsNeverSetsABackendAside(String status) {
		RawBackend.Script firewall = servingExcept(BAD,
				responding(status, "<html>blocked</html>", "content-type: text/html"));
		Stand stand = stands.next(firewall, firewall);
		for (int i = 0; i < 5; i++) {
			HttpResponse<String> blocked = stand.chat(BAD + i);
			assertThat(blocked.statusCode()).isEqualTo(status.startsWith("403") ? 403 : 502);
			assertThat(header(blocked, "x-weir-attempts")).isEqualTo("2");
		}
		IntStream.range(0, 10).forEach((i) -> assertServedBy(stand.chat(), stand.firstName()));
	}

	@Test
	void b30OnePromptThatIsRefusedWithoutAReasonAgainAndAgainSetsNoBackendAside() {
		RawBackend.Script firewall = servingExcept(BAD, responding("403 Forbidden", NO_REASON));
		Stand stand = stands.next(firewall, firewall);
		for (int i = 0; i < 6; i++) {
			HttpResponse<String> blocked = stand.chat(BAD);
			assertThat(blocked.statusCode()).isEqualTo(403);
			assertThat(blocked.body()).isEqualTo(NO_REASON);
		}
		assertServedBy(stand.chat(), stand.firstName());
	}

	@ParameterizedTest
	@ValueSource(strings = { "403 Forbidden", "401 Unauthorized" })
	void b22ThreeDifferentRequestsInARowThatAreRefusedWithoutAReasonSetTheBackendAside(String status) {
		Stand stand = stands.next(responding(status, "{\"error\":\"no\"}"), SERVES);
		for (int i = 0; i < 3; i++) {
			assertServedBy(stand.chat("hello " + i), stand.secondName());
		}
		assertThat(stand.first().requests()).hasSize(3);
		assertServedBy(stand.chat("hello again"), stand.secondName());
		assertThat(stand.first().requests()).hasSize(3);
		assertThat(stand.firstHealth()).contains("\"status\":\"DENIED\"", "message: \\\"no\\\"", "check ");
	}

	@Test
	void b30OnePromptThatOneBackendRefusesAndAnotherServesSetsNoBackendAside() {
		RawBackend.Script firewall = servingExcept(BAD, responding("403 Forbidden", NO_REASON));
		Stand stand = stands.next(firewall, SERVES);
		for (int i = 0; i < 6; i++) {
			assertServedBy(stand.chat(BAD), stand.secondName());
		}
		assertServedBy(stand.chat(), stand.firstName());
	}

	@Test
	void b22ASuccessInBetweenResetsTheCount() {
		RawBackend.Script moody = servingExcept(BAD, responding("403 Forbidden", NO_REASON));
		Stand stand = stands.next(moody, SERVES);
		for (int i = 0; i < 3; i++) {
			assertServedBy(stand.chat(BAD + i), stand.secondName());
			assertServedBy(stand.chat(BAD + i + "again"), stand.secondName());
			assertServedBy(stand.chat(), stand.firstName());
		}
	}

	@Test
	void b22IfEveryBackendRefusesWithoutAReasonTheClientDoesNotGet401() {
		RawBackend.Script denies = responding("401 Unauthorized", "{\"error\":\"Unauthorized\"}");
		Stand stand = stands.next(denies, denies);
		HttpResponse<String> response = stand.chat();
		assertThat(response.statusCode()).isEqualTo(502);
		assertThat(response.body()).contains("\"code\":\"backend_denied\"");
		assertThat(header(response, "x-should-retry")).isEqualTo("false");
		assertThat(response.headers().firstValue("retry-after")).isEmpty();
	}

	@Test
	void b22AKeyThatABackendRepeatsIsRemovedFromTheReply() {
		Stand stand = stands.next((call) -> {
			String key = call.request()
				.lines()
				.filter((line) -> line.startsWith("api-key: "))
				.findFirst()
				.orElseThrow();
			call.respond("401 Unauthorized", "{\"error\":{\"code\":\"invalid_api_key\",\"message\":\"Who is "
					+ key.substring("api-key: ".length()) + "?\"}}");
		}, SERVES);
		assertServedBy(stand.chat(), stand.secondName());
		assertThat(stand.firstHealth()).contains("Who is ***?").doesNotContain("key-of-");
	}

	@Test
	void aRequestTakesNoMoreThanMaxAttempts() {
		List<RawBackend> all = IntStream.range(0, 7)
			.mapToObj((i) -> RawBackend.start(responding("401 Unauthorized", "{\"error\":\"no\"}")))
			.toList();
		try (WeirServer weir = WeirServer.withBackends(backends(all))) {
			HttpResponse<String> response = weir.chat();
			assertThat(header(response, "x-weir-attempts")).isEqualTo("5");
			assertThat(response.statusCode()).isEqualTo(502);
		}
		try (WeirServer weir = WeirServer.start(WeirServer.pool("max-attempts: 2", backends(all)))) {
			assertThat(header(weir.chat(), "x-weir-attempts")).isEqualTo("2");
		}
		all.subList(0, 6).forEach((it) -> it.script(throttling()));
		all.get(6).script(SERVES);
		try (WeirServer weir = WeirServer.start(WeirServer.pool("max-attempts: 1", backends(all)))) {
			HttpResponse<String> response = weir.chat();
			assertThat(response.statusCode()).isEqualTo(200);
			assertThat(header(response, "x-weir-attempts")).isEqualTo("7");
		}
		all.forEach(RawBackend::close);
	}

	private static String[] backends(List<RawBackend> all) {
		return IntStream.range(0, all.size())
			.mapToObj((i) -> WeirServer.backend("b" + i, all.get(i).url(), "priority: " + (i + 1)))
			.toArray(String[]::new);
	}

	@ParameterizedTest
	@ValueSource(strings = { "{\"error\":{\"code\":\"content_filter\",\"message\":\"no\"}}",
			"{\"error\":{\"code\":403,\"message\":\"Your input was flagged for violence\"}}" })
	void b30A403AboutTheContentReachesTheClientAfterOneAttempt(String body) {
		Stand stand = stands.next(responding("403 Forbidden", body, "x-should-retry: false"), SERVES);
		HttpResponse<String> response = stand.chat();
		assertThat(response.statusCode()).isEqualTo(403);
		assertThat(response.body()).isEqualTo(body);
		assertThat(header(response, "x-should-retry")).isEqualTo("false");
		assertThat(stand.second().requests()).isEmpty();
		stand.first().script(SERVES);
		assertServedBy(stand.chat(), stand.firstName());
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|',
			value = { "403 Forbidden | model_not_found | no access",
					"403 Forbidden | | Your organization must be verified to use the model `m`.",
					"401 Unauthorized | key_model_access_denied | key not allowed to access model.",
					"400 Bad Request | invalid_model | Invalid model: m" })
	void b30ARefusalOfOneModelLeavesTheOthersOfTheBackendAlone(String status, String code, String message) {
		String error = "{\"error\":{\"code\":" + ((code != null) ? "\"" + code + "\"" : "null") + ",\"message\":\""
				+ message + "\"}}";
		Stand stand = stands.next(servingExcept("gpt-4o", responding(status, error)), SERVES);
		assertServedBy(stand.chat(), stand.secondName());
		assertServedBy(stand.chat(), stand.secondName());
		assertServedBy(stand.post(CHAT, "{\"model\":\"o3\",\"messages\":[]}"), stand.firstName());
		assertThat(stand.first().requests()).hasSize(2);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|',
			value = { "401 Unauthorized | {\"error\":{\"code\":\"missing_scope\"}}",
					"404 Not Found | {\"detail\":\"Not Found\"}", "404 Not Found | 404 page not found",
					"404 Not Found | ''", "405 Method Not Allowed | {\"detail\":\"Method Not Allowed\"}",
					"501 Not Implemented | ''", "400 Bad Request | {\"error\":{\"code\":\"OperationNotSupported\"}}" })
	void b30AnOperationThatABackendDoesNotServeIsSetAsideAlone(String status, String body) {
		RawBackend.Script withoutResponses = servingExcept("/responses", responding(status, body));
		Stand stand = stands.next(withoutResponses, SERVES);
		String request = "{\"model\":\"gpt-4o\",\"input\":\"hi\"}";
		assertServedBy(stand.post(RESPONSES, request), stand.secondName());
		assertServedBy(stand.post(RESPONSES, request), stand.secondName());
		assertThat(stand.first().requests()).hasSize(1);
		assertServedBy(stand.chat(), stand.firstName());
		assertThat(stand.weir().get("/actuator/backends/" + stand.firstName()).body())
			.contains("\"operationsNotServed\":[\"responses\"]");
	}

	@Test
	void b30AnOperationThatNoBackendServesIsNotFoundAndTheOthersAreServed() {
		RawBackend.Script withoutResponses = servingExcept("/responses",
				responding("404 Not Found", "404 page not found", "content-type: text/plain"));
		Stand stand = stands.next(withoutResponses, withoutResponses);
		for (String attempts : new String[] { "2", "0" }) {
			HttpResponse<String> response = stand.post(RESPONSES, "{\"model\":\"gpt-4o\",\"input\":\"hi\"}");
			assertThat(response.statusCode()).isEqualTo(404);
			assertThat(response.body()).contains("\"code\":\"unknown_operation\"", "responses");
			assertThat(header(response, "x-weir-attempts")).isEqualTo(attempts);
		}
		assertServedBy(stand.chat(), stand.firstName());
	}

	@Test
	void b30AMissingImageDeploymentOfOneRequestSetsNoChatLaneAside() {
		String missing = "{\"error\":{\"code\":\"DeploymentNotFound\",\"message\":\"The API deployment for this"
				+ " resource does not exist.\"}}";
		RawBackend.Script backend = servingExcept("x-ms-oai-image-generation-deployment: none",
				responding("404 Not Found", missing));
		Stand stand = stands.next(backend, backend);
		String request = "{\"model\":\"gpt-4o\",\"input\":\"hi\"}";
		HttpResponse<String> refused = stand.post(RESPONSES, request, "x-ms-oai-image-generation-deployment", "none");
		assertThat(refused.statusCode()).isEqualTo(404);
		assertThat(refused.body()).isEqualTo(missing);
		assertThat(header(refused, "x-weir-attempts")).isEqualTo("2");
		assertServedBy(stand.post(RESPONSES, request), stand.firstName());
		assertServedBy(stand.chat(), stand.firstName());
	}

	@ParameterizedTest
	@ValueSource(strings = { "The model `gpt-image-1` does not exist or you do not have access to it.",
			"Your organization must be verified to use the model `gpt-image-1`." })
	void b30AModelThatOnlyAToolOfTheRequestUsesSetsNoLaneAside(String message) {
		String missing = "{\"error\":{\"code\":null,\"message\":\"" + message + "\"}}";
		RawBackend.Script backend = servingExcept("image_generation", responding("403 Forbidden", missing));
		Stand stand = stands.next(backend, backend);
		HttpResponse<String> refused = stand.post(RESPONSES,
				"{\"model\":\"gpt-4o\",\"input\":\"hi\",\"tools\":[{\"type\":\"image_generation\"}]}");
		assertThat(refused.statusCode()).isEqualTo(403);
		assertThat(refused.body()).isEqualTo(missing);
		assertServedBy(stand.chat(), stand.firstName());
	}

	@Test
	void b30AnApiVersionOfOneClientSetsNoOperationAside() {
		RawBackend.Script backend = servingExcept("api-version=1999-01-01",
				responding("404 Not Found", "{\"error\":{\"code\":\"404\",\"message\":\"Resource not found\"}}"));
		Stand stand = stands.next(backend, backend);
		String path = "/openai/deployments/gpt-4o/chat/completions?api-version=";
		HttpResponse<String> refused = stand.post(path + "1999-01-01", Bodies.CHAT);
		assertThat(refused.statusCode()).isEqualTo(404);
		assertThat(refused.body()).contains("Resource not found");
		assertServedBy(stand.post(path + "2024-10-21", Bodies.CHAT), stand.firstName());
		assertServedBy(stand.chat(), stand.firstName());
	}

	@Test
	void b30AnOperationThatWasServedIsNotSetAsideByOne404() {
		Stand stand = stands.next(SERVES, SERVES);
		assertServedBy(stand.chat(), stand.firstName());
		stand.first().script(responding("404 Not Found", "default backend - 404"));
		assertServedBy(stand.chat(), stand.secondName());
		stand.first().script(SERVES);
		assertServedBy(stand.chat(), stand.firstName());
	}

	@Test
	void b30A404OfAnUnknownPathReachesTheClient() {
		Stand stand = stands.next(responding("404 Not Found", "{\"detail\":\"Not Found\"}"), SERVES);
		for (int i = 0; i < 2; i++) {
			HttpResponse<String> response = stand.post("/v1/chat/completion", Bodies.CHAT);
			assertThat(response.statusCode()).isEqualTo(404);
		}
		assertThat(stand.second().requests()).isEmpty();
		stand.first().script(SERVES);
		assertServedBy(stand.chat(), stand.firstName());
	}

}
