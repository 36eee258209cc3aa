package dev.weir.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Each row of {@code docs/faults.md} names its tests: those whose names begin with its
 * number. To generate the names again: {@code ./mvnw test -Dtest=FaultTableTests
 * -Dgenerate=true}.
 */
class FaultTableTests {

	private static final Path DOCUMENT = Path.of("docs/faults.md");

	private static final Pattern ROW = Pattern.compile("(?m)^\\| ([BCSW]\\d+) (\\|.*\\|.*)\\| (.+) \\|$");

	private static final Pattern TEST = Pattern.compile("\tvoid ([bcsw])0?(\\d+)([A-Z]\\w*)\\(");

	private static final Pattern CLASS = Pattern.compile("`(\\w+)`");

	private static final String PLANNED = "planned";

	private static final String HEADING = "## Tests\n\n";

	private static final String HOW_TO_GENERATE = "Generate it: ./mvnw test -Dtest=FaultTableTests -Dgenerate=true";

	@BeforeAll
	static void generate() throws IOException {
		if (Boolean.getBoolean("generate")) {
			Files.writeString(DOCUMENT, current());
		}
	}

	@Test
	void theTableNamesAllTests() throws IOException {
		assertThat(Files.readAllLines(DOCUMENT)).as(HOW_TO_GENERATE)
			.containsExactlyInAnyOrderElementsOf(current().lines().toList());
	}

	@Test
	void everyTestOfAFaultHasARow() throws IOException {
		assertThat(ROW.matcher(Files.readString(DOCUMENT)).results().map((row) -> row.group(1)))
			.containsAll(tests().keySet());
	}

	@Test
	void testClassesThatTheTableNamesExist() throws IOException {
		assertThat(ROW.matcher(Files.readString(DOCUMENT))
			.results()
			.flatMap((row) -> CLASS.matcher(row.group(3)).results())
			.map((name) -> name.group(1) + ".java"))
			.isSubsetOf(sources().map((it) -> it.getFileName().toString()).toList());
	}

	/** The document with the tests that there are now. */
	private static String current() throws IOException {
		Map<String, SortedSet<String>> tests = tests();
		String text = Files.readString(DOCUMENT);
		String tables = text.substring(0, text.indexOf(HEADING) + HEADING.length());
		String list = ROW.matcher(tables)
			.results()
			.filter((row) -> tests.containsKey(row.group(1)))
			.map((row) -> "### " + row.group(1) + "\n\n"
					+ tests.get(row.group(1))
						.stream()
						.map((test) -> "- `" + test + "`\n")
						.collect(Collectors.joining()))
			.collect(Collectors.joining("\n"));
		return ROW.matcher(tables)
			.replaceAll((row) -> Matcher
				.quoteReplacement("| " + row.group(1) + " " + row.group(2) + "| " + evidence(row, tests) + " |"))
				+ list;
	}

	/** The last cell of a row: the number of its tests, else its text. */
	private static String evidence(MatchResult row, Map<String, SortedSet<String>> tests) {
		SortedSet<String> found = tests.get(row.group(1));
		if (found != null) {
			return "[" + found.size() + "](#" + row.group(1).toLowerCase() + ")";
		}
		return CLASS.matcher(row.group(3)).find() ? row.group(3) : PLANNED;
	}

	/** The tests by the numbers of their rows, such as B7. */
	private static Map<String, SortedSet<String>> tests() throws IOException {
		Map<String, SortedSet<String>> tests = new TreeMap<>();
		for (Path source : sources().toList()) {
			String name = source.getFileName().toString().replace(".java", "");
			TEST.matcher(Files.readString(source))
				.results()
				.forEach((test) -> tests
					.computeIfAbsent(test.group(1).toUpperCase() + test.group(2), (row) -> new TreeSet<>())
					.add(name + "." + test.group().substring("\tvoid ".length(), test.group().length() - 1)));
		}
		return tests;
	}

	private static Stream<Path> sources() throws IOException {
		try (Stream<Path> files = Files.walk(Path.of("src/test/java"))) {
			return files.filter((path) -> path.toString().endsWith("Tests.java")).toList().stream();
		}
	}

}
