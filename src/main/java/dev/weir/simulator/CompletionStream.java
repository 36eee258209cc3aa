package dev.weir.simulator;

import java.util.function.Consumer;

import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The events of a streamed chat or text completion.
 */
final class CompletionStream {

	private final EventStream events = new EventStream();

	private final SimulatedRequest request;

	private final String id;

	private final String object;

	CompletionStream(SimulatedRequest request, String id, String object) {
		this.request = request;
		this.id = id;
		this.object = object;
		if (request.azure()) {
			addPromptResults();
		}
	}

	/**
	 * Adds a chunk.
	 * @param choice fills in the only choice of the chunk
	 */
	void add(Consumer<ObjectNode> choice) {
		ObjectNode chunk = chunk();
		choice.accept(chunk.putArray("choices").addObject().put("index", 0).putNull("logprobs"));
		if (this.request.wantsUsage()) {
			chunk.putNull("usage");
		}
		this.events.add(chunk);
	}

	/**
	 * Adds the last events.
	 * @return the whole stream
	 */
	SimulatedResponse toResponse() {
		if (this.request.wantsUsage()) {
			ObjectNode chunk = chunk();
			chunk.putArray("choices");
			chunk.set("usage", this.request.usage().forCompletions());
			this.events.add(chunk);
		}
		this.events.addDone();
		return this.events.toResponse();
	}

	private ObjectNode chunk() {
		return JsonNodeFactory.instance.objectNode()
			.put("id", this.id)
			.put("object", this.object)
			.put("created", this.request.created())
			.put("model", this.request.model());
	}

	private void addPromptResults() {
		ObjectNode chunk = JsonNodeFactory.instance.objectNode();
		chunk.putArray("choices");
		chunk.put("created", 0).put("id", "").put("model", "").put("object", "");
		ContentFilter.addPromptResults(chunk);
		this.events.add(chunk);
	}

}
