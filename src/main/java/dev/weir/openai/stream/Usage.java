package dev.weir.openai.stream;

import org.jspecify.annotations.Nullable;

/**
 * How many tokens an answer says it took.
 *
 * @param inputTokens {@code prompt_tokens} of chats, completions and embeddings,
 * {@code input_tokens} of responses and images; 0 or more
 * @param outputTokens {@code completion_tokens} or {@code output_tokens}; 0 or more, 0
 * for embeddings
 */
public record Usage(long inputTokens, long outputTokens) {

	/**
	 * Reads a {@code usage} object. Never throws.
	 * @param json where the object is
	 * @param from the index of its first byte
	 * @param to the index behind its last byte
	 * @return the usage, or {@code null} if it counts no input tokens
	 */
	static @Nullable Usage of(byte[] json, int from, int to) {
		long input = -1;
		long output = 0;
		JsonProperties usage = new JsonProperties(json, from, to);
		while (usage.next()) {
			if (usage.is("prompt_tokens") || usage.is("input_tokens")) {
				input = usage.number();
			}
			else if (usage.is("completion_tokens") || usage.is("output_tokens")) {
				output = Math.max(0, usage.number());
			}
		}
		return (input < 0) ? null : new Usage(input, output);
	}

}
