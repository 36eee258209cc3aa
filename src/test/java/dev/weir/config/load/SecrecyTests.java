package dev.weir.config.load;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class SecrecyTests {

	@ParameterizedTest
	@ValueSource(strings = { "api-key: canary\npriority: high", "apikeey: canary", "api-key:\n  value: canary",
			"api-key: [canary]", "api-key: canary${NOT_SET}", "url: https://u:canary@x.example/",
			"url: https://u:canary/1@x.example/", "url: u:canary@x.example", "url: 'https://x.example?sig=canary'",
			"url: 'x y://u:canary@x.example'", "models: canary" })
	void printsNoSecret(String yaml) {
		assertThat(SettingsFixture.namelessBackend(yaml).failure()).hasMessageNotContaining("canary");
		assertThat(SettingsFixture.namelessBackend(yaml).report()).doesNotContain("canary");
	}

	@Test
	void printsNoSecretOfTheEnvironment() {
		assertThat(SettingsFixture.file(SettingsFixture.ROUTE)
			.variable("BACKEND_1_APIKEY", "canary")
			.variable("BACKEND_1_KEY", "canary")
			.report()).doesNotContain("canary");
	}

	@Test
	void printsNoLineBreakOfAValue() {
		assertThat(SettingsFixture.pool("deadline: \"1\\n2026 ERROR forged\"").failure().problems()).singleElement()
			.extracting(ConfigurationProblem::value)
			.isEqualTo("1\uFFFD2026 ERROR forged");
	}

}
