package dev.weir.config.load;

import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Set;

import org.junit.jupiter.api.Test;

import dev.weir.config.BackendDialect;
import dev.weir.config.BackendProperties;
import dev.weir.config.PoolProperties;
import dev.weir.config.Secret;

import static org.assertj.core.api.Assertions.assertThat;

class BackendVariablesTests {

	@Test
	void variablesDefineBackendsOfThePoolOpenai() {
		assertThat(none().variable("BACKEND_1_URL", " https://one.openai.azure.com ")
			.variable("BACKEND_1_PRIORITY", " 2 ")
			.variable("BACKEND_1_APIKEY", " k ")
			.variable("BACKEND_1_DEPLOYMENT_NAME", " chat ")
			.firstBackend())
			.isEqualTo(new BackendProperties("BACKEND_1", URI.create("https://one.openai.azure.com"), Secret.of("k"),
					null, 2, 1, 100_000, BackendDialect.AZURE, Map.of("*", "chat"), null, null, Set.of()));
	}

	@Test
	void onlyTheUrlIsRequired() {
		BackendProperties backend = none().variable("BACKEND_east_URL", "https://one.example").firstBackend();
		assertThat(backend.name()).isEqualTo("BACKEND_east");
		assertThat(backend.priority()).isEqualTo(1);
		assertThat(backend.models()).isEmpty();
	}

	@Test
	void variablesSetNameAndModels() {
		BackendProperties backend = none().variable("BACKEND_1_URL", "https://one.openai.azure.com")
			.variable("BACKEND_1_NAME", "openai1")
			.variable("BACKEND_1_MODELS", "gpt-5.4-mini=chat, meta/Llama 3 = llama ,text-embedding-3-large,")
			.variable("BACKEND_1_DEPLOYMENT_NAME", "other")
			.firstBackend();
		assertThat(backend.name()).isEqualTo("openai1");
		assertThat(backend.models()).containsOnly(Map.entry("gpt-5.4-mini", "chat"), Map.entry("meta/Llama 3", "llama"),
				Map.entry("text-embedding-3-large", "text-embedding-3-large"), Map.entry("*", "other"));
	}

	@Test
	void invalidListsOfModelsAreReported() {
		assertThat(none().variable("BACKEND_1_URL", "https://one.example")
			.variable("BACKEND_1_MODELS", "gpt-4o=")
			.variable("BACKEND_2_URL", "https://two.example")
			.variable("BACKEND_2_MODELS", "=chat")
			.variable("BACKEND_3_URL", "https://three.example")
			.variable("BACKEND_3_MODELS", "gpt-4o=a/b,gpt-5=c")
			.variable("BACKEND_4_URL", "https://four.example")
			.variable("BACKEND_4_MODELS", ",")
			.variable("BACKEND_5_URL", "https://five.example")
			.variable("BACKEND_5_MODELS", "a]b=c")
			.variable("BACKEND_6_URL", "https://six.example")
			.variable("BACKEND_6_NAME", "no name")
			.mistakes())
			.containsExactlyInAnyOrder("BACKEND_1_MODELS = gpt-4o=: must be a list of models and their deployments",
					"BACKEND_2_MODELS = =chat: must be a list of models and their deployments",
					"BACKEND_3_MODELS = a/b: must be the name of a deployment, which has no slash",
					"BACKEND_4_MODELS = ,: must be a list of models and their deployments",
					"BACKEND_5_MODELS = a]b=c: must be a list of models and their deployments",
					"BACKEND_6_NAME = no name: must have 1 to 63 letters, digits, hyphens and underscores");
	}

	@Test
	void aNameAloneDefinesNoBackend() {
		assertThat(SettingsFixture.pool("")
			.variable("BACKEND_APP_NAME", "x")
			.variable("BACKEND_AI_MODELS", "x")
			.pool()
			.backends()).extracting(BackendProperties::name).containsExactly("openai1");
	}

	@Test
	void aMisspeltUrlIsReportedIfNameAndModelsAreSet() {
		assertThat(none().variable("BACKEND_1_UR", "https://one.example")
			.variable("BACKEND_1_NAME", "openai1")
			.variable("BACKEND_1_MODELS", "gpt-4o")
			.mistakes())
			.containsExactlyInAnyOrder("BACKEND_1_UR: there is no such variable", "BACKEND_1_URL: is missing");
	}

	@Test
	void backendsAreInTheOrderOfTheirIds() {
		SettingsFixture settings = none();
		for (String id : new String[] { "west", "10", "2", "1", "east" }) {
			settings.variable("BACKEND_" + id + "_URL", "https://one.example");
		}
		assertThat(settings.pool().backends()).extracting(BackendProperties::name)
			.containsExactly("BACKEND_1", "BACKEND_2", "BACKEND_10", "BACKEND_east", "BACKEND_west");
	}

