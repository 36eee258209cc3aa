package dev.weir.config;

import java.util.Map;
import java.util.regex.Pattern;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

/**
 * What the models of a backend and the names of their deployments must be.
 */
final class ModelRules {

	private static final Pattern NAME = Pattern.compile("(?!\\s*$)\\P{Cntrl}{1,256}");

	private static final Pattern NUMBER = Pattern.compile("\\d+");

	private final Problems problems;

	ModelRules(Problems problems) {
		this.problems = problems;
	}

	void check(ConfigurationPropertyName at, Map<String, String> models, boolean azure) {
		// the entries of a list arrive as [0], [1]…, and no model is called that
		if (models.keySet().stream().anyMatch((model) -> NUMBER.matcher(model).matches())) {
			this.problems.report(at, "must be a map of models to deployments, not a list",
					"Write one 'model: deployment' a line below it, without a dash: 'gpt-4o: gpt-4o' if the names are the same.");
			return;
		}
		models.forEach((model, deployment) -> check(at.append("[" + model + "]"), model, deployment, azure));
	}

	private void check(ConfigurationPropertyName at, String model, String deployment, boolean azure) {
		if (!NAME.matcher(model).matches()) {
			this.problems.report(at, "is no name for a model", "Take 1 to 256 characters that can be printed.");
		}
		else if (!NAME.matcher(deployment).matches()) {
			this.problems.report(at, "must be the name of a deployment, 1 to 256 characters that can be printed",
					"Write it after the colon; the model's own name if it is the same.");
		}
		else if (azure && (deployment.contains("/") || deployment.contains("\\"))) {
			this.problems.report(at, "must be the name of a deployment, which has no slash",
					"Write the name alone, as the Azure portal shows it, not a path or a URL.");
		}
	}

}
