package dev.weir.openai.stream;

import org.jspecify.annotations.Nullable;

/**
 * The token usage that a response reports.
 *
 * @param inputTokens {@code prompt_tokens} of chats, completions and embeddings,
 * {@code input_tokens} of responses and images; 0 or more
 * @param outputTokens {@code completion_tokens} or {@code output_tokens}; 0 or more, 0
 * for embeddings
 */
public record Usage(long inputTokens, long outputTokens) {

	/**
	 * Reads a {@code usage} object. Never throws.
	 * @param json the bytes that contain the object
	 * @param from the index of the object's first byte
	 * @param to the index after the object's last byte
	 * @return the usage, or {@code null} if the object has no number of input tokens
	 */
	static @Nullable Usage of(byte[] json, int from, int to) {
		@Nullable Usage[] found = new Usage[1];
		JsonTokenReader.read(json, from, to, (usage) -> found[0] = readProperties(usage));
		return found[0];
	}

	/**
	 * Reads the current value.
	 * @param json the tokens, at the value of a property {@code usage}
	 * @return the usage, or {@code null} if the value has no number of input tokens
	 */
	static @Nullable Usage read(JsonTokenReader json) {
		return json.isObject() ? readProperties(json) : null;
	}

	private static @Nullable Usage readProperties(JsonTokenReader json) {
		long input = -1;
		long output = 0;
		for (String name = json.nextProperty(); name != null; name = json.nextProperty()) {
			switch (name) {
				case "prompt_tokens", "input_tokens" -> input = json.number();
				case "completion_tokens", "output_tokens" -> output = Math.max(0, json.number());
				default -> json.skip();
			}
			json.skip();
		}
		return (input < 0) ? null : new Usage(input, output);
	}

}
