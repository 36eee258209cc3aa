package dev.weir.simulator;

import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The events of a response that is streamed.
 */
final class ResponseStream {

	private final EventStream events = new EventStream();

	private final Call call;

	private int sequenceNumber;

	ResponseStream(Call call) {
		this.call = call;
	}

	Answer toAnswer() {
		String text = this.call.text();
		addResponse("response.created", ResponseAnswers.inProgress(this.call));
		addResponse("response.in_progress", ResponseAnswers.inProgress(this.call));
		addItem("response.output_item.added", ResponseAnswers.message(this.call, "in_progress"));
		addPart("response.content_part.added", ResponseAnswers.textPart(""));
		for (String word : this.call.words()) {
			addText("response.output_text.delta", "delta", word);
		}
		addText("response.output_text.done", "text", text);
		addPart("response.content_part.done", ResponseAnswers.textPart(text));
		addItem("response.output_item.done",
				ResponseAnswers.message(this.call, "completed", ResponseAnswers.textPart(text)));
		addResponse("response.completed", ResponseAnswers.completed(this.call));
		return this.events.toAnswer();
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
		return event(type).put("item_id", ResponseAnswers.messageId(this.call))
			.put("output_index", 0)
			.put("content_index", 0);
	}

	private ObjectNode event(String type) {
		return JsonNodeFactory.instance.objectNode().put("type", type).put("sequence_number", this.sequenceNumber++);
	}

}
