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
 * What the client has been told of one choice. Every string in a delta is a part of a
 * text (the content, a refusal, the arguments of a call), except those that are told
 * once. Choices arrive interleaved at will, but within one, nothing new may come before
 * all that was told has been repeated, or it would come in another order.
 */
final class ChoiceTranscript {

	private final Map<String, DeliveredText> texts = new HashMap<>();

	private final Set<String> toldOnce = new HashSet<>();

	/** What of the current delta may be told once only. */
	private final List<Once> onces = new ArrayList<>();

	private final ResumeMemory memory;

	private @Nullable String finishReason;

	private boolean live = true;

	ChoiceTranscript(ResumeMemory memory) {
		this.memory = memory;
	}

	void rewind() {
		this.live = false;
		this.onces.clear();
		this.texts.values().forEach(DeliveredText::rewind);
	}

	boolean isRepeating() {
		return !this.live && this.texts.values().stream().anyMatch(DeliveredText::isRepeating);
	}

	/**
	 * Reads the choice's part of a chunk.
	 * @param choice the choice; left with what is new
	 * @return whether something is
	 * @throws DivergedException if it is not the same answer
	 */
	boolean add(ObjectNode choice) {
		boolean news = addTexts(choice);
		news |= addOnces(choice);
		if (news && this.finishReason != null) {
			refuse(DivergedException.otherText());
		}
		if (!choice.path("logprobs").isEmpty() || choice.path("message").isObject()) {
			// these belong to texts, but cannot be cut as they are
			this.memory.giveUp();
		}
		news |= addFinish(choice);
		if (news && isRepeating()) {
			throw DivergedException.otherOrder();
		}
		this.live |= news;
		return this.live;
	}

	private boolean addTexts(ObjectNode choice) {
		boolean news = false;
		if (choice.get("delta") instanceof ObjectNode delta) {
			news = add(delta, Level.DELTA, "");
		}
		JsonNode text = choice.get("text");
		if (text != null && text.isString()) {
			String beyond = beyond("text", text.stringValue());
			choice.put("text", beyond);
			news |= !beyond.isEmpty();
		}
		return news;
	}

	private boolean add(ObjectNode fields, Level level, String path) {
		boolean news = false;
		for (String name : List.copyOf(fields.propertyNames())) {
			JsonNode value = fields.path(name);
			String key = path + name;
			if (level.once.contains(name)) {
				this.onces.add(new Once(fields, name, key));
			}
			else if (value.isString()) {
				news |= addText(fields, name, key, value.stringValue());
			}
			else if (level == Level.DELTA && name.equals("tool_calls") && value instanceof ArrayNode calls) {
				news |= addCalls(calls, key);
			}
			else if (level.objects.contains(name) && value instanceof ObjectNode object) {
				news |= add(object, Level.FUNCTION, key + '/');
			}
			else if (!value.isNull() && !(value.isContainer() && value.isEmpty())
					&& !(level == Level.CALL && name.equals("index"))) {
				this.memory.giveUp();
				news = true;
			}
		}
		return news;
	}

	private boolean addCalls(ArrayNode calls, String path) {
		boolean news = false;
		for (JsonNode call : calls) {
			if (call instanceof ObjectNode object && object.path("index").isInt()) {
				news |= add(object, Level.CALL, path + '/' + object.path("index").intValue() + '/');
			}
			else {
				this.memory.giveUp();
				news = true;
			}
		}
		return news;
	}

	private boolean addText(ObjectNode fields, String name, String key, String text) {
		String beyond = beyond(key, text);
		if (beyond.length() < text.length()) {
			if (beyond.isEmpty()) {
				fields.remove(name);
			}
			else {
				fields.put(name, beyond);
			}
		}
		return !beyond.isEmpty();
	}

	private String beyond(String key, String text) {
		return text.isEmpty() ? text : this.texts.computeIfAbsent(key, (it) -> {
			this.memory.takeEntry(it);
			return new DeliveredText();
		}).add(text, this.memory);
	}

	/**
	 * Decides about what is told once when all texts of the delta are known: the first
	 * call may begin in the chunk in which the repeated content ends.
	 */
	private boolean addOnces(ObjectNode choice) {
		boolean news = false;
		boolean repeating = isRepeating();
		for (Once once : this.onces) {
			if (once.fields.path(once.name).asString("").isEmpty()) {
				continue;
			}
			if (!repeating && this.toldOnce.add(once.key)) {
				this.memory.takeEntry(once.key);
				this.memory.onUndo(() -> this.toldOnce.remove(once.key));
				news = true;
			}
			else {
				once.fields.remove(once.name);
			}
		}
		this.onces.clear();
		if (choice.path("delta").path("tool_calls") instanceof ArrayNode calls) {
			calls.removeIf((call) -> call.size() < 2 && call.has("index"));
		}
		return news;
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
			this.memory.onUndo(() -> this.finishReason = null);
			return true;
		}
		if (!this.finishReason.equals(value.stringValue())) {
			refuse(DivergedException.otherText());
		}
		return false;
	}

	/** What was begun to be told goes on, however odd it is. */
	private void refuse(DivergedException reason) {
		if (!this.live) {
			throw reason;
		}
		this.memory.giveUp();
	}

	/** What properties mean, by where they are. */
	private enum Level {

		DELTA(Set.of("role"), Set.of("function_call")),

		CALL(Set.of("id", "type"), Set.of("function", "custom")),

		FUNCTION(Set.of(), Set.of());

		/** Properties that are told once, and may differ from stream to stream. */
		private final Set<String> once;

		/** Properties whose objects have texts. */
		private final Set<String> objects;

		Level(Set<String> once, Set<String> objects) {
			this.once = once;
			this.objects = objects;
		}

	}

	private record Once(ObjectNode fields, String name, String key) {
	}

}
