package dev.weir.simulator;

import java.util.List;

import tools.jackson.databind.JsonNode;

/**
 * A request that is understood and may be answered.
 *
 * @param backend the name of the backend that was asked
 * @param operation what is asked for
 * @param azure whether Azure's additions to OpenAI's answers are wanted
 * @param model the model or deployment that is asked
 * @param body the request's fields
 * @param serial a text that no other request to any backend has
 * @param created when the request arrived, epoch seconds
 */
record Call(String backend, Operation operation, boolean azure, String model, JsonNode body, String serial,
		long created) {

	/**
	 * Returns whether the answer is to be sent as events.
	 * @return whether the request says {@code stream: true}
	 */
	boolean streams() {
		return isTrue(this.body.path("stream"));
	}

	/**
	 * Returns whether a stream is to end with the tokens used.
	 * @return whether the request says {@code stream_options.include_usage: true}
	 */
	boolean wantsUsage() {
		return isTrue(this.body.path("stream_options").path("include_usage"));
	}

	/**
	 * Returns the answer, which says what it is.
	 * @return a text
	 */
	String text() {
		return "This is a simulated answer from %s. No model was called.".formatted(this.backend);
	}

	/**
	 * Returns the answer as it is streamed.
	 * @return the words, each but the first with the space before it
	 */
	List<String> words() {
		return List.of(text().split("(?= )"));
	}

	Usage usage() {
		return new Usage(TokenEstimate.promptTokens(this.body), words().size());
	}

	private static boolean isTrue(JsonNode node) {
		return node.isBoolean() && node.booleanValue();
	}

}
