package dev.weir.infra;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import dev.weir.infra.BicepFile.ModuleCall;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Parameters, variables, modules and outputs of the Bicep files fit together, and what
 * azd puts in from its environment is there.
 */
class BicepTests {

	// azd itself sets these in its environment
	private static final Set<String> OF_AZD = Set.of("AZURE_ENV_NAME", "AZURE_LOCATION", "SERVICE_WEIR_IMAGE_NAME");

	private static final Pattern SUBSTITUTION = Pattern.compile("\\$\\{(\\w+)(=[^}]*)?}");

	@ParameterizedTest
	@ValueSource(strings = { "main", "weir" })
	void parameterFilesGiveTheDeclaredParameters(String name) throws IOException {
		assertThat(misfits(template(name), parameters(name))).isEmpty();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|',
			textBlock = """
					"openAiCapacity":    | "openAiCapacty":                              | openAiCapacty is not declared
					"openAiCapacity":    | "openAiCapacty":                              | openAiCapacity is not given
					"environmentName": { | "backend_1_url": { "value": "" }, "environmentName": { | backend_1_url is not declared
					""")
	void misfitsOfParameterFilesAreFound(String from, String to, String problem) throws IOException {
		assertThat(misfits(template("main"), replaced(parameters("main"), from, to))).contains(problem);
	}

