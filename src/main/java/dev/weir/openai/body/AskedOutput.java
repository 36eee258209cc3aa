package dev.weir.openai.body;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * What a JSON body says about its output: the largest number of tokens, the number of
 * choices, and whether a stream reports its usage. Filled during the scan of the body.
 */
final class AskedOutput {

	/** A body that says nothing. */
	static final AskedOutput NONE = new AskedOutput();

	private static final String OPTION = "\"include_usage\":true";

	// longer numbers are larger than any model's output
	private static final int MAX_DIGITS = 9;

	private long maxTokens;

	private long choices = 1;

	// the bytes to replace so that the stream reports its usage
	private int from = -1;

	private int to;

	private @Nullable String replacement = "\"stream_options\":{" + OPTION + "},";

	/**
	 * Whether a top-level property belongs here.
	 * @param name the name
	 * @return whether {@link #read} needs its value
	 */
	static boolean isPart(String name) {
		return switch (name) {
			case "max_tokens", "max_completion_tokens", "max_output_tokens", "n", "best_of", "stream_options" -> true;
			default -> false;
		};
	}

	/**
	 * Reads a property. The largest value counts if one is repeated, since backends
	 * differ in which they take.
	 * @param name the name
	 * @param value the first token of the value, the parser's current token
	 * @param parser the parser, which is moved to the end of an object
	 * @param start the index in the body of the parser's first byte
	 */
	void read(String name, JsonToken value, JsonParser parser, int start) {
		switch (name) {
			case "n", "best_of" -> this.choices = Math.max(this.choices, number(value, parser));
			case "stream_options" -> readOptions(value, parser, start);
			default -> this.maxTokens = Math.max(this.maxTokens, number(value, parser));
		}
	}

	/** The value if it is a positive whole number, else 0. */
	private static long number(JsonToken value, JsonParser parser) {
		if (value != JsonToken.VALUE_NUMBER_INT) {
			return 0;
		}
		String digits = parser.getString();
		if (digits.startsWith("-")) {
			return 0;
		}
		return (digits.length() > MAX_DIGITS) ? 1_000_000_000 : Long.parseLong(digits);
	}

	private void readOptions(JsonToken value, JsonParser parser, int start) {
		if (value == JsonToken.VALUE_NULL) {
			replace(start + (int) parser.currentTokenLocation().getByteOffset(), "null", "{" + OPTION + "}");
			return;
		}
		this.replacement = null;
		if (value != JsonToken.START_OBJECT) {
			return;
		}
		int inside = start + (int) parser.currentTokenLocation().getByteOffset() + 1;
		boolean named = false;
		boolean empty = true;
		for (String name = parser.nextName(); name != null; name = parser.nextName()) {
			empty = false;
			JsonToken option = parser.nextToken();
			if (name.equals("include_usage")) {
				named = true;
				this.replacement = null;
				int at = start + (int) parser.currentTokenLocation().getByteOffset();
				if (option == JsonToken.VALUE_FALSE || option == JsonToken.VALUE_NULL) {
					replace(at, (option == JsonToken.VALUE_FALSE) ? "false" : "null", "true");
				}
			}
			parser.skipChildren();
		}
		if (!named) {
			replace(inside, "", OPTION + (empty ? "" : ","));
		}
	}

	private void replace(int at, String old, String text) {
		this.from = at;
		this.to = at + old.length();
		this.replacement = text;
	}

	/**
	 * The largest number of output tokens for each choice.
	 * @return the number, 0 if the body states none
	 */
	long maxTokens() {
		return this.maxTokens;
	}

	/**
	 * The number of choices that the backend generates.
	 * @return the number, 1 or more
	 */
	long choices() {
		return this.choices;
	}

	/**
	 * The change after which a stream reports its usage.
	 * @param afterBrace the index after the brace that opens the body
	 * @return the change, or {@code null} if the stream reports it anyway, or the options
	 * are not valid
	 */
	@Nullable BodyEdit usageEdit(int afterBrace) {
		if (this.replacement == null) {
			return null;
		}
		return (this.from < 0) ? new BodyEdit(afterBrace, afterBrace, this.replacement)
				: new BodyEdit(this.from, this.to, this.replacement);
	}

}
