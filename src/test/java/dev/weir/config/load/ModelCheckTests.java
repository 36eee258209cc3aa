package dev.weir.config.load;

import java.util.Map;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class ModelCheckTests {

	private static final String MODELS = "weir.pools.openai.backends[0].models";

	@Test
	void keepsNamesOfModelsUnchanged() {
		assertThat(SettingsFixture.backend("""
				models:
				  gpt-4.1: a
				  gpt-41: b
				  GPT_4o: c
				  gpt4o: d
				  gpt-4o: e
				  meta/llama-3: f
				  o1: g
				  "*": h
				  "[ft:gpt-4o:org::id]": i
				  'phi-3.5.mini': j
				""").firstBackend().models()).containsExactly(Map.entry("gpt-4.1", "a"), Map.entry("gpt-41", "b"),
				Map.entry("GPT_4o", "c"), Map.entry("gpt4o", "d"), Map.entry("gpt-4o", "e"),
				Map.entry("meta/llama-3", "f"), Map.entry("o1", "g"), Map.entry("*", "h"),
				Map.entry("ft:gpt-4o:org::id", "i"), Map.entry("phi-3.5.mini", "j"));
	}

	@Test
	void anEmptyMapCountsAsNotSet() {
		assertThat(SettingsFixture.backend("models:").firstBackend().models()).isEmpty();
	}

	@Test
	void reportsAList() {
		SettingsFixture list = SettingsFixture.backend("models: [gpt-4o, gpt-4.1]");
		assertThat(list.mistakes()).containsExactly(MODELS + ": must be a map of models to deployments, not a list");
		assertThat(list.report()).contains("'gpt-4o: gpt-4o' if both names are the same");
	}

	@Test
	void reportsASingleValue() {
		assertThat(SettingsFixture.backend("models: gpt-4o").mistakes()).containsExactly(MODELS + ": must be a map");
	}

	@Test
	void reportsAModelWithoutDeployment() {
		assertThat(SettingsFixture.backend("models:\n  gpt-4o:").mistakes()).singleElement()
			.asString()
			.startsWith(MODELS + "[gpt-4o]: must be the name of a deployment");
	}

	@Test
	void reportsNamesThatAreTooLong() {
		String longest = "x".repeat(256);
		assertThat(SettingsFixture.backend("models:\n  gpt-4o: " + longest).load()).isNotNull();
		assertThat(SettingsFixture.backend("models:\n  gpt-4o: " + longest + "x").mistakes()).hasSize(1);
		assertThat(SettingsFixture.backend("models:\n  ? " + longest + "x\n  : gpt-4o").mistakes()).hasSize(1);
	}

	@Test
	void reportsControlCharactersWithoutPrintingThem() {
		assertThat(SettingsFixture.backend("models:\n  gpt-4o: \"a\\nb\"").mistakes()).singleElement()
			.asString()
			.contains(" = a\uFFFDb: must be the name");
	}

	@Test
	void reportsASlashInADeploymentOfAzure() {
		assertThat(SettingsFixture.backend("dialect: azure\nmodels:\n  gpt-4o: a/b").mistakes())
			.containsExactly(MODELS + "[gpt-4o] = a/b: must be the name of a deployment, which has no slash");
	}

	@Test
	void acceptsASlashInADeploymentOfAnotherServer() {
		assertThat(SettingsFixture.backend("models:\n  llama: meta-llama/Llama-3").firstBackend().models())
			.containsEntry("llama", "meta-llama/Llama-3");
	}

}
