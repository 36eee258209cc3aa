package dev.weir.openai.resume;

import java.util.HashMap;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The transcript of a chat or of a completion, whose chunks all have the same shape
 * (OpenAI's API specification, schemas {@code CreateChatCompletionStreamResponse} and
 * {@code CreateCompletionResponse}).
 */
final class ChunkTranscript implements Transcript {

	private final Map<Integer, ChoiceTranscript> choices = new HashMap<>();

	private final StableValues envelope = new StableValues();

	private final ResumeMemory memory;

	private boolean told;

	private boolean live = true;

	private boolean usageTold;

	ChunkTranscript(ResumeMemory memory) {
		this.memory = memory;
	}

	@Override
	public void rewind() {
		this.live = !this.told;
		this.choices.values().forEach(ChoiceTranscript::rewind);
	}

	@Override
	public @Nullable ObjectNode add(ObjectNode chunk) {
		if (!(chunk.get("choices") instanceof ArrayNode all)) {
			return addUnknown(chunk);
		}
		if (all.isEmpty()) {
			return addWithoutChoices(chunk);
		}
		for (JsonNode one : all) {
			if (!one.path("index").isInt()) {
				return addUnknown(chunk);
			}
		}
		all.removeIf((one) -> !choice(one.path("index").intValue()).add((ObjectNode) one));
		return all.isEmpty() ? null : tell(chunk);
	}

	@Override
	public boolean isRepeating() {
		return this.choices.values().stream().anyMatch(ChoiceTranscript::isRepeating);
	}

	@Override
	public boolean live() {
		return this.live;
	}

	private ObjectNode addUnknown(ObjectNode chunk) {
		this.memory.giveUp();
		if (!this.live) {
			throw DivergedException.notUnderstood();
		}
		return tell(chunk);
	}

	/**
	 * The chunk with the usage counts as new even when all else was told. Others, such as
	 * Azure's {@code prompt_filter_results}, say nothing new in a repetition.
	 */
	private @Nullable ObjectNode addWithoutChoices(ObjectNode chunk) {
		boolean usage = chunk.path("usage").isObject();
		if (!this.live && (!usage || this.usageTold || isRepeating())) {
			return null;
		}
		this.usageTold |= usage;
		return tell(chunk);
	}

	private ObjectNode tell(ObjectNode chunk) {
		this.told = true;
		this.live = true;
		this.envelope.apply(chunk, "id", "created", "model", "system_fingerprint");
		return chunk;
	}

	private ChoiceTranscript choice(int index) {
		return this.choices.computeIfAbsent(index, (it) -> {
			this.memory.takeEntry("");
			return new ChoiceTranscript(this.memory);
		});
	}

}
