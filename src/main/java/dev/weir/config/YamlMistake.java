package dev.weir.config;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.reader.ReaderException;

/**
 * Says of a file that is no YAML where it is wrong and what to do. SnakeYAML's own text
 * names no file and quotes the line, which may have a key in it.
 */
final class YamlMistake {

	private static final Pattern REPEATED_KEY = Pattern.compile("found duplicate key ([\\w.-]{1,40})");

	private YamlMistake() {
	}

	/**
	 * Describes a mistake.
	 * @param mistake what reading the files came to
	 * @param files the files that may have been read
	 * @return the problem
	 */
	static ConfigurationProblem describe(YAMLException mistake, List<Path> files) {
		Path file = files.stream().filter((candidate) -> fails(candidate, mistake)).findFirst().orElse(null);
		String place = null;
		if (mistake instanceof MarkedYAMLException marked && marked.getProblemMark() != null) {
			place = "line " + (marked.getProblemMark().getLine() + 1) + ", column "
					+ (marked.getProblemMark().getColumn() + 1);
		}
		String[] words = words(mistake);
		return new ConfigurationProblem((file != null) ? file.toString() : "A configuration file", null, place,
				words[0], words[1]);
	}

	private static boolean fails(Path file, YAMLException mistake) {
		if (!file.toString().matches(".*\\.ya?ml")) {
			return false;
		}
		LoaderOptions options = new LoaderOptions();
		options.setAllowDuplicateKeys(false);
		options.setMaxAliasesForCollections(Integer.MAX_VALUE);
		try (Reader reader = Files.newBufferedReader(file)) {
			for (Object document : new Yaml(new SafeConstructor(options)).loadAll(reader)) {
				// the next one may be wrong
				assert document != file;
			}
			return false;
		}
		catch (YAMLException ex) {
			return String.valueOf(ex.getMessage()).equals(mistake.getMessage());
		}
		catch (IOException ex) {
			return false;
		}
	}

	private static String[] words(YAMLException mistake) {
		if (mistake instanceof ReaderException) {
			return words("has a character that YAML does not allow", "Remove it; control characters are not allowed.");
		}
		if (mistake.getCause() instanceof CharacterCodingException) {
			return words("is not in UTF-8", "Save it in UTF-8.");
		}
		String problem = (mistake instanceof MarkedYAMLException marked) ? text(marked.getProblem()) : "";
		String context = (mistake instanceof MarkedYAMLException marked) ? text(marked.getContext()) : "";
		Matcher repeated = REPEATED_KEY.matcher(problem);
		if (repeated.find()) {
			return words("has the key " + repeated.group(1) + " twice in one place", "Keep one of them.");
		}
		if (problem.contains("TAB")) {
			return words("is indented with a tab", "Indent with spaces; YAML does not allow tabs.");
		}
		if (problem.contains("cannot start any token")) {
			return words("has a value that begins with a character YAML keeps for itself", "Put the value in quotes.");
		}
		if (problem.contains("alias") || context.contains("alias") || context.contains("anchor")) {
			return words("has a * or & that stands without quotes", "Put it in quotes, such as \"*\": deployment.");
		}
		if (problem.contains("mapping values are not allowed")) {
			return words("has a colon where none may stand",
					"Check the indentation of this line and the one above, and put a value that has a colon and a space in quotes.");
		}
		if (context.contains("quoted scalar")) {
			return words("has a quote that is not closed", "Close it.");
		}
		if (context.contains("flow")) {
			return words("has a { or [ that is not closed, or a value behind it that needs quotes",
					"Close it, and put values such as ${NAME} in quotes there.");
		}
		if (context.contains("block") || problem.contains("block") || context.contains("simple key")) {
			return words("does not fit what stands above it",
					"Indent all entries of a list or a map by the same number of spaces, write a colon and a space"
							+ " between name and value, and close what is quoted.");
		}
		return words("is not valid YAML", "Check this line and the one above.");
	}

	private static String text(@Nullable String text) {
		return (text != null) ? text : "";
	}

	private static String[] words(String mistake, String cure) {
		return new String[] { mistake, cure };
	}

}
