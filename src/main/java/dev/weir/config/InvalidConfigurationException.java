package dev.weir.config;

import java.util.List;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

/**
 * The configuration has mistakes. The message is one line with the names of the
 * properties; {@link #report()} says all. Neither contains a secret.
 */
public final class InvalidConfigurationException extends RuntimeException {

	private final transient List<ConfigurationProblem> problems;

	private final @Nullable String places;

	/**
	 * Creates the exception.
	 * @param problems the mistakes, at least one
	 */
	public InvalidConfigurationException(List<ConfigurationProblem> problems) {
		this(problems, null);
	}

	/**
	 * Creates the exception.
	 * @param problems the mistakes, at least one
	 * @param places which files were read and which places were searched, a sentence, or
	 * {@code null} if that is not known
	 */
	InvalidConfigurationException(List<ConfigurationProblem> problems, @Nullable String places) {
		super(title(problems.size())
				+ problems.stream().map(ConfigurationProblem::property).collect(Collectors.joining(", ")));
		this.problems = List.copyOf(problems);
		this.places = places;
	}

	/**
	 * Returns all mistakes, in the order in which they stand in the configuration files.
	 * @return the mistakes, at least one
	 */
	public List<ConfigurationProblem> problems() {
		return this.problems;
	}

	/**
	 * Returns all mistakes as a text to read: a title with their number, and for each a
	 * line followed by its cure.
	 * @return the text, of several lines
	 */
	public String report() {
		return title(this.problems.size()).stripTrailing() + "\n"
				+ this.problems.stream()
					.map((problem) -> "\n" + problem + "\n" + problem.cure().indent(4).replaceAll("(?m) +$", ""))
					.collect(Collectors.joining());
	}

	/**
	 * Returns which files were read and which places were searched.
	 * @return a sentence, or {@code null} if that is not known
	 */
	@Nullable String places() {
		return this.places;
	}

	private static String title(int mistakes) {
		return "Weir's configuration has " + ((mistakes == 1) ? "one mistake: " : mistakes + " mistakes: ");
	}

}
