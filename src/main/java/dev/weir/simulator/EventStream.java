package dev.weir.simulator;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

import tools.jackson.databind.node.ObjectNode;

/**
 * Builds a stream of server-sent events.
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
	 * Adds the event that ends a stream of completions.
	 */
	void addDone() {
		add("data: [DONE]");
	}

	SimulatedResponse toResponse() {
		return new SimulatedResponse("text/event-stream; charset=utf-8", List.copyOf(this.events));
	}

	private void add(String event) {
		this.events.add((event + "\n\n").getBytes(StandardCharsets.UTF_8));
	}

}
