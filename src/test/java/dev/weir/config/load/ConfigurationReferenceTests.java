package dev.weir.config.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.yaml.snakeyaml.Yaml;
import wiremock.com.fasterxml.jackson.databind.ObjectMapper;
import wiremock.com.networknt.schema.JsonSchemaFactory;
import wiremock.com.networknt.schema.SpecVersion;
import wiremock.com.networknt.schema.ValidationMessage;

import dev.weir.testing.TestAuthority;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The table in the documentation and the JSON schema are generated from the records. To
 * generate them again: {@code ./mvnw test -Dtest=ConfigurationReferenceTests
 * -Dgenerate=true}.
 */
class ConfigurationReferenceTests {

	private static final Path SCHEMA = Path.of("src/main/resources/META-INF/weir-schema.json");

	private static final Path DOCUMENTATION = Path.of("docs/configuration.md");

	private static final Pattern TABLE = Pattern
		.compile("(?<=<!-- generated from the records -->\n\n).*?(?=\n<!-- end -->)", Pattern.DOTALL);

	private static final String HOW_TO_GENERATE = "Generate it: ./mvnw test -Dtest=ConfigurationReferenceTests -Dgenerate=true";

	@BeforeAll
	static void generate() throws IOException {
		if (Boolean.getBoolean("generate")) {
			String table = Matcher.quoteReplacement(PropertyTable.generate());
			Files.writeString(DOCUMENTATION, TABLE.matcher(Files.readString(DOCUMENTATION)).replaceFirst(table));
			Files.writeString(SCHEMA, PropertySchema.generate());
		}
	}

	@Test
	void theTableOfPropertiesIsCurrent() throws IOException {
		Matcher table = TABLE.matcher(Files.readString(DOCUMENTATION));
		assertThat(table.find()).isTrue();
		assertThat(table.group()).as(HOW_TO_GENERATE).isEqualTo(PropertyTable.generate());
	}

	@Test
	void theSchemaIsCurrent() throws IOException {
		assertThat(Files.readString(SCHEMA)).as(HOW_TO_GENERATE).isEqualTo(PropertySchema.generate());
	}

	@ParameterizedTest(name = "{0}")
	@MethodSource("properties")
	void descriptionsAreSentencesOfPlainText(PropertyReference property) {
		assertThat(property.description()).matches("[A-Z].*\\.").doesNotContain("{@", "<", "|");
	}

	@Test
	void linksOfTheTableLeadToHeadings() {
		Matcher link = Pattern.compile("]\\(([a-z-]+\\.md)?#([a-z-]+)\\)").matcher(PropertyTable.generate());
		assertThat(link.results()).isNotEmpty().allSatisfy((result) -> {
			String file = (result.group(1) != null) ? result.group(1) : "configuration.md";
			assertThat(Files.readString(Path.of("docs", file)).lines().filter((line) -> line.startsWith("#")))
				.as(result.group())
				.anyMatch((heading) -> heading.replaceFirst("#+ ", "")
					.replaceAll("[^\\w -]", "")
					.toLowerCase(Locale.ROOT)
					.replace(' ', '-')
					.equals(result.group(2)));
		});
	}

	@ParameterizedTest(name = "{0}")
	@MethodSource("properties")
	void defaultsAreInTheirRange(PropertyReference property) {
		if (property.range() != null) {
			assertThat(property.setting().required()).isFalse();
		}
		if (property.range() != null && property.defaultValue() != null) {
			assertThat(SettingsFixture.pool("")
				.property("weir.pools.openai.backends[0].name", "openai1")
				.property("weir.pools.openai.backends[0].url", "https://one.example")
				.property("weir." + property.path().replace("*", "openai").replace("[]", "[0]"),
						property.defaultValue())
				.load()).isNotNull();
		}
	}

	@ParameterizedTest
	@MethodSource("examples")
	void examplesAreValid(String example, @TempDir Path folder) throws Exception {
		String yaml = example.replace("/tls/", certificates(folder) + "/");
		// without a route Weir's default route applies, which this environment does not
		// have
		String file = yaml.contains("routes:") ? yaml : SettingsFixture.ROUTE + yaml;
		assertThat(SettingsFixture.file(file).variable("OPENAI1_KEY", "k").load().pools()).containsOnlyKeys("openai");
		assertThat(violations(yaml)).isEmpty();
	}

	/** Writes the files of the examples. */
	private static Path certificates(Path folder) throws Exception {
		X509Bundle server = TestAuthority.found("examples").issue(new CertificateBuilder().subject("CN=localhost"));
		Files.writeString(folder.resolve("tls.crt"), server.getCertificatePEM());
		Files.writeString(folder.resolve("tls.key"), server.getPrivateKeyPEM());
		Files.writeString(folder.resolve("clients-ca.crt"), server.getCertificatePEM());
		return folder;
	}

	@Test
	void fullExampleHasEveryProperty() throws IOException {
		String full = examples(DOCUMENTATION).toList().get(1);
		assertThat(PropertyReference.all()).allSatisfy((property) -> {
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
		return Stream.concat(examples(DOCUMENTATION), examples(Path.of("README.md")));
	}

	private static Stream<String> examples(Path document) throws IOException {
		return Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL)
			.matcher(Files.readString(document))
			.results()
			.map((block) -> block.group(1))
			.filter((yaml) -> yaml.contains("weir:"));
	}

	static Stream<PropertyReference> properties() {
		return PropertyReference.all().stream();
	}

	private static Iterable<ValidationMessage> violations(String yaml) throws IOException {
		return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
			.getSchema(Files.readString(SCHEMA))
			.validate(new ObjectMapper()
				.valueToTree(new Yaml().load(yaml.replaceAll("(api-version:) ([0-9-]+)", "$1 '$2'"))));
	}

}
