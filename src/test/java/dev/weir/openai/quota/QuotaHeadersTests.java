package dev.weir.openai.quota;

import java.time.Duration;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.openai.quota.QuotaHeaders.Remaining;

import static org.assertj.core.api.Assertions.assertThat;

class QuotaHeadersTests {

	@Test
	void readsTheHeadersOfAzure() {
		assertThat(QuotaHeaders.read(Map.of("x-ratelimit-remaining-requests", "999", "x-ratelimit-limit-requests",
				"1000", "x-ratelimit-reset-requests", "10", "x-ratelimit-remaining-tokens", "123456")::get))
			.isEqualTo(new QuotaHeaders(new Remaining(999, 1000L, Duration.ofSeconds(10)),
					new Remaining(123_456, null, null), null));
	}

	@Test
	void readsTheHeadersOfOpenAi() {
		assertThat(QuotaHeaders.read(Map.of("x-ratelimit-remaining-tokens", "149984", "x-ratelimit-limit-tokens",
				"150000", "x-ratelimit-reset-tokens", "6m0.5s")::get))
			.isEqualTo(new QuotaHeaders(null, new Remaining(149_984, 150_000L, Duration.ofMillis(360_500)), null));
	}

	@ParameterizedTest
	@CsvSource({ "0%, 0", "7%, 0.07", " 63.5% , 0.635", "100%, 1", "120%, 1.2" })
	void readsTheUtilizationOfAProvisionedDeployment(String value, double share) {
		assertThat(QuotaHeaders.read(Map.of("azure-openai-deployment-utilization", value)::get).utilization())
			.isEqualTo(share);
	}

	@Test
	void aNumberThatIsTooLargeIsIgnored() {
		assertThat(QuotaHeaders.read(Map.of("x-ratelimit-remaining-tokens", "1000000000000000000000")::get).tokens())
			.isNull();
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "-1", "+1", "NaN", "1e3", "0x10", "many", "12 34", "1,5" })
	void unreadableValuesAreIgnored(String value) {
		assertThat(QuotaHeaders.read((name) -> value)).isEqualTo(new QuotaHeaders(null, null, null));
		assertThat(QuotaHeaders.read((name) -> name.contains("remaining") ? "5" : value))
			.isEqualTo(new QuotaHeaders(new Remaining(5, null, null), new Remaining(5, null, null), null));
	}

}
