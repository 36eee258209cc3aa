package dev.weir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The documents for contributors name only what exists.
 */
class ArchitectureDocumentTests {

	private static final Path ARCHITECTURE = Path.of("docs/architecture.md");

	/** A class, or a class and one of its members, in backticks. */
	private static final Pattern QUOTED = Pattern.compile("`(?!Dockerfile)([A-Z]\\w*[a-z]\\w*)(?:\\.(\\w+))?`");

	/** A name of several words in a diagram. */
	private static final Pattern IN_DIAGRAM = Pattern.compile("\\b((?:[A-Z][a-z]+){2,})(?:\\.(\\w+))?");

	private static final Pattern DIAGRAM = Pattern.compile("```mermaid\n(.*?)```", Pattern.DOTALL);

	private static final Pattern LINK = Pattern.compile("]\\(([^)#:]*)(?:#([^)]*))?\\)");

	private static final Pattern ROOM = Pattern.compile("(?m)^\\| `([a-z.]+)` \\|[^|]*\\|([^|]*)\\|$");

	@ParameterizedTest
	@ValueSource(strings = { "docs/architecture.md", "docs/glossary.md", "CONTRIBUTING.md" })
	void classesThatADocumentNamesExist(String file) throws IOException {
		String text = Files.readString(Path.of(file));
		Map<String, Path> sources = sources();
		Set<String> wrong = new TreeSet<>();
		Stream.concat(QUOTED.matcher(text).results(),
				DIAGRAM.matcher(text).results().flatMap((diagram) -> IN_DIAGRAM.matcher(diagram.group(1)).results()))
			.forEach((name) -> {
				if (!exists(sources.get(name.group(1)), name.group(2))) {
					wrong.add(name.group());
				}
			});
		assertThat(wrong).isEmpty();
	}

	@Test
	void packagesMayUseThePackagesInTheDocument() throws IOException {
		Map<String, Set<String>> documented = new LinkedHashMap<>();
		ROOM.matcher(Files.readString(ARCHITECTURE))
			.results()
			.forEach((row) -> documented.put(row.group(1),
					Arrays.stream(row.group(2).split(","))
						.map((name) -> name.strip().replace("`", ""))
						.filter((name) -> !name.isEmpty())
						.collect(Collectors.toSet())));
		assertThat(documented.keySet()).containsExactlyInAnyOrderElementsOf(ArchitectureTests.MAY_USE.keySet());
		ArchitectureTests.MAY_USE.forEach((room, used) -> assertThat(documented.get(room)).as(room).isEqualTo(used));
	}

	@Test
	void linksBetweenDocumentsLeadToFilesAndHeadings() throws IOException {
		Set<String> broken = new TreeSet<>();
		for (Path document : documents()) {
			for (MatchResult link : LINK.matcher(Files.readString(document)).results().toList()) {
				Path target = link.group(1).isEmpty() ? document : document.resolveSibling(link.group(1));
				if (!Files.exists(target) || (link.group(2) != null && !headings(target).contains(link.group(2)))) {
					broken.add(document + ": " + link.group());
				}
			}
		}
		assertThat(broken).isEmpty();
	}

	/** The headings of a document as they are written in links. */
	private static List<String> headings(Path document) throws IOException {
		return Files.readAllLines(document)
			.stream()
			.filter((line) -> line.startsWith("#"))
			.map((line) -> line.replaceFirst("#+ ", "")
				.replaceAll("[^\\w -]", "")
				.toLowerCase(Locale.ROOT)
				.replace(' ', '-'))
			.toList();
	}

	private static List<Path> documents() throws IOException {
		try (Stream<Path> found = Files.walk(Path.of("docs"))) {
			return Stream
				.concat(found.filter((path) -> path.toString().endsWith(".md")),
						Stream.of(Path.of("README.md"), Path.of("CONTRIBUTING.md"), Path.of("CHANGELOG.md")))
				.toList();
		}
	}

	/** All source files, by class name. */
	private static Map<String, Path> sources() throws IOException {
		Map<String, Path> sources = new TreeMap<>();
		try (Stream<Path> files = Files.walk(Path.of("src"))) {
			files.filter((path) -> path.toString().endsWith(".java"))
				.forEach((path) -> sources.put(path.getFileName().toString().replace(".java", ""), path));
		}
		return sources;
	}

	private static boolean exists(Path source, String member) {
		if (source == null || member == null) {
			return source != null;
		}
		try {
			return Pattern.compile("\\b" + member + "\\b").matcher(Files.readString(source)).find();
		}
		catch (IOException ex) {
			return false;
		}
	}

}
