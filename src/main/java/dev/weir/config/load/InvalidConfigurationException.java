package dev.weir.config.load;

import java.util.List;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

/**
 * Thrown if the configuration has mistakes. The message is one line with the names of the
 * properties, and {@link #report()} has the details. Neither contains a secret.
 */
public final class InvalidConfigurationException extends RuntimeException {

	private final transient List<ConfigurationProblem> problems;

	private final @Nullable String locations;

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
	 * @param locations a sentence about the files that were read and the locations that
	 * were searched, {@code null} if unknown
	 */
	InvalidConfigurationException(List<ConfigurationProblem> problems, @Nullable String locations) {
		super(title(problems.size())
				+ problems.stream().map(ConfigurationProblem::property).collect(Collectors.joining(", ")));
		this.problems = List.copyOf(problems);
		this.locations = locations;
	}

	/**
	 * Returns all mistakes, in the order of the configuration files.
	 * @return the mistakes, at least one
	 */
	public List<ConfigurationProblem> problems() {
		return this.problems;
	}

	/**
	 * Returns all mistakes as a text: a title with their number, and for each mistake one
	 * line and its cure.
	 * @return the text, of several lines
	 */
	public String report() {
		return title(this.problems.size()).stripTrailing() + "\n"
				+ this.problems.stream()
					.map((problem) -> "\n" + problem + "\n" + problem.cure().indent(4).replaceAll("(?m) +$", ""))
					.collect(Collectors.joining());
	}

	/**
	 * Returns the files that were read and the locations that were searched.
	 * @return a sentence, {@code null} if unknown
	 */
	@Nullable String locations() {
		return this.locations;
	}

	private static String title(int mistakes) {
		return "Weir's configuration has " + ((mistakes == 1) ? "one mistake: " : mistakes + " mistakes: ");
	}

}
