package dev.weir.request;

import java.time.Duration;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.http.HttpHeaders;

import static org.assertj.core.api.Assertions.assertThat;

class PatienceTests {

	@ParameterizedTest
	@CsvSource({ "600,,599000", ",600,599000", "600,5,4500", "5,600,4500", "2.5,,2250", "0.1,,80", "0.01,,-10",
			"600.0,junk,599000", "0,2,1800" })
	void theShorterTimeCountsAndALittleIsLeftForTheReply(@Nullable String whole, @Nullable String read, long millis) {
		assertThat(of(whole, read)).isEqualTo(Duration.ofMillis(millis));
	}

	@ParameterizedTest
	@CsvSource({ ",", "0,", "-1,", "NaN,Infinity", "1e3,", "5s,", "'5,6',", "'',' '" })
	void anythingElseIsIgnored(@Nullable String whole, @Nullable String read) {
		assertThat(of(whole, read)).isNull();
	}

	@Test
	void aHugeNumberIsADay() {
		assertThat(of("9".repeat(400), null)).isEqualTo(Duration.ofDays(1).minusSeconds(1));
	}

	private static @Nullable Duration of(@Nullable String whole, @Nullable String read) {
		HttpHeaders headers = new HttpHeaders();
		if (whole != null) {
			headers.add("X-Stainless-Timeout", whole);
		}
		if (read != null) {
			headers.add("x-stainless-read-timeout", read);
		}
		return Patience.of(headers);
	}

}
