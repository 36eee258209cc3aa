package dev.weir.simulator;

import java.util.List;

import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The results of Azure's content filter; nothing is ever filtered.
 */
final class ContentFilter {

	private static final List<String> CATEGORIES = List.of("hate", "self_harm", "sexual", "violence");

	private ContentFilter() {
	}

	static void addPromptResults(ObjectNode response) {
		response.putArray("prompt_filter_results")
			.addObject()
			.put("prompt_index", 0)
			.set("content_filter_results", results());
	}

	static ObjectNode results() {
		ObjectNode results = JsonNodeFactory.instance.objectNode();
		for (String category : CATEGORIES) {
			results.putObject(category).put("filtered", false).put("severity", "safe");
		}
		return results;
	}

}
