package dev.weir.simulator;

import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Answers of {@code completions}.
 */
final class CompletionAnswers {

	private static final String OBJECT = "text_completion";

	private CompletionAnswers() {
	}

	static Answer answer(Call call) {
		String id = "cmpl-" + call.serial();
		return call.streams() ? stream(call, id) : Answer.json(completion(call, id));
	}

	private static ObjectNode completion(Call call, String id) {
		ObjectNode completion = JsonNodeFactory.instance.objectNode()
			.put("id", id)
			.put("object", OBJECT)
			.put("created", call.created())
			.put("model", call.model());
		ObjectNode choice = completion.putArray("choices").addObject().put("index", 0).put("text", call.text());
		choice.put("finish_reason", "stop").putNull("logprobs");
		completion.set("usage", call.usage().forCompletions());
		if (call.azure()) {
			choice.set("content_filter_results", ContentFilter.results());
			ContentFilter.addPromptResults(completion);
		}
		return completion;
	}

	private static Answer stream(Call call, String id) {
		CompletionStream stream = new CompletionStream(call, id, OBJECT);
		for (String word : call.words()) {
			stream.add((choice) -> choice.put("text", word).putNull("finish_reason"));
		}
		stream.add((choice) -> choice.put("text", "").put("finish_reason", "stop"));
		return stream.toAnswer();
	}

}
