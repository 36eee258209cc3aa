package dev.weir.simulator;

import java.util.List;

import tools.jackson.databind.JsonNode;

/**
 * Estimates the tokens of a request on arrival, from its text and the longest output that
 * it allows, as Azure does.
 */
final class TokenEstimate {

	static final int CHARACTERS_PER_TOKEN = 4;

	private static final List<String> MAXIMA = List.of("max_completion_tokens", "max_output_tokens", "max_tokens");

	private static final List<String> PROMPTS = List.of("messages", "prompt", "input", "instructions");

	private static final List<String> INSTRUCTIONS_FIRST = List.of("instructions", "messages", "prompt", "input");

	private static final List<String> TEXTS = List.of("content", "text");

	private TokenEstimate() {
	}

	/**
	 * Returns the tokens that a request reserves of the quota of its deployment.
	 * @param operation the operation
	 * @param body the fields of the request
	 * @return the number of tokens, at least 1
	 */
	static long cost(SimulatedOperation operation, JsonNode body) {
		return Math.max(1, outputTokens(operation, body) + promptTokens(body));
	}

	/**
	 * Returns the estimated tokens of the prompt.
	 * @param body the fields of the request
	 * @return the number of tokens, possibly 0
	 */
	static long promptTokens(JsonNode body) {
		long characters = characters(body, PROMPTS);
		return (characters + CHARACTERS_PER_TOKEN - 1) / CHARACTERS_PER_TOKEN;
	}

	/**
	 * Returns the text of the prompt in the order of its tokens.
	 * @param body the fields of the request
	 * @return the text, possibly empty
	 */
	static String promptText(JsonNode body) {
		StringBuilder text = new StringBuilder();
		INSTRUCTIONS_FIRST.forEach((field) -> append(body.path(field), text));
		return text.toString();
	}

	private static void append(JsonNode node, StringBuilder text) {
		if (node.isString()) {
			text.append(node.stringValue());
		}
		else if (node.isArray()) {
			node.valueStream().forEach((element) -> append(element, text));
		}
		else if (node.isObject()) {
			TEXTS.forEach((field) -> append(node.path(field), text));
		}
	}

	private static long outputTokens(SimulatedOperation operation, JsonNode body) {
		if (operation.defaultOutputTokens() == 0) {
			return 0;
		}
		return MAXIMA.stream()
			.map(body::path)
			.filter((maximum) -> maximum.isIntegralNumber() && maximum.canConvertToInt())
			.mapToInt((maximum) -> Math.max(0, maximum.intValue()))
			.findFirst()
			.orElse(operation.defaultOutputTokens());
	}

	private static long characters(JsonNode object, List<String> fields) {
		return fields.stream().mapToLong((field) -> characters(object.path(field))).sum();
	}

	private static long characters(JsonNode node) {
		if (node.isString()) {
			return node.stringValue().length();
		}
		if (node.isIntegralNumber()) {
			return CHARACTERS_PER_TOKEN; // a prompt may be given as tokens
		}
		if (node.isArray()) {
			return node.valueStream().mapToLong(TokenEstimate::characters).sum();
		}
		return characters(node, node.isObject() ? TEXTS : List.of());
	}

}
