package dev.weir.config.load;

import java.util.Map;
import java.util.regex.Pattern;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

/**
 * Checks the models of a backend and the names of their deployments.
 */
final class ModelCheck {

	private static final Pattern NAME = Pattern.compile("(?!\\s*$)\\P{Cntrl}{1,256}");

	private static final Pattern NUMBER = Pattern.compile("\\d+");

	private final ProblemCollector problems;

	ModelCheck(ProblemCollector problems) {
		this.problems = problems;
	}

	void check(ConfigurationPropertyName at, Map<String, String> models, boolean azure) {
		// a list arrives as a map with the keys 0, 1 and so on, and no model has such a
		// name
		if (models.keySet().stream().anyMatch((model) -> NUMBER.matcher(model).matches())) {
			this.problems.report(at, "must be a map of models to deployments, not a list",
					"Write one 'model: deployment' per line below it, without a dash, such as 'gpt-4o: gpt-4o' if both names are the same.");
			return;
		}
		models.forEach((model, deployment) -> check(at.append("[" + model + "]"), model, deployment, azure));
	}

	private void check(ConfigurationPropertyName at, String model, String deployment, boolean azure) {
		if (!NAME.matcher(model).matches()) {
			this.problems.report(at, "is not a valid model name", "Use 1 to 256 printable characters.");
		}
		else if (!NAME.matcher(deployment).matches()) {
			this.problems.report(at, "must be the name of a deployment, with 1 to 256 printable characters",
					"Write it after the colon. Repeat the model's name if both are the same.");
		}
		else if (azure && (deployment.contains("/") || deployment.contains("\\"))) {
			this.problems.report(at, "must be the name of a deployment, which has no slash",
					"Write the name that the Azure portal shows, not a path or a URL.");
		}
	}

}