	@Test
	void variablesAreReadInAnyCaseAndFromAnySource() {
		assertThat(SettingsFixture.file(SettingsFixture.ROUTE + "Backend_1_Url: https://one.example\n")
			.variable("BACKEND_1_priority", "3")
			.firstBackend()).satisfies((backend) -> {
				assertThat(backend.url()).hasToString("https://one.example");
				assertThat(backend.priority()).isEqualTo(3);
			});
	}

	@Test
	void theDialectComesFromItsVariableOrFromAUrlThatEndsWithV1() {
		assertThat(none().variable("BACKEND_1_URL", "http://vllm:8000")
			.variable("BACKEND_1_DIALECT", "openai")
			.variable("BACKEND_2_URL", "http://vllm:8000/v1")
			.variable("BACKEND_3_URL", "https://gateway.example/openai/v1")
			.variable("BACKEND_4_URL", "http://vllm:8000/v1")
			.variable("BACKEND_4_DIALECT", "azure")
			.variable("BACKEND_4_APIKEY", "k")
			.variable("BACKEND_DB_DIALECT", "postgres")
			.pool()
			.backends()).extracting(BackendProperties::effectiveDialect)
			.containsExactly(BackendDialect.OPENAI, BackendDialect.OPENAI, BackendDialect.AZURE, BackendDialect.AZURE);
		assertThat(
				none().variable("BACKEND_1_URL", "http://vllm:8000").variable("BACKEND_1_DIALECT", "gemini").mistakes())
			.containsExactly("BACKEND_1_DIALECT = gemini: must be one of azure, openai");
	}

	@Test
	void theFirstSourceTakesPrecedence() {
		assertThat(SettingsFixture.file(SettingsFixture.ROUTE + "BACKEND_1_URL: https://file.example")
			.variable("backend_1_url", "https://variable.example")
			.firstBackend()
			.url()).hasToString("https://variable.example");
	}

	@Test
	void otherSettingsOfThePoolComeFromTheFile() {
		PoolProperties pool = SettingsFixture.weir("pools.openai.deadline: 7s")
			.variable("BACKEND_1_URL", "https://one.example")
			.pool();
		assertThat(pool.deadline()).isEqualTo(Duration.ofSeconds(7));
		assertThat(pool.backends()).hasSize(1);
	}

	@Test
	void mistakesAreReportedWithTheNameOfTheVariable() {
		assertThat(none().variable("BACKEND_1_PRIORITY", "high")
			.variable("BACKEND_2_URL", "one.example")
			.variable("BACKEND_2_KEY", "canary")
			.variable("BACKEND_3_URL", "https://three.example")
			.variable("BACKEND_3_DEPLOYMENT_NAME", "a/b")
			.variable("BACKEND_a.b_URL", "https://four.example")
			.mistakes()).containsExactlyInAnyOrder("BACKEND_1_PRIORITY = high: must be a whole number from 1 to 100",
					"BACKEND_1_URL: is missing",
					"BACKEND_2_URL = one.example: must be an http or https URL with a host",
					"BACKEND_2_KEY: there is no such variable",
					"BACKEND_3_DEPLOYMENT_NAME = a/b: must be the name of a deployment, which has no slash",
					"BACKEND_a.b = BACKEND_a.b: must have 1 to 63 letters, digits, hyphens and underscores");
	}

	@Test
	void anUnknownVariableIsReportedWithTheMostSimilarOne() {
		assertThat(none().variable("BACKEND_2_URL", "https://one.example")
			.variable("BACKEND_2_API_KEY", "canary")
			.report()).contains("BACKEND_2_API_KEY")
			.contains("Did you mean BACKEND_2_APIKEY?")
			.doesNotContain("canary");
	}

	@Test
	void variablesOfOtherProgramsAreIgnored() {
		SettingsFixture settings = SettingsFixture.pool("")
			.variable("BACKEND_API_KEY", "x")
			.variable("BACKEND_POOL", "x")
			.variable("BACKEND_9_URL", " ");
		assertThat(settings.pool().backends()).extracting(BackendProperties::name).containsExactly("openai1");
	}

	@Test
	void variablesOfAKubernetesServiceAreIgnored() {
		assertThat(none().variable("BACKEND_1_URL", "https://one.example")
			.variable("BACKEND_1_SERVICE_HOST", "10.0.0.1")
			.variable("BACKEND_1_PORT", "tcp://10.0.0.1:80")
			.variable("BACKEND_1_PORT_80_TCP", "tcp://10.0.0.1:80")
			.pool()
			.backends()).hasSize(1);
	}

	@Test
	void variablesConflictWithBackendsInTheFile() {
		assertThat(SettingsFixture.pool("").variable("BACKEND_1_URL", "https://one.example").mistakes())
			.containsExactly(
					"weir.pools.openai.backends: conflicts with BACKEND_1_URL, which defines backends of the same pool");
	}

	private static SettingsFixture none() {
		return SettingsFixture.file(SettingsFixture.ROUTE);
	}

}
