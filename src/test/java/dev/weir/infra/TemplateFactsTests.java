package dev.weir.infra;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.beans.factory.config.YamlPropertiesFactoryBean;
import org.springframework.core.io.ByteArrayResource;

import static dev.weir.infra.BicepTests.replaced;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Properties that the template must always have.
 */
class TemplateFactsTests {

	private static final Pattern PROBE = Pattern
		.compile("type: '(Startup|Liveness|Readiness)'\\s+httpGet: \\{\\s+path: '([^']+)'\\s+port: (\\w+)");

	@Test
	void theTemplateKeepsItsFacts() throws IOException {
		assertThat(problems(files())).isEmpty();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '"',
			textBlock = """
					modules/openai.bicep   | disableLocalAuth: true       | disableLocalAuth: false      | modules/openai.bicep: disableLocalAuth is not true
					modules/openai.bicep   | @batchSize(1)                | // @batchSize(1)             | modules/openai.bicep: deployments are not made one at a time
					modules/openai.bicep   | customSubDomainName: name    | // name                      | modules/openai.bicep: customSubDomainName is not name
					modules/openai.bicep   | 5e0bd9bd-7b93-4f28-af87-19fc36ad61bd | 5e0bd9bd-7b93-4f28-af87-19fc36ad61be | modules/openai.bicep: openAiUser is not '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd'
					modules/openai.bicep   | scope: account               | scope: resourceGroup()       | modules/openai.bicep: scope is not account
					modules/registry.bicep | adminUserEnabled: false      | adminUserEnabled: true       | modules/registry.bicep: adminUserEnabled is not false
					weir.bicep             | allowInsecure: false         | allowInsecure: true          | weir.bicep: allowInsecure is not false
					weir.bicep             | external: true               | external: false              | weir.bicep: external is not true
					weir.bicep             | var port = 8080              | var port = 80                | weir.bicep: port is not 8080
					weir.bicep             | targetPort: port             | targetPort: 80               | weir.bicep: targetPort is not port
					weir.bicep             | '${probePath}/readiness'     | '${probePath}/liveness'      | weir.bicep: the Readiness probe asks /actuator/health/liveness
					weir.bicep             | '/actuator/health'           | '/healthz'                   | weir.bicep: the Startup probe asks /healthz/liveness
					weir.bicep             | type: 'Startup'              | type: 'Liveness'             | weir.bicep: there is no Startup probe
					weir.bicep             | port: port                   | port: 8081                   | weir.bicep: the Startup probe asks port 8081
					weir.bicep             | var marginSeconds = 15       | var marginSeconds = 0        | weir.bicep: no time is left after the drain
					weir.bicep             | @maxValue(580)               | @maxValue(600)               | weir.bicep: the grace period may be 620 s
					weir.bicep             | drainSeconds int = 240       | drainSeconds int = 590       | weir.bicep: drainSeconds is not in its range
					weir.bicep             | drainDelaySeconds + drainSeconds + marginSeconds | drainSeconds | weir.bicep: terminationGracePeriodSeconds is not drainDelaySeconds + drainSeconds + marginSeconds
					modules/registry.bicep | 7f951dda | 7f951ddb | modules/registry.bicep: acrPull is not '7f951dda-4ed3-4680-a7ca-43fe172d538d'
					weir.bicep             | ipSecurityRestrictions: ipRestrictions | ipSecurityRestrictions: [] | weir.bicep: ipSecurityRestrictions is not ipRestrictions
					weir.bicep             | identity.properties.clientId | identity.properties.principalId | "weir.bicep: there is no name: 'AZURE_CLIENT_ID'\n    value: identity.properties.clientId"
					weir.bicep             | maxReplicas int = 10         | maxReplicas int = 100        | weir.bicep: there is no param maxReplicas int = 10
					weir.bicep             | identity: identity.id        | identity: 'system'           | weir.bicep: identity is not identity.id
					application.yml        | port: 8080                   | port: 8888                   | weir.bicep: port is not 8888
					""")
	void aLostFactIsFound(String file, String from, String to, String problem) throws IOException {
		Map<String, String> files = files();
		files.computeIfPresent(file, (path, text) -> replaced(text, from, to));
		assertThat(problems(files)).contains(problem);
	}

