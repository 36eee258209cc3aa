package dev.weir.infra;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.yaml.snakeyaml.Yaml;
import wiremock.com.fasterxml.jackson.databind.JsonNode;
import wiremock.com.fasterxml.jackson.databind.ObjectMapper;
import wiremock.com.networknt.schema.JsonSchema;
import wiremock.com.networknt.schema.JsonSchemaFactory;
import wiremock.com.networknt.schema.SpecVersion;
import wiremock.com.networknt.schema.ValidationMessage;

import org.springframework.core.io.ClassPathResource;

import static dev.weir.infra.BicepTests.replaced;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * {@code azure.yaml} is valid for azd, and the files and outputs that it names exist.
 */
class AzureYamlTests {

	private static final Pattern OF_A_HOOK = Pattern.compile("\\$(?:env:)?([A-Z][A-Z0-9_]+)");

	@Test
	void fitsTheSchemaOfAzd() throws IOException {
		assertThat(violations(azureYaml())).isEmpty();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			name: weir                  | title: weir
			host: containerapp          | hostt: containerapp
			remoteBuild: true           | remoteBuild: maybe
			remoteBuild: true           | remotebuild: true
			shell: sh                   | shell: bash
			postdeploy:                 | postdeployment:
			project: .                  | image: .
			provider: bicep             | provider: Bicep!
			azd: ">= 1.24.0"            | azdd: ">= 1.24.0"
			interactive: true           | interactive: 'yes please'
			""")
	void violationsOfTheSchemaAreFound(String from, String to) throws IOException {
		assertThat(violations(replaced(azureYaml(), from, to.replace("image: .", "image: .\n    project: ."))))
			.isNotEmpty();
	}

	@Test
	void namedFilesAndOutputsExist() throws IOException {
		assertThat(problems(azureYaml(), weirBicep())).isEmpty();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|',
			textBlock = """
					module: main                 | module: all                    | there is no infra/all.bicep
					path: infra                  | path: infrastructure           | there is no infrastructure/main.bicep
					weir: # its                  | web: # its                     | there is no infra/web.bicep
					weir: # its                  | web: # its                     | the container app's tag azd-service-name is not web
					path: ./Dockerfile           | path: ./src/Dockerfile         | there is no src/Dockerfile
					context: .                   | context: ./app                 | there is no app
					remoteBuild: true            | remoteBuild: false             | the image is not built in the registry
					">= 1.24.0"                  | ">= 1.22.1"                    | azd before 1.24.0 is let in
					language: java               | language: js                   | the language is not java
					$CONTAINER_APP_URL_OPEN_TO   | $CONTAINER_APP_OPEN_TO         | a hook prints CONTAINER_APP_OPEN_TO, which is no output
					$env:CONTAINER_APP_URL_OPEN_TO | $env:SERVICE_URI             | a hook prints SERVICE_URI, which is no output
					This Weir is open to everyone | Done                      | a hook does not warn that Weir is open
					continueOnError: true        | continueOnError: false         | a hook may stop azd
					echo "Weir                   | az login; echo "Weir           | a hook does more than print
					""")
	void aMissingFileOrOutputIsReported(String from, String to, String problem) throws IOException {
		assertThat(problems(replaced(azureYaml(), from, to), weirBicep())).contains(problem);
	}

	@Test
	void aWrongTagIsFound() throws IOException {
		assertThat(
				problems(azureYaml(), replaced(weirBicep(), "'azd-service-name': 'weir'", "'azd-service-name': 'web'")))
			.containsExactly("the container app's tag azd-service-name is not weir");
	}

	static List<String> problems(String azureYaml, String weirBicep) throws IOException {
		JsonNode yaml = json(azureYaml);
		List<String> problems = new ArrayList<>();
		String infra = yaml.at("/infra/path").asText();
		exists(infra + "/" + yaml.at("/infra/module").asText() + ".bicep", problems);
		yaml.path("services").properties().forEach((service) -> service(service, infra, weirBicep, problems));
		int[] version = Pattern.compile("\\d+")
			.matcher(yaml.at("/requiredVersions/azd").asText())
			.results()
			.mapToInt((number) -> Integer.parseInt(number.group()))
			.toArray();
		if (Arrays.compare(version, new int[] { 1, 24, 0 }) < 0) {
			problems.add("azd before 1.24.0 is let in");
		}
		Set<String> outputs = new HashSet<>(BicepFile.of(weirBicep).outputs());
		outputs.addAll(BicepFile.read(Path.of("infra/main.bicep")).outputs());
		yaml.path("hooks").forEach((hook) -> hook.forEach((script) -> hook(script, outputs, problems)));
		return problems;
	}

	private static void service(Map.Entry<String, JsonNode> service, String infra, String weirBicep,
			List<String> problems) {
		String name = service.getKey();
		JsonNode settings = service.getValue();
		Path project = Path.of(settings.path("project").asText());
		exists(infra + "/" + name + ".bicep", problems);
		exists(infra + "/" + name + ".parameters.json", problems);
		exists(project.resolve(settings.at("/docker/path").asText()).normalize().toString(), problems);
		exists(project.resolve(settings.at("/docker/context").asText()).normalize().toString(), problems);
		if (!settings.at("/docker/remoteBuild").asBoolean()) {
			problems.add("the image is not built in the registry");
		}
		if (!settings.path("language").asText().equals("java")) {
			problems.add("the language is not java");
		}
		if (!BicepFile.of(weirBicep).text().contains("'azd-service-name': '" + name + "'")) {
			problems.add("the container app's tag azd-service-name is not " + name);
		}
	}

	private static void hook(JsonNode script, Set<String> outputs, List<String> problems) {
		String run = script.path("run").asText();
		OF_A_HOOK.matcher(run)
			.results()
			.map((name) -> name.group(1))
			.filter((name) -> !outputs.contains(name))
			.forEach((name) -> problems.add("a hook prints " + name + ", which is no output"));
		if (!run.contains("This Weir is open to everyone")) {
			problems.add("a hook does not warn that Weir is open");
		}
		if (!script.path("continueOnError").asBoolean()) {
			problems.add("a hook may stop azd");
		}
		if (!run.lines().allMatch((line) -> line.matches("(echo|Write-Host) \"[^\"]*\""))) {
			problems.add("a hook does more than print");
		}
	}

	private static void exists(String path, List<String> problems) {
		if (!Files.exists(Path.of(path))) {
			problems.add("there is no " + path.replace('\\', '/'));
		}
	}

	private static Set<ValidationMessage> violations(String azureYaml) throws IOException {
		JsonSchema schema = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V201909)
			.getSchema(new ClassPathResource("azd/azure.yaml.json").getInputStream());
		return schema.validate(json(azureYaml));
	}

	private static JsonNode json(String yaml) {
		return new ObjectMapper().valueToTree(new Yaml().load(yaml));
	}

	private static String azureYaml() throws IOException {
		return Files.readString(Path.of("azure.yaml"));
	}

	private static String weirBicep() throws IOException {
		return Files.readString(Path.of("infra/weir.bicep"));
	}

}
