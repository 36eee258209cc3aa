package dev.weir.openai.quota;

import java.time.Duration;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

class GoDurationTests {

	@ParameterizedTest
	@CsvSource({ "PT0S,0s", "PT0.012S,12ms", "PT1S,1s", "PT59.75S,59.75s", "PT1M,1m0s", "PT6M0.5S,6m0.5s",
			"PT1H,1h0m0s", "PT23H59M59.999S,23h59m59.999s", "PT0.0000001S,1ms", "PT0.9999S,1s" })
	void aDurationIsWrittenAsInGoAndReadAgain(Duration duration, String text) {
		assertThat(GoDuration.format(duration)).isEqualTo(text);
		assertThat(DelayParser.parseReset(text)).isGreaterThanOrEqualTo(duration);
	}

}
