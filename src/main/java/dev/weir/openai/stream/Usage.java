package dev.weir.openai.stream;

import org.jspecify.annotations.Nullable;

/**
 * The token usage that a response reports.
 *
 * @param inputTokens {@code prompt_tokens} of chats, completions and embeddings,
 * {@code input_tokens} of responses and images; 0 or more
 * @param outputTokens {@code completion_tokens} or {@code output_tokens}; 0 or more, 0
 * for embeddings
 * @param cachedTokens those input tokens that were in the backend's prompt cache:
 * {@code cached_tokens} of the details; 0 or more
 */
public record Usage(long inputTokens, long outputTokens, long cachedTokens) {

	/**
	 * Creates a usage without cached tokens.
	 * @param inputTokens tokens of the request
	 * @param outputTokens tokens of the response
	 */
	public Usage(long inputTokens, long outputTokens) {
		this(inputTokens, outputTokens, 0);
	}

	/**
	 * Adds the usage of another response to the same request.
	 * @param other the other usage
	 * @return the sum
	 */
	public Usage plus(Usage other) {
		return new Usage(this.inputTokens + other.inputTokens, this.outputTokens + other.outputTokens,
				this.cachedTokens + other.cachedTokens);
	}

	/**
	 * The tokens of request and response.
	 * @return the sum
	 */
	public long total() {
		return this.inputTokens + this.outputTokens;
	}

	/**
	 * By how much the usage of one response has grown.
	 * @param earlier the usage that it has reported before
	 * @return the difference, without negative numbers
	 */
	public Usage since(Usage earlier) {
		return new Usage(Math.max(0, this.inputTokens - earlier.inputTokens),
				Math.max(0, this.outputTokens - earlier.outputTokens),
				Math.max(0, this.cachedTokens - earlier.cachedTokens));
	}

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
		long cached = 0;
		for (String name = json.nextProperty(); name != null; name = json.nextProperty()) {
			switch (name) {
				case "prompt_tokens", "input_tokens" -> input = json.number();
				case "completion_tokens", "output_tokens" -> output = Math.max(0, json.number());
				case "prompt_tokens_details", "input_tokens_details", "input_token_details" ->
					cached = readCached(json);
				default -> json.skip();
			}
			json.skip();
		}
		return (input < 0) ? null : new Usage(input, output, Math.min(cached, input));
	}

	private static long readCached(JsonTokenReader json) {
		long cached = 0;
		if (json.isObject()) {
			for (String name = json.nextProperty(); name != null; name = json.nextProperty()) {
				if (name.equals("cached_tokens")) {
					cached = Math.max(0, json.number());
				}
				json.skip();
			}
		}
		return cached;
	}

}
