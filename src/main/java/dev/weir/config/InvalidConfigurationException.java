package dev.weir.config;

import java.util.List;
import java.util.stream.Collectors;

/**
 * The configuration has mistakes. The message names all of them, each with its cure, and
 * contains no secret.
 */
public final class InvalidConfigurationException extends RuntimeException {

	private final transient List<ConfigurationProblem> problems;

	/**
	 * Creates the exception.
	 * @param problems the mistakes, at least one
	 */
	public InvalidConfigurationException(List<ConfigurationProblem> problems) {
		super(title(problems.size())
				+ problems.stream().map(InvalidConfigurationException::paragraph).collect(Collectors.joining()));
		this.problems = List.copyOf(problems);
	}

	private static String title(int mistakes) {
		return "Weir's configuration has " + ((mistakes == 1) ? "one mistake" : mistakes + " mistakes") + ":\n";
	}

	private static String paragraph(ConfigurationProblem problem) {
		String cure = problem.cure()
			.lines()
			.map((line) -> ("    " + line).stripTrailing())
			.collect(Collectors.joining("\n"));
		return "\n" + problem + "\n" + cure + "\n";
	}

	/**
	 * Returns all mistakes, in the order in which they stand in the configuration files.
	 * @return the mistakes, at least one
	 */
	public List<ConfigurationProblem> problems() {
		return this.problems;
	}

}
