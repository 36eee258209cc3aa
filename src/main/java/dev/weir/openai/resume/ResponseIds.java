package dev.weir.openai.resume;

import java.util.HashMap;
import java.util.Map;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The ids of a response and its items, and the sequence numbers of its events. The events
 * of a resumed stream get the ids of the first stream and continue its numbers.
 */
final class ResponseIds {

	private final StableValues response = new StableValues();

	/** By the item's index in the output. */
	private final Map<Integer, StableValues> items = new HashMap<>();

	private long sequenceNumber = -1;

	private boolean resumed;

	void rewind() {
		this.resumed = true;
	}

	void apply(ObjectNode event) {
		JsonNode index = event.path("output_index");
		if (index.isInt()) {
			StableValues item = item(index.intValue());
			item.applyAs("id", event, "item_id");
			apply(item, event.path("item"));
		}
		if (event.get("response") instanceof ObjectNode whole) {
			this.response.apply(whole, "id", "created_at", "model");
			JsonNode output = whole.path("output");
			for (int i = 0; i < output.size(); i++) {
				apply(item(i), output.path(i));
			}
		}
		number(event);
	}

	private void number(ObjectNode event) {
		JsonNode number = event.path("sequence_number");
		if (!number.isIntegralNumber() || !number.canConvertToLong()) {
			return;
		}
		if (this.resumed && this.sequenceNumber >= 0) {
			event.put("sequence_number", ++this.sequenceNumber);
		}
		else {
			this.sequenceNumber = number.longValue();
		}
	}

	private StableValues item(int index) {
		return this.items.computeIfAbsent(index, (it) -> new StableValues());
	}

	private static void apply(StableValues known, JsonNode item) {
		if (item instanceof ObjectNode object) {
			known.apply(object, "id", "call_id");
		}
	}

}
