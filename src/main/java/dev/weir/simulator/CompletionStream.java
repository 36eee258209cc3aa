package dev.weir.simulator;

import java.util.function.Consumer;

import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What the streams of chat and text completions have in common.
 */
final class CompletionStream {

	private final EventStream events = new EventStream();

	private final Call call;

	private final String id;

	private final String object;

	CompletionStream(Call call, String id, String object) {
		this.call = call;
		this.id = id;
		this.object = object;
		if (call.azure()) {
			addPromptResults();
		}
	}

	/**
	 * Adds a chunk.
	 * @param choice writes the only choice of the chunk
	 */
	void add(Consumer<ObjectNode> choice) {
		ObjectNode chunk = chunk();
		choice.accept(chunk.putArray("choices").addObject().put("index", 0).putNull("logprobs"));
		if (this.call.wantsUsage()) {
			chunk.putNull("usage");
		}
		this.events.add(chunk);
	}

	/**
	 * Ends the stream.
	 * @return all of it
	 */
	Answer toAnswer() {
		if (this.call.wantsUsage()) {
			ObjectNode chunk = chunk();
			chunk.putArray("choices");
			chunk.set("usage", this.call.usage().forCompletions());
			this.events.add(chunk);
		}
		this.events.addDone();
		return this.events.toAnswer();
	}

	private ObjectNode chunk() {
		return JsonNodeFactory.instance.objectNode()
			.put("id", this.id)
			.put("object", this.object)
			.put("created", this.call.created())
			.put("model", this.call.model());
	}

	private void addPromptResults() {
		ObjectNode chunk = JsonNodeFactory.instance.objectNode();
		chunk.putArray("choices");
		chunk.put("created", 0).put("id", "").put("model", "").put("object", "");
		ContentFilter.addPromptResults(chunk);
		this.events.add(chunk);
	}

}