	@Test
	void everyDeclarationIsUsed() throws IOException {
		assertThat(BicepFile.all()).hasSizeGreaterThan(2)
			.allSatisfy((path, text) -> assertThat(BicepFile.of(text).unused()).as(path).isEmpty());
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
			param unused string                            | unused
			param unused string = 'x' // unused            | unused
			var unused = 1                                 | unused
			var unused = 'unused'                          | unused
			param unused string\\noutput x object = { unused: 1 }       | unused
			param unused string\\noutput x string = y.unused            | unused
			param used string\\noutput x string = 'a ${used} b'         |
			param used string\\noutput x object = { a: used }           |
					param used array\\nvar x = [for y in used: y]\\noutput z array = x |
			param used string\\noutput x string = '${toLower('${used}')}'   |
			""")
	void anUnusedDeclarationIsReported(String text, String unused) {
		assertThat(BicepFile.of(text.replace("\\n", "\n")).unused())
			.isEqualTo((unused != null) ? List.of(unused) : List.of());
	}

	@Test
	void modulesGetTheirParameters() throws IOException {
		assertThat(wrongCalls(BicepFile.all())).isEmpty();
		assertThat(BicepFile.of(template("main")).modules()).extracting(ModuleCall::path)
			.containsExactlyInAnyOrderElementsOf(
					BicepFile.all().keySet().stream().filter((path) -> path.startsWith("modules/")).toList());
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '"',
			textBlock = """
					workspaceName: monitoring | workspace: monitoring      | workspace is not a parameter of modules/environment.bicep
					workspaceName: monitoring | workspace: monitoring      | modules/environment.bicep needs workspaceName
					'modules/openai.bicep'    | 'modules/openai2.bicep'    | there is no modules/openai2.bicep
					skuName: openAiSkuName    | tier: { skuName: 'S0' }    | modules/openai.bicep needs skuName
					""")
	void wrongCallsOfModulesAreFound(String from, String to, String problem) throws IOException {
		Map<String, String> files = BicepFile.all();
		files.computeIfPresent("main.bicep", (path, text) -> replaced(text, from, to));
		assertThat(wrongCalls(files)).contains(problem);
	}

	@Test
	void variablesThatAzdSubstitutesExist() throws IOException {
		assertThat(unknownNames(template("main"), parameters("weir"), documentation())).isEmpty();
		assertThat(unknownNames("", parameters("main"), documentation())).isEmpty();
	}

	@ParameterizedTest
	@CsvSource({ "${WEIR_BACKENDS}, ${WEIR_BACKEND}, WEIR_BACKEND",
			"${SERVICE_WEIR_IMAGE_NAME}, ${SERVICE_WEB_IMAGE_NAME}, SERVICE_WEB_IMAGE_NAME",
			"${ALLOWED_IP_RANGES}, ${ALLOWED_RANGES=}, ALLOWED_RANGES" })
	void anUnknownVariableIsReported(String from, String to, String name) throws IOException {
		assertThat(unknownNames(template("main"), replaced(parameters("weir"), from, to), documentation()))
			.containsExactly(name);
	}

	@Test
	void missingOutputsAreFound() throws IOException {
		assertThat(unknownNames(replaced(template("main"), "output WEIR_IDENTITY_NAME", "output IDENTITY_NAME"),
				parameters("weir"), documentation()))
			.containsExactly("WEIR_IDENTITY_NAME");
	}

	@Test
	void documentationListsTheSettingsAndTheirDefaults() throws IOException {
		assertThat(undocumented(parameters("main") + parameters("weir"), documentation())).isEmpty();
	}

	@ParameterizedTest
	@CsvSource({ "${OPENAI_CAPACITY=30}, ${OPENAI_CAPACITY=50}, OPENAI_CAPACITY",
			"${PTU_LOCATION}, ${PTU_REGION}, PTU_REGION", "${PTU_LOCATION}, ${PTU_REGION}, PTU_LOCATION" })
	void differencesFromTheDocumentationAreFound(String from, String to, String name) throws IOException {
		assertThat(undocumented(replaced(parameters("main"), from, to) + parameters("weir"), documentation()))
			.contains(name);
	}

	@Test
	void settingsThatMayBeUnsetHaveADefaultInTheTemplate() throws IOException {
		for (String name : List.of("main", "weir")) {
			Set<String> outputs = BicepFile.of(template("main")).outputs();
			Set<String> withDefault = new TreeSet<>(BicepFile.of(template(name)).params().keySet());
			withDefault.removeAll(BicepFile.of(template(name)).required());
			json(parameters(name)).properties().forEach((parameter) -> {
				String value = parameter.getValue().path("value").asString("");
				if (value.matches("\\$\\{\\w+}") && !OF_AZD.contains(value.substring(2, value.length() - 1))
						&& settings(value).noneMatch((setting) -> outputs.contains(setting.name()))) {
					assertThat(withDefault).contains(parameter.getKey());
				}
			});
		}
	}

	/** The parameters that a file gives without need or does not give. */
	static List<String> misfits(String template, String parameters) {
		BicepFile file = BicepFile.of(template);
		Set<String> given = json(parameters).properties()
			.stream()
			.map(Map.Entry::getKey)
			.collect(Collectors.toCollection(TreeSet::new));
		return Stream.concat(
				given.stream()
					.filter((name) -> !file.params().containsKey(name))
					.map((name) -> name + " is not declared"),
				file.required().stream().filter((name) -> !given.contains(name)).map((name) -> name + " is not given"))
			.toList();
	}

	/** The mistakes in the calls of modules. */
	static List<String> wrongCalls(Map<String, String> files) {
		List<String> problems = new ArrayList<>();
		files.forEach((path, text) -> BicepFile.of(text).modules().forEach((call) -> {
			String called = Path.of(path).resolveSibling(call.path()).normalize().toString().replace('\\', '/');
			if (!files.containsKey(called)) {
				problems.add("there is no " + called);
				return;
			}
			BicepFile module = BicepFile.of(files.get(called));
			call.params()
				.stream()
				.filter((name) -> !module.params().containsKey(name))
				.forEach((name) -> problems.add(name + " is not a parameter of " + called));
			module.required()
				.stream()
				.filter((name) -> !call.params().contains(name))
				.forEach((name) -> problems.add(called + " needs " + name));
		}));
		return problems;
	}

	/** The variables that parameters read and that azd's environment does not have. */
	static List<String> unknownNames(String main, String parameters, String documentation) {
		Set<String> outputs = BicepFile.of(main).outputs();
		Map<String, String> settings = documented(documentation);
		return SUBSTITUTION.matcher(parameters)
			.results()
			.map((found) -> found.group(1))
			.filter((name) -> !OF_AZD.contains(name) && !outputs.contains(name) && !settings.containsKey(name))
			.toList();
	}

	/** The settings that differ between parameters and documentation. */
	static Set<String> undocumented(String parameters, String documentation) throws IOException {
		Map<String, String> written = settings(parameters).collect(
				Collectors.toMap((setting) -> setting.name(), (setting) -> setting.value(), (one, other) -> other));
		BicepFile.of(template("main")).outputs().forEach(written::remove);
		Map<String, String> documented = documented(documentation);
		Set<String> different = new TreeSet<>(written.keySet());
		different.addAll(documented.keySet());
		different.removeIf(
				(name) -> written.containsKey(name) && written.get(name).equals(documented.getOrDefault(name, "?")));
		return different;
	}

	private static Stream<SettingOfAzd> settings(String parameters) {
		return SUBSTITUTION.matcher(parameters)
			.results()
			.filter((found) -> !OF_AZD.contains(found.group(1)))
			.map((found) -> new SettingOfAzd(found.group(1),
					(found.group(2) != null) ? found.group(2).substring(1) : ""));
	}

	/** The settings of the table in the documentation, with their defaults. */
	private static Map<String, String> documented(String documentation) {
		return Pattern.compile("(?m)^\\| `([A-Z][A-Z0-9_]+)` \\| (?:`([^`]+)`|none)")
			.matcher(documentation)
			.results()
			.collect(Collectors.toMap((row) -> row.group(1), (row) -> (row.group(2) != null) ? row.group(2) : ""));
	}

	private static JsonNode json(String parameters) {
		return JsonMapper.shared().readTree(parameters).path("parameters");
	}

	private static String template(String name) throws IOException {
		return Files.readString(Path.of("infra", name + ".bicep"));
	}

	static String parameters(String name) throws IOException {
		return Files.readString(Path.of("infra", name + ".parameters.json"));
	}

	private static String documentation() throws IOException {
		return Files.readString(Path.of("docs/azure.md"));
	}

	static String replaced(String text, String from, String to) {
		assertThat(text).contains(from);
		return text.replace(from, to);
	}

	private record SettingOfAzd(String name, String value) {

	}

}
