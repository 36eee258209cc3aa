package dev.weir.config.load;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class WrittenTextCheckTests {

	private static final String BACKEND = "weir.pools.openai.backends[0]";

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = { "max-concurrent: 7, maxConcurrent: 8|max-concurrent",
			"url: 'https://one.example', URL: 'https://two.example'|url", "api-key: canary, api_key: canary2|api-key",
			"models: {gpt-4o: a}, 'models[gpt-4o]': b|models[gpt-4o]" })
	void aPropertyThatIsWrittenTwiceIsReported(String properties, String name) {
		String url = properties.contains("url") ? "" : "url: 'https://one.example', ";
		assertThat(SettingsFixture.weir("pools:\n  openai:\n    backends:\n    - {name: a, " + url + properties + "}")
			.report())
			.contains("has one mistake",
					BACKEND + "." + name + " (application.yml:9): is written twice, also in line 9")
			.doesNotContain("canary");
	}

	@Test
	void aPropertyThatIsWrittenWithDotsAndNestedIsReportedWithBothLines() {
		assertThat(SettingsFixture.file(SettingsFixture.ROUTE + """
				weir:
				  pools.openai.backends: [{name: a, url: 'https://a.example'}]
				  max-body: 1MB
				weir.max-body: 2MB
				""").report()).contains("has one mistake",
				"weir.max-body (application.yml:8): is written twice, also in line 7");
	}

	@Test
	void differentPropertiesWithSimilarNamesAreNotTheSame() {
		assertThat(SettingsFixture.backend("models: {gpt-4o: a, gpt4o: b, GPT-4o: c}").firstBackend().models())
			.hasSize(3);
	}

	@Test
	void otherDocumentsAndMergedPropertiesMayOverride() {
		assertThat(SettingsFixture.file(SettingsFixture.ROUTE + """
				weir:
				  max-body: 1MB
				  pools.openai.backends:
				    - &one {name: a, url: 'https://a.example', weight: 2}
				    - {<<: *one, name: b}
				---
				weir.maxBody: 2MB
				""").pool().backends()).hasSize(2);
	}

	@ParameterizedTest
	@ValueSource(strings = { "010", "1:30", "0x10", "0b11" })
	void aNumberThatYamlDoesNotReadInBase10IsReported(String number) {
		assertThat(SettingsFixture.backend("max-concurrent: " + number).report()).contains("has one mistake",
				BACKEND + ".max-concurrent = " + number
						+ " (application.yml:12): is a number that YAML does not read in base 10",
				"Write such a number in digits. It must not begin with 0");
		assertThat(SettingsFixture.pool("max-wait: " + number).mistakes()).singleElement()
			.asString()
			.contains("max-wait = " + number + ": is a number that YAML does not read in base 10");
		assertThat(SettingsFixture.backend("api-version: " + number).mistakes())
			.contains(BACKEND + ".api-version = " + number + ": is a text that YAML reads as a number");
	}

	@ParameterizedTest
	@ValueSource(strings = { "7", "1_000", "'7'", "\"7\"", "08", "'010'", "+7" })
	void otherNumbersAreAccepted(String number) {
		assertThat(SettingsFixture.backend("max-concurrent: " + number).firstBackend().maxConcurrent()).isPositive();
		assertThat(SettingsFixture.pool("max-wait: 0").load()).isNotNull();
	}

	@ParameterizedTest
	@ValueSource(strings = { "010", "1_000", "+7", "1:30" })
	void aTextOfDigitsThatWouldChangeIsReported(String text) {
		assertThat(SettingsFixture.backend("models: {gpt-4o: " + text + "}").mistakes())
			.containsExactly(BACKEND + ".models[gpt-4o] = " + text + ": is a text that YAML reads as a number");
		assertThat(SettingsFixture.backend("models: {gpt-4o: '" + text + "'}").firstBackend().models())
			.containsValue(text);
	}

	@Test
	void otherSettingsThanThoseOfWeirAreNotChecked() {
		assertThat(SettingsFixture.file(SettingsFixture.ROUTE + """
				weir.pools.openai.backends: [{name: a, url: 'https://a.example'}]
				weirdo: {count: 010, some-name: 1, someName: 2}
				mine: {count: 010, some-name: 1, someName: 2}
				""").load()).isNotNull();
	}

}
