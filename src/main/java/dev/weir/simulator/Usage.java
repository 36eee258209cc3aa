package dev.weir.simulator;

import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The tokens that an answer is said to have taken.
 *
 * @param prompt tokens of the prompt
 * @param answer tokens of the answer, one a word
 */
record Usage(long prompt, long answer) {

	ObjectNode forCompletions() {
		return JsonNodeFactory.instance.objectNode()
			.put("prompt_tokens", this.prompt)
			.put("completion_tokens", this.answer)
			.put("total_tokens", this.prompt + this.answer);
	}

	ObjectNode forEmbeddings() {
		return JsonNodeFactory.instance.objectNode().put("prompt_tokens", this.prompt).put("total_tokens", this.prompt);
	}

	ObjectNode forResponses() {
		ObjectNode usage = JsonNodeFactory.instance.objectNode();
		usage.put("input_tokens", this.prompt);
		usage.putObject("input_tokens_details").put("cached_tokens", 0).put("cache_write_tokens", 0);
		usage.put("output_tokens", this.answer);
		usage.putObject("output_tokens_details").put("reasoning_tokens", 0);
		usage.put("total_tokens", this.prompt + this.answer);
		return usage;
	}

}
