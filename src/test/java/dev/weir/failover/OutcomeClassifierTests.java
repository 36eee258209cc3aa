package dev.weir.failover;

import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;

import javax.net.ssl.SSLHandshakeException;

import io.netty.channel.ConnectTimeoutException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.api.ApiErrorCode;
import dev.weir.backend.Outcome;
import dev.weir.backend.OutcomeException;
import dev.weir.config.CooldownProperties;

import static org.assertj.core.api.Assertions.assertThat;

class OutcomeClassifierTests {

	private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");

	private static final Duration STANDARD = Duration.ofSeconds(10);

	private final OutcomeClassifier classifier = new OutcomeClassifier(
			new CooldownProperties(STANDARD, Duration.ofSeconds(60), Duration.ofMinutes(5)));

	@ParameterizedTest
	@ValueSource(ints = { 200, 201, 204, 304 })
	void anAnswerIsServed(int status) {
		assertThat(classify(status, null, Map.of())).isEqualTo(new Outcome.Served(status));
	}

	@ParameterizedTest
	@ValueSource(ints = { 301, 302, 303, 307, 308 })
	void aRedirectIsAFailure(int status) {
		assertThat(classify(status, null, Map.of("location", "https://elsewhere.example"))).isInstanceOfSatisfying(
				Outcome.Failed.class,
				(failed) -> assertThat(failed.words()).isEqualTo(status + " (a redirect, which is not followed)"));
	}

	@Test
	void aRequestThatIsTooLongForADeploymentIsNotAnyRefusal() {
		assertThat(classify(400, "context_length_exceeded", Map.of())).isEqualTo(new Outcome.TooLong());
		assertThat(classify(400, "content_filter", Map.of())).isEqualTo(new Outcome.Rejected(400));
		assertThat(classify(413, "context_length_exceeded", Map.of())).isEqualTo(new Outcome.Rejected(413));
	}

	@ParameterizedTest
	@CsvSource(nullValues = "-",
			value = { "server_error, -, Failed", "-, server_error, Failed", "-, -, Failed",
					"rate_limit_exceeded, requests, Throttled", "429, -, Throttled", "-, rate_limit_error, Throttled",
					"insufficient_quota, -, OutOfQuota", "DeploymentNotFound, -, NoSuchDeployment",
					"context_length_exceeded, invalid_request_error, TooLong", "content_filter, -, Rejected",
					"-, invalid_request_error, Rejected", "invalid_prompt, -, Rejected", "invalid_api_key, -, Denied",
					"401, -, Denied" })
	void anErrorEventMeansWhatTheSameErrorWouldMeanAsAnAnswer(String code, String type, String outcome) {
		assertThat(this.classifier.classifyEvent(new ApiErrorCode(code, type)).getClass().getSimpleName())
			.isEqualTo(outcome);
	}

	@ParameterizedTest
	@CsvSource({ "retry-after-ms, 43, 43", "retry-after, 7, 7000", "retry-after, 0.5, 500", "retry-after, 86400, 60000",
			"retry-after, 1000000000000, 60000", "retry-after, 'Mon, 23 Nov 2026 12:00:20 GMT', 20000" })
	void a429RestsAsLongAsItSaysUpToTheCap(String header, String value, long millis) {
		assertThat(classify(429, "429", Map.of(header, value)))
			.isEqualTo(new Outcome.Throttled(Duration.ofMillis(millis)));
	}

	@ParameterizedTest
	@ValueSource(strings = { "0", "-5", "soon", "", "Mon, 23 Nov 2026 11:00:00 GMT" })
	void a429WithoutAUsableDelayRestsTheDefault(String value) {
		assertThat(classify(429, "429", Map.of("retry-after", value))).isEqualTo(new Outcome.Throttled(STANDARD));
	}

	@Test
	void a429WithoutADelayRestsUntilWhatRanOutIsReset() {
		assertThat(classify(429, "429",
				Map.of("x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", "12",
						"x-ratelimit-remaining-requests", "5", "x-ratelimit-reset-requests", "1")))
			.isEqualTo(new Outcome.Throttled(Duration.ofSeconds(12)));
	}

	@ParameterizedTest
	@ValueSource(strings = { "insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded" })
	void a429ThatWaitingDoesNotCureIsASpentQuota(String code) {
		assertThat(classify(429, code, Map.of("retry-after", "1"))).isEqualTo(new Outcome.OutOfQuota());
	}

