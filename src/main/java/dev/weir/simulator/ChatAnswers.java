package dev.weir.simulator;

import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Answers of {@code chat/completions}.
 */
final class ChatAnswers {

	private ChatAnswers() {
	}

	static Answer answer(Call call) {
		String id = "chatcmpl-" + call.serial();
		return call.streams() ? stream(call, id) : Answer.json(completion(call, id));
	}

	private static ObjectNode completion(Call call, String id) {
		ObjectNode completion = JsonNodeFactory.instance.objectNode()
			.put("id", id)
			.put("object", "chat.completion")
			.put("created", call.created())
			.put("model", call.model());
		ObjectNode choice = completion.putArray("choices").addObject().put("index", 0).put("finish_reason", "stop");
		choice.putNull("logprobs");
		choice.putObject("message").put("role", "assistant").put("content", call.text()).putNull("refusal");
		completion.set("usage", call.usage().forCompletions());
		if (call.azure()) {
			choice.set("content_filter_results", ContentFilter.results());
			ContentFilter.addPromptResults(completion);
		}
		return completion;
	}

	private static Answer stream(Call call, String id) {
		CompletionStream stream = new CompletionStream(call, id, "chat.completion.chunk");
		stream.add((choice) -> choice.putNull("finish_reason")
			.putObject("delta")
			.put("role", "assistant")
			.put("content", "")
			.putNull("refusal"));
		for (String word : call.words()) {
			stream.add((choice) -> choice.putNull("finish_reason").putObject("delta").put("content", word));
		}
		stream.add((choice) -> choice.put("finish_reason", "stop").putObject("delta"));
		return stream.toAnswer();
	}

}
