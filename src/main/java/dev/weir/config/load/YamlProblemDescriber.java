package dev.weir.config.load;

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
 * Describes a mistake in a file that is not valid YAML. SnakeYAML's own message does not
 * name the file, and it quotes the line, which may contain a key.
 */
final class YamlProblemDescriber {

	private static final Pattern REPEATED_KEY = Pattern.compile("found duplicate key ([\\w.-]{1,40})");

	private YamlProblemDescriber() {
	}

	/**
	 * Describes a mistake.
	 * @param failure the exception of the parser
	 * @param files the files that may have caused it
	 * @return the mistake with its file, line and cure
	 */
	static ConfigurationProblem describe(YAMLException failure, List<Path> files) {
		Path file = files.stream().filter((candidate) -> fails(candidate, failure)).findFirst().orElse(null);
		String place = null;
		if (failure instanceof MarkedYAMLException marked && marked.getProblemMark() != null) {
			place = "line " + (marked.getProblemMark().getLine() + 1) + ", column "
					+ (marked.getProblemMark().getColumn() + 1);
		}
		Explanation explanation = explain(failure);
		return new ConfigurationProblem((file != null) ? file.toString() : "A configuration file", null, place,
				explanation.mistake(), explanation.cure());
	}

	/** Whether a file causes the same failure. */
	private static boolean fails(Path file, YAMLException failure) {
		if (!file.toString().matches(".*\\.ya?ml")) {
			return false;
		}
		LoaderOptions options = new LoaderOptions();
		options.setAllowDuplicateKeys(false);
		options.setMaxAliasesForCollections(Integer.MAX_VALUE);
		try (Reader reader = Files.newBufferedReader(file)) {
			for (Object document : new Yaml(new SafeConstructor(options)).loadAll(reader)) {
				// the documents are parsed one by one, and each may have the mistake
				assert document != file;
			}
			return false;
		}
		catch (YAMLException ex) {
			return String.valueOf(ex.getMessage()).equals(failure.getMessage());
		}
		catch (IOException ex) {
			return false;
		}
	}

	private static Explanation explain(YAMLException failure) {
		if (failure instanceof ReaderException) {
			return new Explanation("has a character that YAML does not allow",
					"Remove it. Control characters are not allowed.");
		}
		if (failure.getCause() instanceof CharacterCodingException) {
			return new Explanation("is not in UTF-8", "Save it in UTF-8.");
		}
		String problem = (failure instanceof MarkedYAMLException marked) ? text(marked.getProblem()) : "";
		String context = (failure instanceof MarkedYAMLException marked) ? text(marked.getContext()) : "";
		Matcher repeated = REPEATED_KEY.matcher(problem);
		if (repeated.find()) {
			return new Explanation("has the key " + repeated.group(1) + " twice in the same map",
					"Move the lines below the second one to the first one.");
		}
		if (problem.contains("TAB")) {
			return new Explanation("is indented with a tab", "Indent with spaces. YAML does not allow tabs.");
		}
		if (problem.contains("cannot start any token")) {
			return new Explanation("has a value that begins with a character that YAML reserves",
					"Put the value in quotes.");
		}
		if (problem.contains("alias") || context.contains("alias") || context.contains("anchor")) {
			return new Explanation("has a * or & without quotes", "Put it in quotes, such as \"*\": deployment.");
		}
		if (problem.contains("mapping values are not allowed")) {
			return new Explanation("has a colon where YAML does not allow one",
					"Check the indentation of this line and the line above. Put a value with a colon and a space in quotes.");
		}
		if (context.contains("quoted scalar")) {
			return new Explanation("has a quote that is not closed", "Close the quote.");
		}
		if (context.contains("flow")) {
			return new Explanation("has a { or [ that is not closed, or a value inside it that needs quotes",
					"Close it, and put values such as ${NAME} inside it in quotes.");
		}
		if (context.contains("block") || problem.contains("block") || context.contains("simple key")) {
			return new Explanation("does not fit the lines above it",
					"Indent all entries of a list or a map by the same number of spaces, write a colon and a space"
							+ " between name and value, and close all quotes.");
		}
		return new Explanation("is not valid YAML", "Check this line and the line above.");
	}

	private static String text(@Nullable String text) {
		return (text != null) ? text : "";
	}

	private record Explanation(String mistake, String cure) {
	}

}