	@Test
	void aSpentQuotaIsKnownByItsTypeToo() {
		assertThat(
				this.classifier.classify(429, (name) -> null, new ApiErrorCode("whatever", "insufficient_quota"), NOW))
			.isEqualTo(new Outcome.OutOfQuota());
	}

	@ParameterizedTest
	@ValueSource(ints = { 408, 500, 502, 503, 504, 529 })
	void serverErrorsAreFailures(int status) {
		assertThat(classify(status, null, Map.of()))
			.isEqualTo(new Outcome.Failed(Outcome.Failure.STATUS, String.valueOf(status), null));
		assertThat(OutcomeClassifier.needsBody(status)).isTrue();
	}

	@Test
	void aFailureMayAskForTimeUpToTheCap() {
		assertThat(classify(503, null, Map.of("retry-after", "3")))
			.isEqualTo(new Outcome.Failed(Outcome.Failure.STATUS, "503", Duration.ofSeconds(3)));
		assertThat(classify(503, null, Map.of("retry-after", "9999")))
			.isEqualTo(new Outcome.Failed(Outcome.Failure.STATUS, "503", Duration.ofSeconds(60)));
	}

	@ParameterizedTest
	@ValueSource(ints = { 401, 403 })
	void aRefusedCredentialIsDenied(int status) {
		assertThat(classify(status, "PermissionDenied", Map.of())).isEqualTo(new Outcome.Denied(status));
	}

	@ParameterizedTest
	@ValueSource(strings = { "DeploymentNotFound", "model_not_found" })
	void a404OfTheDeploymentIsTheLanes(String code) {
		assertThat(classify(404, code, Map.of())).isEqualTo(new Outcome.NoSuchDeployment());
	}

	@ParameterizedTest
	@ValueSource(ints = { 400, 404, 405, 409, 413, 415, 422, 501 })
	void everyOtherErrorIsTheCallersOwn(int status) {
		assertThat(classify(status, "content_filter", Map.of())).isEqualTo(new Outcome.Rejected(status));
	}

	@Test
	void whatMayGoOnAndWhatItCosts() {
		assertThat(classify(429, "429", Map.of()).mayGoOn()).isTrue();
		assertThat(classify(429, "429", Map.of()).costsRetry()).isFalse();
		assertThat(classify(429, "insufficient_quota", Map.of()).mayGoOn()).isTrue();
		assertThat(classify(503, null, Map.of()).mayGoOn()).isTrue();
		assertThat(classify(503, null, Map.of()).costsRetry()).isTrue();
		assertThat(classify(401, null, Map.of()).mayGoOn()).isTrue();
		assertThat(classify(404, "DeploymentNotFound", Map.of()).mayGoOn()).isTrue();
		assertThat(classify(400, "content_filter", Map.of()).mayGoOn()).isFalse();
		assertThat(classify(200, null, Map.of()).mayGoOn()).isFalse();
	}

	@Test
	void exceptionsOfTheConnectionAreFailuresInWords() {
		assertThat(words(new ConnectException("Connection refused: /127.0.0.1:1"))).isEqualTo("a refused connection");
		assertThat(words(new ConnectTimeoutException("connection timed out"))).isEqualTo("no connection in time");
		assertThat(words(new UnknownHostException("nowhere"))).isEqualTo("an unknown host name");
		assertThat(words(new SSLHandshakeException("expired"))).isEqualTo("a TLS failure (expired)");
		assertThat(words(new IOException("Connection reset by peer"))).isEqualTo("a broken connection");
		assertThat(words(new OutcomeException(Outcome.Failed.silence(Duration.ofSeconds(2)))))
			.isEqualTo("no answer within 2 s");
	}

	@Test
	void whatIsNotHttpIsAFailureOfTheBackend() {
		assertThat(words(new IllegalArgumentException("invalid version format: GARBAGE")))
			.isEqualTo("an answer that cannot be read (IllegalArgumentException)");
	}

	private static String words(Throwable error) {
		Outcome outcome = OutcomeClassifier.classify(error);
		assertThat(outcome).isInstanceOf(Outcome.Failed.class);
		return outcome.words();
	}

	private Outcome classify(int status, @Nullable String code, Map<String, String> headers) {
		return this.classifier.classify(status, headers::get, new ApiErrorCode(code, null), NOW);
	}

}
