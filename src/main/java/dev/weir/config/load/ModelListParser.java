package dev.weir.config.load;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Parses the models and deployments in an environment variable:
 * {@code gpt-5.4-mini=chat, text-embedding-3-large}. A model without a deployment is
 * deployed under its own name.
 */
final class ModelListParser {

	// a model becomes part of a property's name, so it must not have brackets
	private static final Pattern PAIR = Pattern.compile("([^=\\[\\]]+)(?:=(.*\\S))?");

	private ModelListParser() {
	}

	/**
	 * Parses a list. Additional commas are ignored.
	 * @param list the value of the variable
	 * @return the deployments by model, or nothing if the list is invalid or empty
	 */
	static Optional<Map<String, String>> parse(String list) {
		Map<String, String> deployments = new LinkedHashMap<>();
		for (String part : list.split(",")) {
			Matcher pair = PAIR.matcher(part.strip());
			if (pair.matches()) {
				String model = pair.group(1).strip();
				deployments.put(model, (pair.group(2) != null) ? pair.group(2).strip() : model);
			}
			else if (!part.isBlank()) {
				return Optional.empty();
			}
		}
		return deployments.isEmpty() ? Optional.empty() : Optional.of(deployments);
	}

}
