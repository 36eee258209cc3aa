package dev.weir.config.load;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

import dev.weir.infra.BicepFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.core.io.Resource;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;

import dev.weir.config.BackendProperties;
import dev.weir.config.WeirProperties;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Weir reads every variable that the Azure template sets in the environment of the
 * container, and the template sets every variable of a backend that it needs.
 */
class InfraEnvironmentTests {

	private static final Map<String, String> OMITTED = Map.of("APIKEY", "the accounts have no keys", "DEPLOYMENT_NAME",
			"MODELS names a deployment for each model", "DIALECT", "the accounts use the dialect azure");

	@Test
	void everyVariableIsRead() throws IOException {
		assertThat(notRead(template())).isEmpty();
	}

	@ParameterizedTest
	@CsvSource({ "_PRIORITY', _PRIO', BACKEND_1_PRIO", "WEIR_DRAIN_DELAY, WEIR_DRAINING_DELAY, WEIR_DRAINING_DELAY",
			"TIMEOUT_PER_SHUTDOWN_PHASE, SHUTDOWN_TIMEOUT, SPRING_LIFECYCLE_SHUTDOWN_TIMEOUT",
			"AZURE_CLIENT_ID, AZURE_CLIENTID, AZURE_CLIENTID",
			"AZURE_CLIENT_ID, APPLICATIONINSIGHTS_CONNECTION_STRING, APPLICATIONINSIGHTS_CONNECTION_STRING",
			"BACKEND_${i + 1}_URL, UPSTREAM_${i + 1}_URL, UPSTREAM_1_URL" })
	void unreadVariablesAreFound(String from, String to, String name) throws IOException {
		assertThat(template()).contains(from);
		assertThat(notRead(template().replace(from, to))).containsExactly(name);
	}

	@Test
	void everyVariableOfABackendIsSetOrOmittedForAReason() throws IOException {
		assertThat(neitherSetNorOmitted(template())).isEmpty();
	}

	@ParameterizedTest
	@CsvSource({ "_MODELS', _NAME', MODELS is not set", "_URL', _APIKEY', URL is not set",
			"_URL', _APIKEY', APIKEY is set though the accounts have no keys" })
	void missingAndUnnecessaryVariablesAreFound(String from, String to, String problem) throws IOException {
		assertThat(template()).contains(from);
		assertThat(neitherSetNorOmitted(template().replace(from, to))).contains(problem);
	}

	@Test
	void variablesDefineThePool() throws IOException {
		Map<String, String> values = Map.of("NAME", "openai", "URL", "https://openai1-abc.openai.azure.com", "PRIORITY",
				"4", "MODELS", "gpt-5.4-mini=chat,chat=chat,text-embedding-3-large=embedding,embedding=embedding");
		SettingsFixture settings = SettingsFixture.weir("max-body: 32MB").variable("WEIR_DRAIN_DELAY", "5s");
		for (int i = 1; i <= 4; i++) {
			for (String name : BicepFile.of(template()).environment()) {
				BackendVariable variable = BackendVariable.of(name, "x", null);
				if (variable != null) {
					String value = values.get(variable.suffix());
					settings.variable(name.replace("_1_", "_" + i + "_"),
							variable.suffix().equals("NAME") ? value + i : value);
				}
			}
		}
		WeirProperties weir = settings.load();
		assertThat(weir.drainDelay()).hasSeconds(5);
		List<BackendProperties> backends = weir.pools().get("openai").backends();
		assertThat(backends).extracting(BackendProperties::name)
			.containsExactly("openai1", "openai2", "openai3", "openai4");
		assertThat(backends.get(3).priority()).isEqualTo(4);
		assertThat(backends.get(3).models()).containsOnly(Map.entry("gpt-5.4-mini", "chat"), Map.entry("chat", "chat"),
				Map.entry("text-embedding-3-large", "embedding"), Map.entry("embedding", "embedding"));
	}

	/** Returns the variables that neither Weir nor Spring reads. */
	static List<String> notRead(String template) throws IOException {
		Set<String> properties = properties();
		return BicepFile.of(template).environment().stream().filter((name) -> {
			BackendVariable variable = BackendVariable.of(name, "x", null);
			return !((variable != null) ? variable.isKnown()
					: name.equals("AZURE_CLIENT_ID") || properties.contains(name));
		}).toList();
	}

	/** Returns the variables of a backend that are missing or unnecessary. */
	static List<String> neitherSetNorOmitted(String template) {
		List<String> problems = new ArrayList<>();
		Set<String> set = BicepFile.of(template).environment();
		BackendVariable.PROPERTIES.keySet().forEach((suffix) -> {
			boolean isSet = set.contains("BACKEND_1_" + suffix);
			if (isSet && OMITTED.containsKey(suffix)) {
				problems.add(suffix + " is set though " + OMITTED.get(suffix));
			}
			if (!isSet && !OMITTED.containsKey(suffix)) {
				problems.add(suffix + " is not set");
			}
		});
		return problems;
	}

	/**
	 * Returns the names of all properties of Weir and Spring as environment variables.
	 */
	private static Set<String> properties() throws IOException {
		Set<String> names = new TreeSet<>();
		for (Resource metadata : new PathMatchingResourcePatternResolver()
			.getResources("classpath*:META-INF/spring-configuration-metadata.json")) {
			JsonNode properties = JsonMapper.shared()
				.readTree(metadata.getContentAsString(StandardCharsets.UTF_8))
				.path("properties");
			properties.forEach((property) -> {
				String name = property.path("name").asString().toUpperCase(Locale.ROOT).replace('.', '_');
				Collections.addAll(names, name.replace("-", ""), name.replace('-', '_'));
			});
		}
		return names;
	}

	private static String template() throws IOException {
		return Files.readString(Path.of("infra/weir.bicep"));
	}

}
