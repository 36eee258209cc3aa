package dev.weir.simulator;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.netty.ChannelBindException;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

class SimulatedBackendTests {

	private final VirtualTime time = new VirtualTime();

	@AutoClose
	private final SimulatedBackend backend = SimulatedBackend
		.start(SimulatorProperties.Backend.withoutDelay("openai1", 40), this.time);

	private final SimulatorClient client = new SimulatorClient(this.backend.url());

	@Test
	void everyResponseIsMarkedAsSimulatedAndHasAnId() {
		HttpResponse<String> served = this.client.chat();
		HttpResponse<String> refused = this.client.post("/nowhere", "");
		for (HttpResponse<String> response : List.of(served, refused)) {
			assertThat(response.headers().firstValue("x-simulated")).contains("true");
			assertThat(response.headers().firstValue("x-ms-region")).isPresent();
			assertThat(response.headers().firstValue("content-type")).contains("application/json");
		}
		assertThat(served.headers().firstValue("apim-request-id")).isPresent()
			.isNotEqualTo(refused.headers().firstValue("apim-request-id"));
	}

	@Test
	void aResponseHasTheRemainingQuotaInItsHeaders() {
		HttpResponse<String> response = this.client.chat();
		assertThat(response.headers().firstValue("x-ratelimit-limit-tokens")).contains("40");
		assertThat(response.headers().firstValue("x-ratelimit-remaining-tokens")).contains("23");
		assertThat(response.headers().firstValue("x-ratelimit-limit-requests")).contains("40");
		assertThat(response.headers().firstValue("x-ratelimit-remaining-requests")).contains("39");
	}

	@Test
	void anExceededQuotaGetsA429AsAzureSendsIt() {
		this.client.chat();
		this.client.chat();
		this.time.advance(Duration.ofMillis(20_500));
		HttpResponse<String> throttled = this.client
			.post("/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21", SimulatorClient.HI);
		assertThat(throttled.statusCode()).isEqualTo(429);
		assertThat(throttled.headers().firstValue("retry-after-ms")).contains("39500");
		assertThat(throttled.headers().firstValue("retry-after")).contains("40");
		assertThat(throttled.headers().firstValue("x-ratelimit-remaining-tokens")).contains("6");
		assertThat(SimulatorClient.json(throttled).at("/error/code").asString()).isEqualTo("429");
		assertThat(SimulatorClient.json(throttled).at("/error/message").asString()).isEqualTo("Requests to the"
				+ " ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded token"
				+ " rate limit of your current OpenAI S0 pricing tier. Please retry after 40 seconds."
				+ " (simulated by openai1)");
		this.time.advance(Duration.ofMillis(39_500));
		assertThat(this.client.chat().statusCode()).isEqualTo(200);
	}

	@Test
	void everyDeploymentHasItsOwnQuota() {
		this.client.chat();
		this.client.chat();
		assertThat(this.client.chat().statusCode()).isEqualTo(429);
		assertThat(this.client.post("/openai/deployments/other/chat/completions?api-version=1", SimulatorClient.HI)
			.statusCode()).isEqualTo(200);
	}

	@Test
	void aRequestLargerThanTheQuotaGetsADelayOfADay() {
		HttpResponse<String> response = this.client.post("/v1/chat/completions", """
				{"model":"gpt-4o","max_tokens":41,"messages":[]}""");
		assertThat(response.statusCode()).isEqualTo(429);
		assertThat(response.headers().firstValue("retry-after")).contains("86400");
		assertThat(this.client.chat().statusCode()).isEqualTo(200);
	}

	@Test
	void requestsAndThrottledRequestsAreCounted() {
		this.client.chat();
		this.client.chat();
		this.client.chat();
		this.client.post("/nowhere", "");
		assertThat(this.backend.requests()).isEqualTo(4);
		assertThat(this.backend.throttled()).isEqualTo(1);
	}

	@ParameterizedTest
	@CsvSource({ "api-key, k, 200", "api-key, ' ', 401", "Authorization, Bearer k, 200", "authorization, bearer k, 200",
			"Authorization, Bearer, 401", "Authorization, Basic k, 401", "x-other, k, 401" })
	void aCredentialIsRequired(String header, String value, int status) {
		HttpResponse<String> response = this.client.send(this.client.anonymousRequest("/v1/chat/completions")
			.header(header, value)
			.POST(BodyPublishers.ofString(SimulatorClient.HI)));
		assertThat(response.statusCode()).isEqualTo(status);
		if (status == 401) {
			assertThat(SimulatorClient.json(response).at("/error/code").asString()).isEqualTo("401");
			assertThat(SimulatorClient.json(response).at("/error/message").asString()).startsWith("Access denied");
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "/", "/v1/nothing", "/openai/deployments/d/chat/completions", "/openai/responses" })
	void anUnknownUrlIsNotFound(String path) {
		HttpResponse<String> response = this.client.post(path, SimulatorClient.HI);
		assertThat(response.statusCode()).isEqualTo(404);
		assertThat(response.body()).isEqualTo("{\"error\":{\"code\":\"404\",\"message\":\"Resource not found\"}}");
	}

