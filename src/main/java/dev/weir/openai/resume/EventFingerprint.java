package dev.weir.openai.resume;

import java.util.List;

import tools.jackson.databind.JsonNode;

/**
 * Hashes the content of an event of the responses API, so that two streams can be
 * compared. Ids, states, encrypted values and empty properties do not count.
 */
final class EventFingerprint {

	private static final List<String> OF_EVENT = List.of("text", "refusal", "arguments", "input", "item", "part");

	private static final List<String> OF_ITEM = List.of("type", "name", "text", "refusal", "arguments", "input",
			"content", "summary");

	private EventFingerprint() {
	}

	static int of(JsonNode event) {
		return hash(event, OF_EVENT);
	}

	private static int hash(JsonNode node, List<String> names) {
		int hash = 1;
		for (String name : names) {
			hash = 31 * hash + hashOf(node.path(name));
		}
		return hash;
	}

	private static int hashOf(JsonNode value) {
		if (value.isString()) {
			return value.stringValue().hashCode();
		}
		if (value.isArray()) {
			int hash = 0;
			for (JsonNode one : value) {
				hash = 31 * hash + hashOf(one);
			}
			return hash;
		}
		return value.isObject() ? hash(value, OF_ITEM) : 0;
	}

}
