package dev.weir.check;

import java.time.Duration;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * How durations are printed.
 */
class SettingTextTests {

	@ParameterizedTest
	@CsvSource({ "PT720H, 30d", "PT24H, 1d", "PT25H, 25h", "PT90M, 90m", "PT1H, 1h", "PT1.5S, 1500ms", "PT0S, 0s" })
	void aDurationHasTheLargestUnitWithoutARemainder(Duration duration, String text) {
		assertThat(SettingText.duration(duration)).isEqualTo(text);
	}

}
