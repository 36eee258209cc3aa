package dev.weir.config.load;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.yaml.snakeyaml.error.YAMLException;

import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.io.FileSystemResource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

class YamlProblemDescriberTests {

	@TempDir
	private Path folder;

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			weir:\\n\\tpools: {}                   | line 2, column 1 | is indented with a tab
			weir:\\n  key: @canary                 | line 2, column 8 | begins with a character that YAML reserves
			weir:\\n  key: `canary                 | line 2, column 8 | begins with a character that YAML reserves
			weir:\\n  *: canary                    | line 2 | a * or & without quotes
			weir:\\n  key: *canary                 | line 2 | a * or & without quotes
			weir:\\n  a: 1\\n  a: canary           | line 3, column 3 | has the key a twice in the same map
			weir:\\n  key: canary: x               | line 2 | has a colon where YAML does not allow one
			weir:\\n  a: 1\\n b: canary            | line 3 | does not fit the lines above it
			weir:\\n  key: "canary                 | line | has a quote that is not closed
			weir: {key: canary                     | line | has a { or [ that is not closed
			weir: {key: ${CANARY}, other: canary}  | line 1 | a value inside it that needs quotes
			""")
	void describesFileLineAndCureWithoutTheValue(String yaml, String place, String mistake) throws IOException {
		Path other = Files.writeString(this.folder.resolve("other.yml"), "a: 1");
		Path file = Files.writeString(this.folder.resolve("weir.yml"), yaml.replace("\\n", "\n").replace("\\t", "\t"));
		YAMLException failure = catchThrowableOfType(YAMLException.class,
				() -> new YamlPropertySourceLoader().load("x", new FileSystemResource(file)));
		ConfigurationProblem problem = YamlProblemDescriber.describe(failure, List.of(other, file));
		assertThat(problem.toString()).startsWith(file + " (" + place).contains(mistake).doesNotContain("canary");
		assertThat(problem.cure()).isNotBlank().doesNotContain("canary");
	}

	@Test
	void describesAFileThatIsNotInUtf8() throws IOException {
		Path file = Files.write(this.folder.resolve("weir.yml"),
				"weir: can\u00e4ry".getBytes(StandardCharsets.ISO_8859_1));
		YAMLException failure = catchThrowableOfType(YAMLException.class,
				() -> new YamlPropertySourceLoader().load("x", new FileSystemResource(file)));
		assertThat(YamlProblemDescriber.describe(failure, List.of(file))).hasToString(file + ": is not in UTF-8");
	}

	@Test
	void doesNotBlameAValidFile() throws IOException {
		Path other = Files.writeString(this.folder.resolve("other.yml"), "a: 1");
		YAMLException failure = new YAMLException("canary");
		assertThat(YamlProblemDescriber.describe(failure, List.of(other)))
			.hasToString("A configuration file: is not valid YAML");
	}

}
