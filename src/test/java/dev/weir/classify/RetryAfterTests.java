package dev.weir.classify;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class RetryAfterTests {

	/** A Friday. */
	private static final Instant NOW = Instant.parse("2026-11-06T08:49:37.250Z");

	@ParameterizedTest
	@CsvSource({ "0, PT0S", "1, PT1S", "' 7 ', PT7S", "007, PT7S", "0.5, PT0.5S", "1.000000001, PT1.000000001S",
			"0.0000000001, PT0.000000001S", "60, PT60S", "86399.9, PT23H59M59.9S", "86400, PT24H", "86401, PT24H",
			"1000000000000, PT24H", "99999999999999999999999999999999999999999999.9, PT24H" })
	void retryAfterIsInSeconds(String value, Duration expected) {
		assertThat(RetryAfter.parse(Map.of("retry-after", value)::get, NOW)).isEqualTo(expected);
	}

	@ParameterizedTest
	@CsvSource({ "0, PT0S", "1, PT0.001S", "43, PT0.043S", "43.7, PT0.0437S", "60000, PT60S", "86400000, PT24H",
			"86400001, PT24H", "1000000000000, PT24H" })
	void retryAfterMsIsInMilliseconds(String value, Duration expected) {
		assertThat(RetryAfter.parse(Map.of("retry-after-ms", value)::get, NOW)).isEqualTo(expected);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|',
			value = { "Fri, 06 Nov 2026 08:49:57 GMT | PT19.75S", "Friday, 06-Nov-26 08:49:57 GMT | PT19.75S",
					"Fri Nov  6 08:49:57 2026 | PT19.75S", "Thu, 31 Dec 2026 23:59:60 GMT | PT24H",
					"Sun, 06 Nov 1994 08:49:37 GMT | PT0S", "Sunday, 06-Nov-94 08:49:37 GMT | PT0S",
					"Sun Nov  6 08:49:37 1994 | PT0S", "Fri, 06 Nov 2026 08:49:37 GMT | PT0S",
					"Fri, 06 Nov 9999 08:49:37 GMT | PT24H", "Wed Nov 16 08:49:57 2026 | PT24H",
					"Friday, 06-Nov-76 08:49:57 GMT | PT24H", "Friday, 06-Nov-77 08:49:57 GMT | PT0S" })
	void retryAfterMayBeADateInAnyFormOfHttp(String value, Duration expected) {
		assertThat(RetryAfter.parse(Map.of("retry-after", value)::get, NOW)).isEqualTo(expected);
	}

	@ParameterizedTest
	@ValueSource(strings = { "", " ", "-1", "+1", "-0", "1,5", "1.", ".5", "1e3", "NaN", "Infinity", "-Infinity",
			"0x10", "0x1p3", "1d", "1f", "10s", "soon", "1 2", "١", "Fri, 06 Nov 2026 08:49:57",
			"Fri, 06 Nov 2026 08:49:57 UTC", "Fri, 32 Nov 2026 08:49:57 GMT", "Fri, 06 Foo 2026 08:49:57 GMT",
			"Fri, 06 Nov 2026 24:49:57 GMT", "Fri, 06 Nov 2026 08:49:61 GMT", "Foo, 06 Nov 2026 08:49:57 GMT",
			"2026-11-06T08:49:57Z" })
	void anythingElseIsNoDelay(String value) {
		assertThat(RetryAfter.parse(Map.of("retry-after", value)::get, NOW)).isNull();
		assertThat(RetryAfter.parse(Map.of("retry-after-ms", value)::get, NOW)).isNull();
	}

	@Test
	void noHeaderIsNoDelay() {
		assertThat(RetryAfter.parse((name) -> null, NOW)).isNull();
		assertThat(RetryAfter.fromRateLimitReset((name) -> null)).isNull();
	}

	@Test
	void millisecondsTakePrecedenceOverSeconds() {
		assertThat(RetryAfter.parse(Map.of("retry-after-ms", "200", "retry-after", "9")::get, NOW))
			.isEqualTo(Duration.ofMillis(200));
		assertThat(RetryAfter.parse(Map.of("retry-after-ms", "0", "retry-after", "9")::get, NOW)).isZero();
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "-5", "NaN", "garbage", "Fri, 06 Nov 2026 08:49:57 GMT" })
	void invalidMillisecondsAreIgnoredForSeconds(String millis) {
		assertThat(RetryAfter.parse(Map.of("retry-after-ms", millis, "retry-after", "9")::get, NOW))
			.isEqualTo(Duration.ofSeconds(9));
	}

	@ParameterizedTest
	@CsvSource({ "0, PT0S", "10, PT10S", "300, PT5M", "0.25, PT0.25S", "1s, PT1S", "0s, PT0S", "6m0s, PT6M",
			"12ms, PT0.012S", "1h2m3.5s, PT1H2M3.5S", "1.5h, PT1H30M", "2d, PT24H", "23h60m1s, PT24H", "114h, PT24H",
			"5us, PT0.000005S", "5µs, PT0.000005S", "7ns, PT0.000000007S", "1000000000000h1000000000000h, PT24H" })
	void resetMayBeSecondsOrUnits(String reset, Duration expected) {
		assertThat(RetryAfter
			.fromRateLimitReset(Map.of("x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", reset)::get))
			.isEqualTo(expected);
	}

	@ParameterizedTest
	@ValueSource(
			strings = { "", "-1s", "-1", "1x", "s", "1s2", "2 s", "1s 2s", "NaN", "1e3s", "0x1s", "1..5s", "1m-5s" })
	void resetThatIsNoDelayIsNone(String reset) {
		assertThat(RetryAfter
			.fromRateLimitReset(Map.of("x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", reset)::get))
			.isNull();
	}

	@ParameterizedTest
	@CsvSource(nullValues = "-", value = { "0, 59, PT1S", "59, 0, PT30S", "0, 0, PT30S", "59, 5000, -", "-, -, -",
			"0, -, PT1S", "-, 0, PT30S", "-1, -1, -", "x, 0, PT30S", "0.0, 7, PT1S" })
	void theResetOfTheUsedUpLimitCounts(String requests, String tokens, Duration expected) {
		assertThat(RetryAfter.fromRateLimitReset((name) -> switch (name) {
			case "x-ratelimit-remaining-requests" -> requests;
			case "x-ratelimit-remaining-tokens" -> tokens;
			case "x-ratelimit-reset-requests" -> "1s";
			case "x-ratelimit-reset-tokens" -> "30";
			default -> null;
		})).isEqualTo(expected);
	}

	@Test
	void resetsOfBothAreComparedInEitherOrder() {
		assertThat(RetryAfter
			.fromRateLimitReset(Map.of("x-ratelimit-remaining-requests", "0", "x-ratelimit-reset-requests", "6m0s",
					"x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", "9")::get))
			.isEqualTo(Duration.ofMinutes(6));
	}

	@Test
	void longHeadersAreReadInShortTime() {
		String digits = "9".repeat(8000);
		assertThat(RetryAfter.parse(Map.of("retry-after", digits)::get, NOW)).isEqualTo(Duration.ofDays(1));
		assertThat(RetryAfter.fromRateLimitReset(
				Map.of("x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", "1s".repeat(8000) + "x")::get))
			.isNull();
	}

}
