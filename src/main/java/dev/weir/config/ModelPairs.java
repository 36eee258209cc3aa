package dev.weir.config;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Models and their deployments on one line, as an environment variable has them:
 * {@code gpt-5.4-mini=chat, text-embedding-3-large}. A model alone is deployed under its
 * own name.
 */
final class ModelPairs {

	// no brackets in a model: it becomes part of a property's name
	private static final Pattern PAIR = Pattern.compile("([^=\\[\\]]+)(?:=(.*\\S))?");

	private ModelPairs() {
	}

	/**
	 * Reads a line; a comma too many does no harm.
	 * @param line the text
	 * @return the deployments by model, or nothing if it is no such list
	 */
	static Optional<Map<String, String>> read(String line) {
		Map<String, String> deployments = new LinkedHashMap<>();
		for (String part : line.split(",")) {
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
