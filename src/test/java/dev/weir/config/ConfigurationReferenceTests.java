package dev.weir.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.yaml.snakeyaml.Yaml;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import wiremock.com.fasterxml.jackson.databind.ObjectMapper;
import wiremock.com.networknt.schema.JsonSchemaFactory;
import wiremock.com.networknt.schema.SpecVersion;
import wiremock.com.networknt.schema.ValidationMessage;

import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.core.ResolvableType;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The records, the table in the documentation and the JSON Schema say the same.
 */
class ConfigurationReferenceTests {

	private static final Path SCHEMA = Path.of("src/main/resources/META-INF/weir-schema.json");

	private static final Path DOCUMENTATION = Path.of("docs/configuration.md");

	@ParameterizedTest(name = "{0}")
	@MethodSource("properties")
	void tableNamesEveryPropertyWithItsDefaultAndRange(Property property) throws IOException {
		if (property.isBranch()) {
			return;
		}
		List<String> row = table().filter((cells) -> cells.get(0).equals("`" + property.path() + "`"))
			.findFirst()
			.orElseThrow(() -> new AssertionError(property.path() + " is not in the table of " + DOCUMENTATION));
		assertThat(row).hasSize(5);
		assertThat(row.get(4)).isNotBlank();
		if (property.defaultValue() != null) {
			assertThat(row.get(1)).isEqualTo("`" + property.defaultValue() + "`");
		}
		if (property.setting().required()) {
			assertThat(row.get(1)).isEqualTo("required");
		}
		if (property.range() != null) {
			assertThat(row.get(3)).isEqualTo("`" + property.range().min() + "` to `" + property.range().max() + "`");
		}
	}

	@Test
	void tableNamesNoOtherProperty() throws IOException {
		assertThat(table().map((cells) -> cells.get(0).replace("`", "")))
			.isSubsetOf(properties().map(Property::path).toList());
	}

	@ParameterizedTest(name = "{0}")
	@MethodSource("properties")
	void schemaDescribesEveryPropertyWithItsDefaultAndRange(Property property) throws IOException {
		JsonNode schema = schemaOf(property);
		assertThat(schema.path("description").asString("")).as(property.path()).isNotBlank();
		if (property.defaultValue() != null) {
			assertThat(schema.path("default").asString("")).isEqualTo(property.defaultValue());
		}
		else {
			assertThat(schema.has("default")).isFalse();
		}
		Range range = property.range();
		if (range != null) {
			assertThat(schema.path("description").asString())
				.endsWith("Range: " + range.min() + " to " + range.max() + ".");
			if (property.setting().type().resolve() == int.class) {
				JsonNode number = schema.path("anyOf").path(0);
				assertThat(number.path("minimum").asString()).isEqualTo(range.min());
				assertThat(number.path("maximum").asString()).isEqualTo(range.max());
			}
		}
	}

	@ParameterizedTest(name = "{0}")
	@MethodSource("properties")
	void defaultsAreInTheirRange(Property property) {
		if (property.range() != null) {
			assertThat(property.setting().required()).isFalse();
		}
		if (property.range() != null && property.defaultValue() != null) {
			assertThat(Configured.pool("")
				.property("weir.pools.openai.backends[0].name", "openai1")
				.property("weir.pools.openai.backends[0].url", "https://one.example")
				.property("weir." + property.example(), property.defaultValue())
				.load()).isNotNull();
		}
	}

	@ParameterizedTest
	@MethodSource("examples")
	void examplesAreValid(String yaml) throws IOException {
		assertThat(Configured.file(yaml).variable("OPENAI1_KEY", "k").load().pools()).containsOnlyKeys("openai");
		assertThat(violations(yaml)).isEmpty();
	}

	@Test
	void fullExampleHasEveryProperty() throws IOException {
		String full = examples().toList().get(1);
		assertThat(properties()).allSatisfy((property) -> {
			String name = property.setting().name();
			assertThat(Pattern.compile("(?m)^[ -]*" + name + ":").matcher(full).find()).as(property.path()).isTrue();
		});
	}

