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
 * The transcript of the responses API (OpenAI's API specification, schema
 * {@code ResponseStreamEvent}). Its events have one order, so a new stream must repeat
 * everything delivered before anything new passes. Responses with hosted tools cannot be
 * resumed: another backend would run the tools again.
 */
final class ResponsesTranscript implements Transcript {

	private static final Set<String> LIFE_CYCLE = Set.of("response.created", "response.queued", "response.in_progress");

	private static final Set<String> LAST = Set.of("response.completed", "response.incomplete");

	private static final Pattern PART = Pattern.compile("response\\.(?:output_item|content_part|output_text|refusal"
			+ "|function_call_arguments|custom_tool_call_input|reasoning_summary_part|reasoning_summary_text"
			+ "|reasoning_text)\\.(added|delta|done)");

	private static final Set<String> ITEMS = Set.of("message", "reasoning", "function_call", "custom_tool_call");

	private final Map<String, DeliveredText> texts = new HashMap<>();

	/** Fingerprints of the events that are not deltas, by type and position. */
	private final Map<String, Integer> fingerprints = new HashMap<>();

	/** The keys of the fingerprints that the current stream has not repeated yet. */
	private final Set<String> missing = new HashSet<>();

	private final Set<String> lifeCycle = new HashSet<>();

	private final ResponseIds ids = new ResponseIds();

	private final ResumeMemory memory;

	private boolean delivered;

	/** Whether the client has got something of the current stream. */
	private boolean current = true;

	ResponsesTranscript(ResumeMemory memory) {
		this.memory = memory;
	}

	@Override
	public void rewind() {
		this.current = !this.delivered;
		this.ids.rewind();
		this.texts.values().forEach(DeliveredText::rewind);
		this.missing.addAll(this.fingerprints.keySet());
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
			this.memory.markIncomplete();
			return deliver(event);
		}
		Matcher part = PART.matcher(type);
		if (!part.matches() || !isComparable(event, "delta".equals(part.group(1)))) {
			this.memory.markIncomplete();
			return deliver(event);
		}
		return "delta".equals(part.group(1)) ? addDelta(event, key(event, type)) : addOther(event, key(event, type));
	}

	@Override
	public boolean isRepeating() {
		return !this.current
				&& (!this.missing.isEmpty() || this.texts.values().stream().anyMatch(DeliveredText::isRepeating));
	}

	@Override
	public boolean hasDelivered() {
		return this.current;
	}

	/** Backends send different ones of these events, and they have no content. */
	private @Nullable ObjectNode addLifeCycle(ObjectNode event, String type) {
		if (!this.current && (this.lifeCycle.contains(type) || isRepeating())) {
			return null;
		}
		this.lifeCycle.add(type);
		return deliver(event);
	}

	private @Nullable ObjectNode addDelta(ObjectNode event, String key) {
		DeliveredText text = this.texts.computeIfAbsent(key, (it) -> {
			this.memory.reserveEntry(it);
			return new DeliveredText();
		});
		String added = text.add(event.path("delta").stringValue(), this.memory);
		if (added.isEmpty() && !this.current) {
			return null;
		}
		event.put("delta", added);
		return deliver(event);
	}

	private @Nullable ObjectNode addOther(ObjectNode event, String key) {
		int fingerprint = EventFingerprint.of(event);
		Integer before = this.fingerprints.putIfAbsent(key, fingerprint);
		if (before == null) {
			this.memory.reserveEntry(key);
			this.memory.onRollback(() -> this.fingerprints.remove(key));
		}
		else if (!this.current) {
			if (before != fingerprint) {
				throw DivergedException.otherText();
			}
			this.missing.remove(key);
			return null;
		}
		return deliver(event);
	}

	private ObjectNode deliver(ObjectNode event) {
		if (isRepeating()) {
			throw DivergedException.otherOrder();
		}
		this.delivered = true;
		this.current = true;
		this.ids.apply(event);
		return event;
	}

	/** Whether the event can be compared and, if it is a delta, cut. */
	private static boolean isComparable(ObjectNode event, boolean delta) {
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
