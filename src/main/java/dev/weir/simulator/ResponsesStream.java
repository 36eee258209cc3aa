package dev.weir.simulator;

import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The events of a streamed response of {@code responses}.
 */
final class ResponsesStream {

	private final EventStream events = new EventStream();

	private final SimulatedRequest request;

	private int sequenceNumber;

	ResponsesStream(SimulatedRequest request) {
		this.request = request;
	}

	SimulatedResponse toResponse() {
		String text = this.request.text();
		addResponse("response.created", ResponsesApi.inProgress(this.request));
		addResponse("response.in_progress", ResponsesApi.inProgress(this.request));
		addItem("response.output_item.added", ResponsesApi.message(this.request, "in_progress"));
		addPart("response.content_part.added", ResponsesApi.textPart(""));
		for (String word : this.request.words()) {
			addText("response.output_text.delta", "delta", word);
		}
		addText("response.output_text.done", "text", text);
		addPart("response.content_part.done", ResponsesApi.textPart(text));
		addItem("response.output_item.done",
				ResponsesApi.message(this.request, "completed", ResponsesApi.textPart(text)));
		addResponse("response.completed", ResponsesApi.completed(this.request));
		return this.events.toResponse();
	}

	private void addResponse(String type, ObjectNode response) {
		ObjectNode event = event(type);
		event.set("response", response);
		this.events.add(type, event);
	}

	private void addItem(String type, ObjectNode item) {
		ObjectNode event = event(type).put("output_index", 0);
		event.set("item", item);
		this.events.add(type, event);
	}

	private void addPart(String type, ObjectNode part) {
		ObjectNode event = partEvent(type);
		event.set("part", part);
		this.events.add(type, event);
	}

	private void addText(String type, String field, String text) {
		ObjectNode event = partEvent(type).put(field, text);
		event.putArray("logprobs");
		this.events.add(type, event);
	}

	private ObjectNode partEvent(String type) {
		return event(type).put("item_id", ResponsesApi.messageId(this.request))
			.put("output_index", 0)
			.put("content_index", 0);
	}

	private ObjectNode event(String type) {
		return JsonNodeFactory.instance.objectNode().put("type", type).put("sequence_number", this.sequenceNumber++);
	}

}