	@ParameterizedTest
	@MethodSource("mistakes")
	void schemaFindsMistakes(String yaml) throws IOException {
		assertThat(violations(yaml)).isNotEmpty();
	}

	static Stream<String> mistakes() {
		String backend = "weir: {pools: {openai: {backends: [{name: a, url: 'https://x.example'%s}]}}}";
		return Stream.of("weir: {max-bdy: 1MB}", "weir: {max-body: lots}", "weir: {pools: {My_Pool: {}}}",
				"weir: {pools: {openai: {backends: [{name: a}]}}}", "weir: {pools: {openai: {deadline: soon}}}",
				"weir: {pools: {openai: {retry-budget: {percent: 101}}}}", backend.formatted(", priority: high"),
				backend.formatted(", prioritty: 1"), backend.formatted(", models: [gpt-4o]"),
				backend.formatted(", dialect: gemini"), backend.formatted(", api-version: v1"));
	}

	static Stream<String> examples() throws IOException {
		return Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL)
			.matcher(Files.readString(DOCUMENTATION))
			.results()
			.map((block) -> block.group(1))
			.filter((yaml) -> yaml.contains("weir:"));
	}

	static Stream<Property> properties() {
		return below("", WeirProperties.class).stream();
	}

	private static List<Property> below(String prefix, Class<?> record) {
		List<Property> properties = new ArrayList<>();
		for (Setting setting : Setting.of(record)) {
			Property property = new Property(prefix + setting.name(), setting);
			properties.add(property);
			Class<?> raw = setting.type().resolve(Object.class);
			if (raw.isRecord()) {
				properties.addAll(below(property.path() + ".", raw));
			}
			else if (raw == Map.class && element(setting.type(), 1).isRecord()) {
				properties.addAll(below(property.path() + ".*.", element(setting.type(), 1)));
			}
			else if (raw == List.class && element(setting.type(), 0).isRecord()) {
				properties.addAll(below(property.path() + "[].", element(setting.type(), 0)));
			}
		}
		return properties;
	}

	private static Class<?> element(ResolvableType type, int generic) {
		return type.getGeneric(generic).resolve(Object.class);
	}

	private static Stream<List<String>> table() throws IOException {
		String section = Files.readString(DOCUMENTATION).split("\n## Properties\n", 2)[1].split("\n## ", 2)[0];
		return section.lines()
			.filter((line) -> line.startsWith("| `"))
			.map((line) -> Arrays.stream(line.substring(1, line.length() - 1).split("\\|"))
				.map(String::strip)
				.toList());
	}

	private static JsonNode schemaOf(Property property) throws IOException {
		JsonNode root = JsonMapper.shared().readTree(Files.readString(SCHEMA));
		JsonNode schema = root.at("/properties/weir");
		for (String step : property.path().replace("[]", ".[]").split("\\.")) {
			schema = switch (step) {
				case "*" -> schema.path("patternProperties").iterator().next();
				case "[]" -> schema.path("items");
				default -> schema.path("properties").path(step);
			};
			if (schema.has("$ref")) {
				schema = root.at(schema.path("$ref").asString().substring(1));
			}
		}
		return schema;
	}

	private static Iterable<ValidationMessage> violations(String yaml) throws IOException {
		return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
			.getSchema(Files.readString(SCHEMA))
			.validate(new ObjectMapper()
				.valueToTree(new Yaml().load(yaml.replaceAll("(api-version:) ([0-9-]+)", "$1 '$2'"))));
	}

	record Property(String path, Setting setting) {

		boolean isBranch() {
			return this.setting.type().resolve(Object.class).isRecord();
		}

		String defaultValue() {
			DefaultValue annotation = this.setting.annotation(DefaultValue.class);
			return (annotation != null && annotation.value().length > 0) ? annotation.value()[0] : null;
		}

		Range range() {
			return this.setting.annotation(Range.class);
		}

		String example() {
			return this.path.replace("*", "openai").replace("[]", "[0]");
		}

		@Override
		public String toString() {
			return this.path;
		}

	}

}
