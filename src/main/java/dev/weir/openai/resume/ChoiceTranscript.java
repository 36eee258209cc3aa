package dev.weir.openai.resume;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The part of one choice that the client has got. A string in a delta is a part of a text
 * (content, refusal, arguments of a call), except for a few properties that are sent once
 * (role, id, type). Choices may be interleaved in any way. Within a choice, a new stream
 * must repeat everything delivered before anything new passes; otherwise the client would
 * get the parts in another order.
 */
final class ChoiceTranscript {

	private final Map<String, DeliveredText> texts = new HashMap<>();

	private final Set<String> deliveredOnce = new HashSet<>();

	/** The properties of the current delta that are sent once. */
	private final List<SingleProperty> singles = new ArrayList<>();

	private final ResumeMemory memory;

	private @Nullable String finishReason;

	/** Whether the client has got something of the current stream. */
	private boolean current = true;

	ChoiceTranscript(ResumeMemory memory) {
		this.memory = memory;
	}

	void rewind() {
		this.current = false;
		this.singles.clear();
		this.texts.values().forEach(DeliveredText::rewind);
	}

	boolean isRepeating() {
		return !this.current && this.texts.values().stream().anyMatch(DeliveredText::isRepeating);
	}

	/**
	 * Compares the choice's part of a chunk with the transcript.
	 * @param choice the choice; only its new part is left
	 * @return whether the choice passes
	 * @throws DivergedException if the stream differs from the transcript
	 */
	boolean add(ObjectNode choice) {
		boolean hasNew = addTexts(choice);
		hasNew |= addSingles(choice);
		if (hasNew && this.finishReason != null) {
			refuse(DivergedException.otherText());
		}
		if (!choice.path("logprobs").isEmpty() || choice.path("message").isObject()) {
			// they belong to the texts, but cannot be cut like them
			this.memory.markIncomplete();
		}
		hasNew |= addFinish(choice);
		if (hasNew && isRepeating()) {
			throw DivergedException.otherOrder();
		}
		this.current |= hasNew;
		return this.current;
	}

	private boolean addTexts(ObjectNode choice) {
		boolean hasNew = false;
		if (choice.get("delta") instanceof ObjectNode delta) {
			hasNew = add(delta, Level.DELTA, "");
		}
		JsonNode text = choice.get("text");
		if (text != null && text.isString()) {
			String added = newPart("text", text.stringValue());
			choice.put("text", added);
			hasNew |= !added.isEmpty();
		}
		return hasNew;
	}

	private boolean add(ObjectNode fields, Level level, String path) {
		boolean hasNew = false;
		for (String name : List.copyOf(fields.propertyNames())) {
			JsonNode value = fields.path(name);
			String key = path + name;
			if (level.once.contains(name)) {
				this.singles.add(new SingleProperty(fields, name, key));
			}
			else if (value.isString()) {
				hasNew |= addText(fields, name, key, value.stringValue());
			}
			else if (level == Level.DELTA && name.equals("tool_calls") && value instanceof ArrayNode calls) {
				hasNew |= addCalls(calls, key);
			}
			else if (level.objects.contains(name) && value instanceof ObjectNode object) {
				hasNew |= add(object, Level.FUNCTION, key + '/');
			}
			else if (!value.isNull() && !(value.isContainer() && value.isEmpty())
					&& !(level == Level.CALL && name.equals("index"))) {
				this.memory.markIncomplete();
				hasNew = true;
			}
		}
		return hasNew;
	}

	private boolean addCalls(ArrayNode calls, String path) {
		boolean hasNew = false;
		for (JsonNode call : calls) {
			if (call instanceof ObjectNode object && object.path("index").isInt()) {
				hasNew |= add(object, Level.CALL, path + '/' + object.path("index").intValue() + '/');
			}
			else {
				this.memory.markIncomplete();
				hasNew = true;
			}
		}
		return hasNew;
	}

	private boolean addText(ObjectNode fields, String name, String key, String text) {
		String added = newPart(key, text);
		if (added.length() < text.length()) {
			if (added.isEmpty()) {
				fields.remove(name);
			}
			else {
				fields.put(name, added);
			}
		}
		return !added.isEmpty();
	}

	private String newPart(String key, String text) {
		return text.isEmpty() ? text : this.texts.computeIfAbsent(key, (it) -> {
			this.memory.reserveEntry(it);
			return new DeliveredText();
		}).add(text, this.memory);
	}

	/**
	 * Handles the properties that are sent once, after all texts of the delta: the first
	 * call may begin in the chunk in which the repeated content ends.
	 */
	private boolean addSingles(ObjectNode choice) {
		boolean hasNew = false;
		boolean repeating = isRepeating();
		for (SingleProperty single : this.singles) {
			if (single.fields.path(single.name).asString("").isEmpty()) {
				continue;
			}
			if (!repeating && this.deliveredOnce.add(single.key)) {
				this.memory.reserveEntry(single.key);
				this.memory.onRollback(() -> this.deliveredOnce.remove(single.key));
				hasNew = true;
			}
			else {
				single.fields.remove(single.name);
			}
		}
		this.singles.clear();
		if (choice.path("delta").path("tool_calls") instanceof ArrayNode calls) {
			calls.removeIf((call) -> call.size() < 2 && call.has("index"));
		}
		return hasNew;
	}

	private boolean addFinish(ObjectNode choice) {
		JsonNode value = choice.path("finish_reason");
		if (!value.isString()) {
			return false;
		}
		if (isRepeating()) {
			throw DivergedException.endsEarly();
		}
		if (this.finishReason == null) {
			this.finishReason = value.stringValue();
			this.memory.onRollback(() -> this.finishReason = null);
			return true;
		}
		if (!this.finishReason.equals(value.stringValue())) {
			refuse(DivergedException.otherText());
		}
		return false;
	}

	/** Once the client has got something of this stream, the stream is never refused. */
	private void refuse(DivergedException reason) {
		if (!this.current) {
			throw reason;
		}
		this.memory.markIncomplete();
	}

	/** The meaning of properties, by the object they are in. */
	private enum Level {

		DELTA(Set.of("role"), Set.of("function_call")),

		CALL(Set.of("id", "type"), Set.of("function", "custom")),

		FUNCTION(Set.of(), Set.of());

		/** Properties that are sent once, and may differ between streams. */
		private final Set<String> once;

		/** Properties whose objects contain texts. */
		private final Set<String> objects;

		Level(Set<String> once, Set<String> objects) {
			this.once = once;
			this.objects = objects;
		}

	}

	private record SingleProperty(ObjectNode fields, String name, String key) {
	}

}
