package dev.weir.openai.resume;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The transcript of a response (OpenAI's API specification, schema
 * {@code ResponseStreamEvent}). Its events come in one order, so that nothing new may
 * come before all that was told has been repeated. Of answers with hosted tools the
 * memory is given up: another backend would run the tools again.
 */
final class ResponsesTranscript implements Transcript {

	private static final Set<String> LIFE_CYCLE = Set.of("response.created", "response.queued", "response.in_progress");

	private static final Set<String> LAST = Set.of("response.completed", "response.incomplete");

	private static final Pattern PART = Pattern.compile("response\\.(?:output_item|content_part|output_text|refusal"
			+ "|function_call_arguments|custom_tool_call_input|reasoning_summary_part|reasoning_summary_text"
			+ "|reasoning_text)\\.(added|delta|done)");

	private static final Set<String> ITEMS = Set.of("message", "reasoning", "function_call", "custom_tool_call");

	private final Map<String, DeliveredText> texts = new HashMap<>();

	/** What the events that are no deltas said, by their place. */
	private final Map<String, Integer> steps = new HashMap<>();

	/** The steps that the current stream has not repeated. */
	private final Set<String> missing = new HashSet<>();

	private final Set<String> lifeCycle = new HashSet<>();

	private final ResponseIds ids = new ResponseIds();

	private final ResumeMemory memory;

	private boolean told;

	private boolean live = true;

	ResponsesTranscript(ResumeMemory memory) {
		this.memory = memory;
	}

	@Override
	public void rewind() {
		this.live = !this.told;
		this.ids.rewind();
		this.texts.values().forEach(DeliveredText::rewind);
		this.missing.addAll(this.steps.keySet());
	}

	@Override
	public @Nullable ObjectNode add(ObjectNode event) {
		String type = event.path("type").asString("");
		if (LIFE_CYCLE.contains(type)) {
			return addLifeCycle(event, type);
		}
		if (LAST.contains(type)) {
			if (isRepeating()) {
				throw DivergedException.endsEarly();
			}
			this.memory.giveUp();
			return tell(event);
		}
		Matcher part = PART.matcher(type);
		if (!part.matches() || !isKnown(event, "delta".equals(part.group(1)))) {
			this.memory.giveUp();
			return tell(event);
		}
		return "delta".equals(part.group(1)) ? addDelta(event, key(event, type)) : addStep(event, key(event, type));
	}

	@Override
	public boolean isRepeating() {
		return !this.live
				&& (!this.missing.isEmpty() || this.texts.values().stream().anyMatch(DeliveredText::isRepeating));
	}

	@Override
	public boolean live() {
		return this.live;
	}

	/** Backends differ in which of these they send, and they carry nothing. */
	private @Nullable ObjectNode addLifeCycle(ObjectNode event, String type) {
		if (!this.live && (this.lifeCycle.contains(type) || isRepeating())) {
			return null;
		}
		this.lifeCycle.add(type);
		return tell(event);
	}

	private @Nullable ObjectNode addDelta(ObjectNode event, String key) {
		DeliveredText text = this.texts.computeIfAbsent(key, (it) -> {
			this.memory.takeEntry(it);
			return new DeliveredText();
		});
		String beyond = text.add(event.path("delta").stringValue(), this.memory);
		if (beyond.isEmpty() && !this.live) {
			return null;
		}
		event.put("delta", beyond);
		return tell(event);
	}

	private @Nullable ObjectNode addStep(ObjectNode event, String key) {
		int said = EventFingerprint.hash(event);
		Integer before = this.steps.putIfAbsent(key, said);
		if (before == null) {
			this.memory.takeEntry(key);
			this.memory.onUndo(() -> this.steps.remove(key));
		}
		else if (!this.live) {
			if (before != said) {
				throw DivergedException.otherText();
			}
			this.missing.remove(key);
			return null;
		}
		return tell(event);
	}

	private ObjectNode tell(ObjectNode event) {
		if (isRepeating()) {
			throw DivergedException.otherOrder();
		}
		this.told = true;
		this.live = true;
		this.ids.apply(event);
		return event;
	}

	/** Whether the event can be compared and, if it has to be, cut. */
	private static boolean isKnown(ObjectNode event, boolean delta) {
		JsonNode item = event.path("item");
		return (!delta || event.path("delta").isString()) && event.path("output_index").isInt()
				&& (item.isMissingNode() || ITEMS.contains(item.path("type").asString("")))
				&& event.path("logprobs").isEmpty();
	}

	private static String key(ObjectNode event, String type) {
		return type + '/' + event.path("output_index").asInt(-1) + '/' + event.path("content_index").asInt(-1) + '/'
				+ event.path("summary_index").asInt(-1);
	}

}
