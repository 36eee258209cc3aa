package dev.weir.simulator;

import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Simulates {@code completions}.
 */
final class CompletionsApi {

	private static final String OBJECT = "text_completion";

	private CompletionsApi() {
	}

	static SimulatedResponse respond(SimulatedRequest request) {
		String id = "cmpl-" + request.serial();
		return request.streams() ? stream(request, id) : SimulatedResponse.json(completion(request, id));
	}

	private static ObjectNode completion(SimulatedRequest request, String id) {
		ObjectNode completion = JsonNodeFactory.instance.objectNode()
			.put("id", id)
			.put("object", OBJECT)
			.put("created", request.created())
			.put("model", request.model());
		ObjectNode choice = completion.putArray("choices").addObject().put("index", 0).put("text", request.text());
		choice.put("finish_reason", "stop").putNull("logprobs");
		completion.set("usage", request.usage().forCompletions());
		if (request.azure()) {
			choice.set("content_filter_results", ContentFilter.results());
			ContentFilter.addPromptResults(completion);
		}
		return completion;
	}

	private static SimulatedResponse stream(SimulatedRequest request, String id) {
		CompletionStream stream = new CompletionStream(request, id, OBJECT);
		for (String word : request.words()) {
			stream.add((choice) -> choice.put("text", word).putNull("finish_reason"));
		}
		stream.add((choice) -> choice.put("text", "").put("finish_reason", "stop"));
		return stream.toResponse();
	}

}
