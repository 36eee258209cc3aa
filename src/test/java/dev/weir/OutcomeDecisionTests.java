package dev.weir;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A new kind of outcome or result does not compile until each decision about it is made:
 * all are switches without a default, or functions for each kind.
 */
class OutcomeDecisionTests {

	private static final Pattern FORGETTABLE = Pattern.compile("(==|!=) (OutcomeType|Outcome\\.Failure)\\.\\w+"
			+ "|instanceof (Outcome|RequestResult|AttemptResult)\\.\\w+|\\((RequestResult|AttemptResult)\\.\\w+\\) ");

	private static final Pattern SWITCH_WITH_DEFAULT = Pattern
		.compile("switch \\([\\w.()]*(type|kind|scope|proof)\\(\\)\\) \\{(?:(?!\\n\\t*switch)[^}])*\\tdefault ->");

	@Test
	void eachDecisionOnAnOutcomeNamesAllKinds() throws IOException {
		try (Stream<Path> sources = Files.walk(Path.of("src/main/java/dev/weir"))) {
			assertThat(sources.filter((file) -> file.toString().endsWith(".java"))
				.filter((file) -> !file.startsWith("src/main/java/dev/weir/simulator"))
				.flatMap(OutcomeDecisionTests::forgettable)).isEmpty();
		}
	}

	private static Stream<String> forgettable(Path file) {
		try {
			String source = Files.readString(file);
			List<Pattern> patterns = source.contains("Outcome") ? List.of(FORGETTABLE, SWITCH_WITH_DEFAULT)
					: List.of(FORGETTABLE);
			return patterns.stream()
				.flatMap((pattern) -> pattern.matcher(source).results())
				.map((found) -> file.getFileName() + ": " + found.group());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
