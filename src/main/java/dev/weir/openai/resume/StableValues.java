package dev.weir.openai.resume;

import java.util.HashMap;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Values that must stay as the client first saw them, such as ids.
 */
final class StableValues {

	private final Map<String, JsonNode> first = new HashMap<>();

	/**
	 * Replaces values by the first ones, and records those that are the first. Empty
	 * values, as in Azure's first chunk, are not recorded.
	 * @param object the object to change
	 * @param names the properties
	 */
	void apply(ObjectNode object, String... names) {
		for (String name : names) {
			applyAs(name, object, name);
		}
	}

	/**
	 * Does the same for a property that has different names in different objects.
	 * @param key the name under which the value is recorded
	 * @param object the object to change
	 * @param property the property
	 */
	void applyAs(String key, ObjectNode object, String property) {
		JsonNode value = object.get(property);
		JsonNode known = this.first.get(key);
		if (value != null && known != null) {
			object.set(property, known);
		}
		else if (hasContent(value)) {
			this.first.put(key, value);
		}
	}

	private static boolean hasContent(@Nullable JsonNode value) {
		return value != null && ((value.isString() && !value.stringValue().isEmpty())
				|| (value.isIntegralNumber() && !"0".equals(value.asString())));
	}

}
