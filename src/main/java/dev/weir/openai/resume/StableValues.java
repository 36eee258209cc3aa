package dev.weir.openai.resume;

import java.util.HashMap;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Values that must stay what they were when the client first saw them, such as ids.
 */
final class StableValues {

	private final Map<String, JsonNode> first = new HashMap<>();

	/**
	 * Puts the first values in the place of these ones; those that are the first are
	 * noted. A value that says nothing, as in Azure's first chunk, is not.
	 * @param object the object to change
	 * @param names the properties
	 */
	void apply(ObjectNode object, String... names) {
		for (String name : names) {
			applyAs(name, object, name);
		}
	}

	/**
	 * The same for a property that has different names in different places.
	 * @param key what the value is known as
	 * @param object the object to change
	 * @param property the property
	 */
	void applyAs(String key, ObjectNode object, String property) {
		JsonNode value = object.get(property);
		JsonNode known = this.first.get(key);
		if (value != null && known != null) {
			object.set(property, known);
		}
		else if (saysSomething(value)) {
			this.first.put(key, value);
		}
	}

	private static boolean saysSomething(@Nullable JsonNode value) {
		return value != null && ((value.isString() && !value.stringValue().isEmpty())
				|| (value.isIntegralNumber() && !"0".equals(value.asString())));
	}

}
