package dev.weir.simulator;

import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The numbers of tokens that a response reports.
 *
 * @param prompt tokens of the prompt
 * @param cached those tokens of the prompt that were in the prompt cache
 * @param output tokens of the response, one for each word
 */
record SimulatedUsage(long prompt, long cached, long output) {

	ObjectNode forCompletions() {
		ObjectNode usage = JsonNodeFactory.instance.objectNode()
			.put("prompt_tokens", this.prompt)
			.put("completion_tokens", this.output)
			.put("total_tokens", this.prompt + this.output);
		usage.putObject("prompt_tokens_details").put("cached_tokens", this.cached);
		return usage;
	}

	ObjectNode forEmbeddings() {
		return JsonNodeFactory.instance.objectNode().put("prompt_tokens", this.prompt).put("total_tokens", this.prompt);
	}

	ObjectNode forResponses() {
		ObjectNode usage = JsonNodeFactory.instance.objectNode();
		usage.put("input_tokens", this.prompt);
		usage.putObject("input_tokens_details").put("cached_tokens", this.cached).put("cache_write_tokens", 0);
		usage.put("output_tokens", this.output);
		usage.putObject("output_tokens_details").put("reasoning_tokens", 0);
		usage.put("total_tokens", this.prompt + this.output);
		return usage;
	}

}
