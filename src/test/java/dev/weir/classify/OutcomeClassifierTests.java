package dev.weir.classify;

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
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.backend.Outcome;
import dev.weir.backend.TimeLimit;
import dev.weir.backend.OutcomeException;
import dev.weir.backend.OutcomeType;
import dev.weir.config.CooldownProperties;
import dev.weir.openai.call.Operation;
import dev.weir.openai.error.ErrorDetails;

import static org.assertj.core.api.Assertions.assertThat;

class OutcomeClassifierTests {

	private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");

	private static final Duration STANDARD = Duration.ofSeconds(10);

	private static final CooldownProperties RESTS = new CooldownProperties(STANDARD, Duration.ofSeconds(60),
			Duration.ofMinutes(5));

	private static final String DAY = "86400";

	@ParameterizedTest
	@ValueSource(ints = { 200, 201, 204, 304 })
	void aSuccessIsServed(int status) {
		assertThat(OutcomeClassifier.needsBody(status)).isFalse();
		assertThat(OutcomeClassifier.classify(status)).isEqualTo(new Outcome.Served(status));
	}

	@ParameterizedTest
	@ValueSource(ints = { 301, 302, 303, 307, 308 })
	void aRedirectIsAFailure(int status) {
		assertThat(classify(status, null, Map.of("location", "https://elsewhere.example")))
			.isInstanceOfSatisfying(Outcome.Failed.class, (failed) -> assertThat(failed.description())
				.isEqualTo(status + " (a redirect, which is not followed)"));
	}

	@ParameterizedTest
	@CsvSource(nullValues = "-",
			value = { "server_error, -, Failed", "-, server_error, Failed", "-, -, Failed", "500, -, Failed",
					"rate_limit_exceeded, requests, Throttled", "429, -, Throttled", "-, rate_limit_error, Throttled",
					"insufficient_quota, -, OutOfQuota", "402, -, OutOfQuota", "DeploymentNotFound, -, NotServed",
					"context_length_exceeded, invalid_request_error, TooLong", "content_filter, -, Rejected",
					"-, invalid_request_error, Rejected", "invalid_prompt, -, Rejected", "invalid_api_key, -, Denied",
					"401, -, Denied" })
	void anErrorEventMeansTheSameAsAnErrorResponse(String code, String type, String outcome) {
		assertThat(classifier(false, false).classifyEvent(new ErrorDetails(code, type)).getClass().getSimpleName())
			.isEqualTo(outcome);
	}

	@ParameterizedTest
	@CsvSource({ "retry-after-ms, 43, 43", "retry-after, 7, 7000", "retry-after, 0.5, 500", "retry-after, 86400, 60000",
			"retry-after, 1000000000000, 60000", "retry-after, 'Mon, 23 Nov 2026 12:00:20 GMT', 20000" })
	void theCooldownAfterA429IsItsDelayUpToTheMaximum(String header, String value, long millis) {
		assertThat(classify(429, "429", Map.of(header, value)))
			.isEqualTo(new Outcome.Throttled(Duration.ofMillis(millis)));
	}

	@ParameterizedTest
	@ValueSource(strings = { "0", "-5", "soon", "", "Mon, 23 Nov 2026 11:00:00 GMT" })
	void theCooldownAfterA429WithoutAUsableDelayIsTheDefault(String value) {
		assertThat(classify(429, "429", Map.of("retry-after", value))).isEqualTo(new Outcome.Throttled(STANDARD));
	}

	@Test
	void theCooldownAfterA429WithoutADelayEndsWhenTheUsedUpLimitIsReset() {
		assertThat(classify(429, "429",
				Map.of("x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", "12",
						"x-ratelimit-remaining-requests", "5", "x-ratelimit-reset-requests", "1")))
			.isEqualTo(new Outcome.Throttled(Duration.ofSeconds(12)));
	}

	@Test
	void aDelayOfADayWhileTokensAreLeftMeansThatTheRequestExceedsTheQuota() {
		Map<String, String> headers = Map.of("retry-after", DAY, "x-ratelimit-remaining-tokens", "900");
		assertThat(classify(true, false, headers)).isEqualTo(new Outcome.TooLarge(429, null, null));
		assertThat(classify(false, false, headers)).isEqualTo(new Outcome.Throttled(Duration.ofSeconds(60)));
	}

	@Test
	void aDelayOfADayAfterASmallerServedRequestMeansTheSame() {
		assertThat(classify(true, true, Map.of("retry-after-ms", DAY + "000")))
			.isEqualTo(new Outcome.TooLarge(429, null, null));
	}

	@Test
	void everyOtherLongDelayIsThrottling() {
		Outcome throttled = new Outcome.Throttled(Duration.ofSeconds(60));
		assertThat(classify(true, false, Map.of("retry-after", DAY))).isEqualTo(throttled);
		assertThat(classify(true, false, Map.of("retry-after", DAY, "x-ratelimit-remaining-tokens", "0")))
			.isEqualTo(throttled);
		assertThat(classify(true, true, Map.of("retry-after", "86399", "x-ratelimit-remaining-tokens", "900")))
			.isEqualTo(throttled);
		assertThat(classify(true, true, Map.of("retry-after", DAY, "x-ratelimit-remaining-tokens", "900",
				"x-ratelimit-remaining-requests", "0")))
			.isEqualTo(throttled);
	}

