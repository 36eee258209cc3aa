package dev.weir.simulator;

import java.util.List;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Simulates {@code moderations}: nothing is ever flagged.
 */
final class ModerationsApi {

	private static final List<String> CATEGORIES = List.of("harassment", "harassment/threatening", "hate",
			"hate/threatening", "illicit", "illicit/violent", "self-harm", "self-harm/instructions", "self-harm/intent",
			"sexual", "sexual/minors", "violence", "violence/graphic");

	private static final int MAX_INPUTS = 2048;

	private ModerationsApi() {
	}

	static SimulatedResponse respond(SimulatedRequest request) {
		ObjectNode moderation = JsonNodeFactory.instance.objectNode()
			.put("id", "modr-" + request.serial())
			.put("model", request.model());
		ArrayNode results = moderation.putArray("results");
		JsonNode input = request.body().path("input");
		int inputs = input.path(0).isString() ? input.size() : 1;
		if (inputs > MAX_INPUTS) {
			throw SimulatedErrorException.invalid("'input' must have at most %d items.".formatted(MAX_INPUTS), "input");
		}
		for (int i = 0; i < inputs; i++) {
			addResult(results.addObject());
		}
		return SimulatedResponse.json(moderation);
	}

	private static void addResult(ObjectNode result) {
		result.put("flagged", false);
		ObjectNode categories = result.putObject("categories");
		ObjectNode scores = result.putObject("category_scores");
		ObjectNode inputTypes = result.putObject("category_applied_input_types");
		for (String category : CATEGORIES) {
			categories.put(category, false);
			scores.put(category, 0.0);
			inputTypes.putArray(category).add("text");
		}
	}

}
