package dev.weir.simulator;

import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Simulates {@code chat/completions}.
 */
final class ChatApi {

	private ChatApi() {
	}

	static SimulatedResponse respond(SimulatedRequest request) {
		String id = "chatcmpl-" + request.serial();
		return request.streams() ? stream(request, id) : SimulatedResponse.json(completion(request, id));
	}

	private static ObjectNode completion(SimulatedRequest request, String id) {
		ObjectNode completion = JsonNodeFactory.instance.objectNode()
			.put("id", id)
			.put("object", "chat.completion")
			.put("created", request.created())
			.put("model", request.model());
		ObjectNode choice = completion.putArray("choices").addObject().put("index", 0).put("finish_reason", "stop");
		choice.putNull("logprobs");
		choice.putObject("message").put("role", "assistant").put("content", request.text()).putNull("refusal");
		completion.set("usage", request.usage().forCompletions());
		if (request.azure()) {
			choice.set("content_filter_results", ContentFilter.results());
			ContentFilter.addPromptResults(completion);
		}
		return completion;
	}

	private static SimulatedResponse stream(SimulatedRequest request, String id) {
		CompletionStream stream = new CompletionStream(request, id, "chat.completion.chunk");
		stream.add((choice) -> choice.putNull("finish_reason")
			.putObject("delta")
			.put("role", "assistant")
			.put("content", "")
			.putNull("refusal"));
		for (String word : request.words()) {
			stream.add((choice) -> choice.putNull("finish_reason").putObject("delta").put("content", word));
		}
		stream.add((choice) -> choice.put("finish_reason", "stop").putObject("delta"));
		return stream.toResponse();
	}

}
