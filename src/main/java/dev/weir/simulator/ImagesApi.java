package dev.weir.simulator;

import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Simulates {@code images/generations}: always the same image of one pixel.
 */
final class ImagesApi {

	private static final String PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
			+ "YPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

	private ImagesApi() {
	}

	static SimulatedResponse respond(SimulatedRequest request) {
		ObjectNode images = JsonNodeFactory.instance.objectNode().put("created", request.created());
		images.putArray("data").addObject().put("b64_json", PNG).put("revised_prompt", request.text());
		return SimulatedResponse.json(images);
	}

}
