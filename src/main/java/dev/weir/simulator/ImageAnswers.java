package dev.weir.simulator;

import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Answers of {@code images/generations}: always the same picture of one pixel.
 */
final class ImageAnswers {

	private static final String PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
			+ "YPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

	private ImageAnswers() {
	}

	static Answer answer(Call call) {
		ObjectNode answer = JsonNodeFactory.instance.objectNode().put("created", call.created());
		answer.putArray("data").addObject().put("b64_json", PNG).put("revised_prompt", call.text());
		return Answer.json(answer);
	}

}