	static List<String> problems(Map<String, String> files) {
		List<String> problems = new ArrayList<>();
		Template openAi = new Template("modules/openai.bicep", files, problems);
		openAi.property("disableLocalAuth", "true");
		openAi.property("customSubDomainName", "name");
		openAi.property("scope", "account");
		openAi.var("openAiUser", "'5e0bd9bd-7b93-4f28-af87-19fc36ad61bd'");
		if (!openAi.text().contains("@batchSize(1)\nresource modelDeployments ")) {
			openAi.problem("deployments are not made one at a time");
		}
		Template registry = new Template("modules/registry.bicep", files, problems);
		registry.property("adminUserEnabled", "false");
		registry.var("acrPull", "'7f951dda-4ed3-4680-a7ca-43fe172d538d'");
		Template weir = new Template("weir.bicep", files, problems);
		weir.property("allowInsecure", "false");
		weir.property("external", "true");
		weir.property("targetPort", "port");
		weir.property("ipSecurityRestrictions", "ipRestrictions");
		weir.property("activeRevisionsMode", "'Single'");
		weir.property("image", "image");
		weir.property("identity", "identity.id");
		weir.property("'\\$\\{identity.id}'", "{}");
		weir.property("minReplicas", "minReplicas");
		weir.property("concurrentRequests", "concurrentRequests");
		weir.mustContain("param minReplicas int = 1\n");
		weir.mustContain("param maxReplicas int = 10\n");
		weir.mustContain("name: 'AZURE_CLIENT_ID'\n    value: identity.properties.clientId\n");
		weir.mustContain("output CONTAINER_APP_URL string = 'https://${app.properties.configuration.ingress.fqdn}'\n");
		weir.var("port", serverPort(files.get("application.yml")));
		probes(weir);
		grace(weir);
		return problems;
	}

	private static void probes(Template weir) {
		Map<String, String> groups = Map.of("Startup", "liveness", "Liveness", "liveness", "Readiness", "readiness");
		Map<String, MatchResult> probes = new LinkedHashMap<>();
		PROBE.matcher(weir.text()).results().forEach((probe) -> probes.put(probe.group(1), probe));
		groups.forEach((type, group) -> {
			MatchResult probe = probes.get(type);
			if (probe == null) {
				weir.problem("there is no " + type + " probe");
				return;
			}
			String path = probe.group(2).replace("${probePath}", weir.varOf("probePath").replace("'", ""));
			if (!path.equals("/actuator/health/" + group)) {
				weir.problem("the " + type + " probe asks " + path);
			}
			if (!probe.group(3).equals("port")) {
				weir.problem("the " + type + " probe asks port " + probe.group(3));
			}
		});
	}

	private static void grace(Template weir) {
		int delay = Integer.parseInt(weir.varOf("drainDelaySeconds"));
		int margin = Integer.parseInt(weir.varOf("marginSeconds"));
		weir.property("terminationGracePeriodSeconds", "drainDelaySeconds + drainSeconds + marginSeconds");
		MatchResult drain = Pattern
			.compile("@minValue\\((\\d+)\\)\n@maxValue\\((\\d+)\\)\nparam drainSeconds int = (\\d+)\n")
			.matcher(weir.text())
			.results()
			.findFirst()
			.orElseThrow();
		int min = Integer.parseInt(drain.group(1));
		int max = Integer.parseInt(drain.group(2));
		int value = Integer.parseInt(drain.group(3));
		if (margin <= 0) {
			weir.problem("no time is left after the drain");
		}
		if (max + delay + margin > 600) {
			weir.problem("the grace period may be " + (max + delay + margin) + " s");
		}
		if (value < min || value > max || min < delay) {
			weir.problem("drainSeconds is not in its range");
		}
	}

	private static String serverPort(String applicationYml) {
		YamlPropertiesFactoryBean yaml = new YamlPropertiesFactoryBean();
		yaml.setResources(new ByteArrayResource(applicationYml.getBytes(StandardCharsets.UTF_8)));
		return String.valueOf(yaml.getObject().get("server.port"));
	}

	private static Map<String, String> files() throws IOException {
		Map<String, String> files = BicepFile.all();
		files.put("application.yml", Files.readString(Path.of("src/main/resources/weir-defaults.yml")));
		return files;
	}

	private record Template(String name, Map<String, String> files, List<String> problems) {

		String text() {
			// a comment may follow a value, and leaves its space
			return BicepFile.of(this.files.get(this.name)).text().replaceAll("(?m) +$", "");
		}

		void property(String key, String value) {
			boolean right = Pattern.compile("(?m)^ +" + key + ": (.*)$")
				.matcher(text())
				.results()
				.map((property) -> property.group(1))
				.anyMatch(value::equals);
			if (!right) {
				problem(key + " is not " + value);
			}
		}

		void mustContain(String line) {
			if (!text().contains(line)) {
				problem("there is no " + line.strip());
			}
		}

		void var(String variable, String value) {
			if (!varOf(variable).equals(value)) {
				problem(variable + " is not " + value);
			}
		}

		String varOf(String variable) {
			return Pattern.compile("(?m)^var " + variable + " = (.*)$")
				.matcher(text())
				.results()
				.map((found) -> found.group(1))
				.findFirst()
				.orElse("");
		}

		void problem(String problem) {
			this.problems.add(this.name + ": " + problem);
		}

	}

}
