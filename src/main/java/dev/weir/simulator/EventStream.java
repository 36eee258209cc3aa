package dev.weir.simulator;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

import tools.jackson.databind.node.ObjectNode;

/**
 * Server-sent events in the making.
 */
final class EventStream {

	private final List<byte[]> events = new ArrayList<>();

	void add(ObjectNode data) {
		add("data: " + data);
	}

	void add(String name, ObjectNode data) {
		add("event: " + name + "\ndata: " + data);
	}

	/**
	 * Adds the event that ends streams of completions.
	 */
	void addDone() {
		add("data: [DONE]");
	}

	Answer toAnswer() {
		return new Answer("text/event-stream; charset=utf-8", List.copyOf(this.events));
	}

	private void add(String event) {
		this.events.add((event + "\n\n").getBytes(StandardCharsets.UTF_8));
	}

}
