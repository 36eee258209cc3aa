package dev.weir.infra;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static dev.weir.infra.BicepTests.replaced;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Each entry of {@code openAiInstances} becomes an account and a backend of the running
 * pool. The compiler cannot see that: arrays and JSON have no types.
 */
class WiringTests {

	private static final Map<String, String> SOURCES = Map.of("NAME", "backend.name", "URL", "backend.url", "PRIORITY",
			"string(backend.priority)", "MODELS", "backend.models");

	@Test
	void everyInstanceBecomesABackend() throws IOException {
		assertThat(problems(BicepFile.all())).isEmpty();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '"',
			textBlock = """
					main.bicep           | models: join(instance.models   | model: join(instance.models      | weir.bicep takes [models, name, priority, url] of a backend that has [model, name, priority, url]
					main.bicep           | for instance in instances: {   | for instance in take(instances, 3): { | backends are not made of instances
					main.bicep           | concat(ptuInstances, tokenInstances) | ptuInstances              | instances are not all
					main.bicep           | for instance in openAiInstances: {   | for instance in take(openAiInstances, 3): { | tokenInstances are not made of openAiInstances
					main.bicep           | 'https://${instance.account}   | 'https://${instance.name}        | a backend's URL is not its account's
					main.bicep           | name: instance.account         | name: instance.name              | the name of an account differs from its backend's URL
					main.bicep           | instance.location              | instance.region                  | tokenInstances take region of an entry, which has none
					main.bicep           | version: chatModelVersion      | modelVersion: chatModelVersion   | a deployment has [capacity, model, modelVersion, name, sku]
					weir.bicep           | value: backend.url             | value: backend.name              | BACKEND_n_URL is backend.name
					weir.bicep           | value: backend.models          | value: backend.modells           | BACKEND_n_MODELS is backend.modells
					weir.bicep           | flatten(backendVariables)      | settings                         | the variables of backends do not reach the container
					modules/openai.bicep | capacity: item.capacity        | capacity: item.units             | a deployment has [capacity, model, name, sku, version]
					""")
	void aBrokenWireIsFound(String file, String from, String to, String problem) throws IOException {
		Map<String, String> files = BicepFile.all();
		files.computeIfPresent(file, (path, text) -> replaced(text, from, to));
		assertThat(problems(files)).anySatisfy((found) -> assertThat(found).startsWith(problem));
	}

	static List<String> problems(Map<String, String> files) throws IOException {
		String main = files.get("main.bicep");
		String weir = files.get("weir.bicep");
		List<String> problems = new ArrayList<>();
		check(problems, main.contains("var backends = [\n  for instance in instances: {"),
				"backends are not made of instances");
		check(problems, main.contains("var instances = concat(ptuInstances, tokenInstances)\n"),
				"instances are not all");
		check(problems, main.contains("var tokenInstances = [\n  for instance in openAiInstances: {"),
				"tokenInstances are not made of openAiInstances");
		check(problems, main.contains("url: 'https://${instance.account}.openai.azure.com'"),
				"a backend's URL is not its account's");
		check(problems, main.contains("      name: instance.account\n"),
				"the name of an account differs from its backend's URL");
		check(problems, weir.contains("env: concat(settings, flatten(backendVariables))"),
				"the variables of backends do not reach the container");

		Set<String> given = keys(block(main, "var backends = ", "\n]\n"));
		Set<String> taken = members(weir, "backend");
		check(problems, given.equals(taken), "weir.bicep takes " + taken + " of a backend that has " + given);
		Pattern.compile("name: 'BACKEND_\\$\\{i \\+ 1}_(\\w+)'\\s+value: (.+)")
			.matcher(weir)
			.results()
			.forEach((variable) -> check(problems, variable.group(2).equals(SOURCES.get(variable.group(1))),
					"BACKEND_n_" + variable.group(1) + " is " + variable.group(2)));

		for (String deployments : List.of("var ptuDeployments = ", "var deployments = ")) {
			Set<String> has = keys(block(main, deployments, "\n]\n"));
			Set<String> uses = members(files.get("modules/openai.bicep"), "item");
			check(problems, has.equals(uses), "a deployment has " + has + ", and openai.bicep takes " + uses);
		}
		Set<String> entry = matches(BicepTests.parameters("main").split("openAiInstances")[1].split("]")[0],
				"\"(\\w+)\": (?!\\[)");
		members(block(main, "var tokenInstances = ", "\n]\n"), "instance").stream()
			.filter((member) -> !entry.contains(member))
			.forEach((member) -> problems.add("tokenInstances take " + member + " of an entry, which has none"));
		return problems;
	}

	private static String block(String text, String from, String to) {
		String remaining = text.substring(text.indexOf("\n" + from));
		return remaining.substring(0, remaining.indexOf(to));
	}

	private static Set<String> keys(String block) {
		return matches(block, "(?m)^ {4}(\\w+): ");
	}

	private static Set<String> members(String text, String object) {
		return matches(text, "\\b" + object + "\\.(\\w+)");
	}

	private static Set<String> matches(String text, String pattern) {
		return Pattern.compile(pattern)
			.matcher(text)
			.results()
			.map((MatchResult match) -> match.group(1))
			.collect(Collectors.toCollection(TreeSet::new));
	}

	private static void check(List<String> problems, boolean right, String problem) {
		if (!right) {
			problems.add(problem);
		}
	}

}
