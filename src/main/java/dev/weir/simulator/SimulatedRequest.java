package dev.weir.simulator;

import java.util.List;

import tools.jackson.databind.JsonNode;

/**
 * A valid request to a simulated backend.
 *
 * @param backend the name of the backend
 * @param azure whether the response has Azure's additions to OpenAI's format
 * @param model the model or deployment
 * @param body the fields of the request
 * @param serial the unique part of all ids in the response
 * @param created when the request arrived, epoch seconds
 * @param cachedTokens the tokens of the prompt that are in the prompt cache
 */
record SimulatedRequest(String backend, boolean azure, String model, JsonNode body, String serial, long created,
		long cachedTokens) {

	/**
	 * Whether the response is a stream of events.
	 * @return whether the request has {@code stream: true}
	 */
	boolean streams() {
		return isTrue(this.body.path("stream"));
	}

	/**
	 * Whether the stream ends with the number of tokens used.
	 * @return whether the request has {@code stream_options.include_usage: true}
	 */
	boolean wantsUsage() {
		return isTrue(this.body.path("stream_options").path("include_usage"));
	}

	/**
	 * Returns the text of the response.
	 * @return a text that names itself simulated
	 */
	String text() {
		return "This is a simulated response from %s. No model was called.".formatted(this.backend);
	}

	/**
	 * Returns the text of the response as it is streamed.
	 * @return its words, each but the first with a leading space
	 */
	List<String> words() {
		return List.of(text().split("(?= )"));
	}

	SimulatedUsage usage() {
		return new SimulatedUsage(TokenEstimate.promptTokens(this.body), this.cachedTokens, words().size());
	}

	private static boolean isTrue(JsonNode node) {
		return node.isBoolean() && node.booleanValue();
	}

}