	@Test
	void theNumbersOfARequestThatExceedsTheQuotaAreRead() {
		ErrorDetails reason = new ErrorDetails("rate_limit_exceeded", "tokens", null, "Request too large for gpt-4o in"
				+ " organization org-1 on tokens per min (TPM): Limit 30000, Requested 45000. The input or output"
				+ " tokens must be reduced.");
		assertThat(classify(reason)).isEqualTo(new Outcome.TooLarge(429, 45_000L, 30_000L));
		assertThat(classify(new ErrorDetails(null, null, null, "Rate limit reached: Limit 30,000, Requested 45,000.")))
			.isEqualTo(new Outcome.TooLarge(429, 45_000L, 30_000L));
		assertThat(classify(new ErrorDetails(null, null, null,
				"Rate limit reached on tokens per min (TPM): Limit 10000, Used 8554, Requested 3082.")))
			.isInstanceOf(Outcome.Throttled.class);
	}

	@ParameterizedTest
	@ValueSource(ints = { 408, 500, 502, 503, 504, 529 })
	void serverErrorsAreFailures(int status) {
		assertThat(classify(status, null, Map.of()))
			.isEqualTo(new Outcome.Failed(Outcome.Failure.STATUS, String.valueOf(status), null));
		assertThat(OutcomeClassifier.needsBody(status)).isTrue();
	}

	@Test
	void theDelayOfAFailureIsReadUpToTheMaximum() {
		assertThat(classify(503, null, Map.of("retry-after", "3")))
			.isEqualTo(new Outcome.Failed(Outcome.Failure.STATUS, "503", Duration.ofSeconds(3)));
		assertThat(classify(503, null, Map.of("retry-after", "9999")))
			.isEqualTo(new Outcome.Failed(Outcome.Failure.STATUS, "503", Duration.ofSeconds(60)));
	}

	@Test
	void aRefusalHasTheMessageOfTheBackendAndAnAdvice() {
		ErrorFacts error = new ErrorFacts(401, false, (name) -> null,
				new ErrorDetails("invalid_api_key", null, null, "Incorrect API key provided: abc\n."), false);
		assertThat(classifier(false, false).classify(error, NOW)).isInstanceOfSatisfying(Outcome.Denied.class,
				(denied) -> {
					assertThat(denied.proof()).isEqualTo(Outcome.Proof.STATED);
					assertThat(denied.refusal().message()).isEqualTo("Incorrect API key provided: *** .");
					assertThat(denied.refusal().cure()).contains("api-key");
				});
	}

	@Test
	void aMissingOperationOfAnUnknownPathIsAnErrorOfTheClientButAMissingRightIsNot() {
		OutcomeClassifier other = new OutcomeClassifier(RESTS, AttemptFacts.of(Operation.OTHER));
		ErrorDetails unknown = new ErrorDetails("unknown_url", null, null, "Unknown request URL");
		assertThat(other.classify(new ErrorFacts(404, false, (name) -> null, unknown, false), NOW))
			.isEqualTo(new Outcome.Rejected(404));
		ErrorDetails scope = new ErrorDetails("missing_scope", null);
		assertThat(other.classify(new ErrorFacts(401, false, (name) -> null, scope, false), NOW))
			.isInstanceOf(Outcome.NotServed.class);
	}

	@ParameterizedTest
	@EnumSource(OutcomeType.class)
	void anOutcomeThatCostsARetryCountsAsAnAttempt(OutcomeType type) {
		if (type.costsRetry()) {
			assertThat(type.countsAsAttempt()).isTrue();
		}
	}

	@Test
	void exceptionsOfTheConnectionAreDescribedFailures() {
		assertThat(words(new ConnectException("Connection refused: /127.0.0.1:1"))).isEqualTo("a refused connection");
		assertThat(words(new ConnectTimeoutException("connection timed out"))).isEqualTo("no connection in time");
		assertThat(words(new UnknownHostException("nowhere"))).isEqualTo("an unknown host name");
		assertThat(words(new SSLHandshakeException("expired"))).isEqualTo("a TLS failure (expired)");
		assertThat(words(new IOException("Connection reset by peer"))).isEqualTo("a broken connection");
		assertThat(words(
				new OutcomeException(Outcome.Failed.silence(new TimeLimit("response-timeout", Duration.ofSeconds(2))))))
			.isEqualTo("no response within 2 s");
	}

	@Test
	void aResponseThatIsNotHttpIsAFailureOfTheBackend() {
		assertThat(words(new IllegalArgumentException("invalid version format: GARBAGE")))
			.isEqualTo("a response that cannot be read (IllegalArgumentException)");
	}

	private static String words(Throwable error) {
		Outcome outcome = OutcomeClassifier.classify(error);
		assertThat(outcome).isInstanceOf(Outcome.Failed.class);
		return outcome.description();
	}

	private static Outcome classify(int status, @Nullable String code, Map<String, String> headers) {
		return classifier(false, false)
			.classify(new ErrorFacts(status, false, headers::get, new ErrorDetails(code, null), false), NOW);
	}

	private static Outcome classify(boolean azure, boolean smallerServed, Map<String, String> headers) {
		return classifier(azure, smallerServed)
			.classify(new ErrorFacts(429, false, headers::get, new ErrorDetails("429", null), false), NOW);
	}

	private static Outcome classify(ErrorDetails reason) {
		return classifier(false, false).classify(new ErrorFacts(429, false, (name) -> null, reason, false), NOW);
	}

	private static OutcomeClassifier classifier(boolean azure, boolean smallerServed) {
		return new OutcomeClassifier(RESTS,
				new AttemptFacts(AttemptFacts.of(Operation.CHAT_COMPLETIONS).request(), null, azure, smallerServed));
	}

}