	@Test
	void otherMethodsThanPostAreNotFound() {
		assertThat(this.client.send(this.client.request("/v1/chat/completions").GET()).statusCode()).isEqualTo(404);
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "{", "[]", "{} {}", "null" })
	void aBodyThatIsNotAJsonObjectIsRefused(String body) {
		HttpResponse<String> response = this.client.post("/v1/chat/completions", body);
		assertThat(response.statusCode()).isEqualTo(400);
		assertThat(SimulatorClient.json(response).at("/error/type").asString()).isEqualTo("invalid_request_error");
		assertThat(SimulatorClient.json(response).at("/error/message").asString()).contains("JSON");
	}

	@ParameterizedTest
	@ValueSource(strings = { "{}", "{\"model\":\"\"}", "{\"model\":1}" })
	void aMissingModelIsRefused(String body) {
		HttpResponse<String> response = this.client.post("/v1/chat/completions", body);
		assertThat(response.statusCode()).isEqualTo(400);
		assertThat(SimulatorClient.json(response).at("/error/param").asString()).isEqualTo("model");
	}

	@Test
	void aTooLargeBodyIsReadToItsEndAndRefused() {
		byte[] body = new byte[32 * 1024 * 1024 + 1];
		HttpResponse<String> response = this.client
			.send(this.client.request("/v1/chat/completions").POST(BodyPublishers.ofByteArray(body)));
		assertThat(response.statusCode()).isEqualTo(413);
		assertThat(SimulatorClient.json(response).at("/error/code").asString()).isEqualTo("413");
	}

	@Test
	void theFirstEventIsSentBeforeTheNextIsDue() {
		SimulatorProperties.Backend settings = new SimulatorProperties.Backend("slow", 0, 1000, Duration.ZERO,
				Duration.ofHours(1));
		try (SimulatedBackend slow = SimulatedBackend.start(settings, Clock.systemUTC())) {
			SimulatorClient slowClient = new SimulatorClient(slow.url());
			HttpResponse<Stream<String>> response = slowClient
				.send(slowClient.request("/v1/completions").POST(BodyPublishers.ofString("""
						{"model":"gpt-4o","stream":true,"prompt":""}""")), BodyHandlers.ofLines());
			try (Stream<String> lines = response.body()) {
				assertThat(lines.findFirst()).hasValueSatisfying((line) -> assertThat(line).startsWith("data: {"));
			}
		}
	}

	@Test
	void closeCutsOpenStreams() throws IOException {
		SimulatedBackend slow = SimulatedBackend.start(
				new SimulatorProperties.Backend("slow", 0, 1000, Duration.ZERO, Duration.ofHours(1)),
				Clock.systemUTC());
		SimulatorClient slowClient = new SimulatorClient(slow.url());
		HttpResponse<InputStream> response = slowClient
			.send(slowClient.request("/v1/completions").POST(BodyPublishers.ofString("""
					{"model":"gpt-4o","stream":true,"prompt":""}""")), BodyHandlers.ofInputStream());
		try (InputStream body = response.body()) {
			assertThat(body.read()).isEqualTo('d');
			slow.close();
			assertThatIOException().isThrownBy(body::readAllBytes);
		}
	}

	@Test
	void delaysBetweenEventsAreKept() {
		SimulatorProperties.Backend settings = new SimulatorProperties.Backend("slow", 0, 1000, Duration.ofMillis(100),
				Duration.ofMillis(10));
		try (SimulatedBackend slow = SimulatedBackend.start(settings, Clock.systemUTC())) {
			SimulatorClient slowClient = new SimulatorClient(slow.url());
			long start = System.nanoTime();
			slowClient.chat();
			assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(100));
			start = System.nanoTime();
			slowClient.stream("/v1/completions", """
					{"model":"gpt-4o","stream":true,"prompt":""}""");
			assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(220));
		}
	}

	@Test
	void aClosedBackendRefusesConnections() {
		this.client.chat();
		this.backend.close();
		assertThatIllegalStateException().isThrownBy(new SimulatorClient(this.backend.url())::chat)
			.withCauseInstanceOf(ConnectException.class);
	}

	@Test
	void thePortOfAClosedBackendCanBeUsedAgain() {
		int port = this.backend.url().getPort();
		SimulatorProperties.Backend settings = new SimulatorProperties.Backend("again", port, 40, Duration.ZERO,
				Duration.ZERO);
		assertThatExceptionOfType(ChannelBindException.class)
			.isThrownBy(() -> SimulatedBackend.start(settings, this.time));
		this.client.chat();
		this.backend.close();
		try (SimulatedBackend again = SimulatedBackend.start(settings, this.time)) {
			assertThat(again.url()).isEqualTo(this.backend.url());
			assertThat(again.name()).isEqualTo("again");
			assertThat(new SimulatorClient(again.url()).chat().body()).contains("response from again");
		}
	}

}
