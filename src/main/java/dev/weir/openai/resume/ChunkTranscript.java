package dev.weir.openai.resume;

import java.util.HashMap;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The transcript of a chat or a completion, whose chunks all have the same shape
 * (OpenAI's API specification, schemas {@code CreateChatCompletionStreamResponse} and
 * {@code CreateCompletionResponse}).
 */
final class ChunkTranscript implements Transcript {

	private final Map<Integer, ChoiceTranscript> choices = new HashMap<>();

	private final StableValues ids = new StableValues();

	private final ResumeMemory memory;

	private boolean delivered;

	/** Whether the client has got something of the current stream. */
	private boolean current = true;

	private boolean usageDelivered;

	ChunkTranscript(ResumeMemory memory) {
		this.memory = memory;
	}

	@Override
	public void rewind() {
		this.current = !this.delivered;
		this.choices.values().forEach(ChoiceTranscript::rewind);
	}

	@Override
	public @Nullable ObjectNode add(ObjectNode chunk) {
		if (!(chunk.get("choices") instanceof ArrayNode all)) {
			return addIncomparable(chunk);
		}
		if (all.isEmpty()) {
			return addWithoutChoices(chunk);
		}
		for (JsonNode one : all) {
			if (!one.path("index").isInt()) {
				return addIncomparable(chunk);
			}
		}
		all.removeIf((one) -> !choice(one.path("index").intValue()).add((ObjectNode) one));
		return all.isEmpty() ? null : deliver(chunk);
	}

	@Override
	public boolean isRepeating() {
		return this.choices.values().stream().anyMatch(ChoiceTranscript::isRepeating);
	}

	@Override
	public boolean hasDelivered() {
		return this.current;
	}

	private ObjectNode addIncomparable(ObjectNode chunk) {
		this.memory.markIncomplete();
		if (!this.current) {
			throw DivergedException.notComparable();
		}
		return deliver(chunk);
	}

	/**
	 * The chunk with the usage is new even if everything else is repeated. Other chunks,
	 * such as Azure's {@code prompt_filter_results}, are not.
	 */
	private @Nullable ObjectNode addWithoutChoices(ObjectNode chunk) {
		boolean usage = chunk.path("usage").isObject();
		if (!this.current && (!usage || this.usageDelivered || isRepeating())) {
			return null;
		}
		this.usageDelivered |= usage;
		return deliver(chunk);
	}

	private ObjectNode deliver(ObjectNode chunk) {
		this.delivered = true;
		this.current = true;
		this.ids.apply(chunk, "id", "created", "model", "system_fingerprint");
		return chunk;
	}

	private ChoiceTranscript choice(int index) {
		return this.choices.computeIfAbsent(index, (it) -> {
			this.memory.reserveEntry("");
			return new ChoiceTranscript(this.memory);
		});
	}

}
