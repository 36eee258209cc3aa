package dev.weir.openai.stream;

import java.util.Set;

/**
 * Whether a JSON body that came with a success status is a result or an error.
 */
public enum BodyVerdict {

	/** Not known yet: more bytes are needed. */
	UNDECIDED,

	/** The result of the operation. */
	SUCCESS,

	/** An error object. */
	ERROR,

	/** A response object of the responses API with an error. */
	FAILED_RESPONSE;

	/** Properties that successful responses have at their top level. */
	private static final Set<String> RESULTS = Set.of("choices", "data", "output", "results", "text", "usage",
			"embedding", "embeddings");

	/**
	 * Reads the start of a body. The first property that decides ends the reading, so
	 * mostly few bytes are read.
	 * @param json the body as far as it has arrived
	 * @param length the number of valid bytes in {@code json}
	 * @return the verdict; never {@link #UNDECIDED} for a whole JSON object
	 */
	public static BodyVerdict of(byte[] json, int length) {
		int start = JsonTokenReader.skipSpace(json, 0, length);
		if (start < length && json[start] == '[') {
			// Gemini puts an error into an array
			start = JsonTokenReader.skipSpace(json, start + 1, length);
		}
		Reader reader = new Reader();
		if (start < length && json[start] == '{') {
			JsonTokenReader.Result result = JsonTokenReader.readStart(json, start, length, reader::read);
			if (reader.inError && result == JsonTokenReader.Result.MALFORMED) {
				// an error with invalid UTF-8 in its message is still an error
				return reader.error();
			}
		}
		return reader.verdict;
	}

	private static final class Reader {

		private BodyVerdict verdict = UNDECIDED;

		private boolean response;

		private boolean inError;

		BodyVerdict error() {
			return this.response ? FAILED_RESPONSE : ERROR;
		}

		void read(JsonTokenReader json) {
			boolean message = false;
			for (String name = json.nextProperty(); name != null; name = json.nextProperty()) {
				switch (name) {
					case "error" -> {
						this.inError = json.isObject() || json.isString();
						if (!json.skipEmpty() && this.inError) {
							this.verdict = error();
							return;
						}
						this.inError = false;
					}
					case "object" -> {
						String object = json.text();
						if (!"response".equals(object)) {
							this.verdict = "error".equals(object) ? ERROR : SUCCESS;
							return;
						}
						this.response = true;
					}
					case "message", "detail" -> message |= json.text() != null;
					default -> {
						if (RESULTS.contains(name)) {
							// the value must be whole
							json.skipEmpty();
							this.verdict = SUCCESS;
							return;
						}
					}
				}
				json.skip();
			}
			if (json.isAtEnd()) {
				this.verdict = message ? ERROR : SUCCESS;
			}
		}

	}

}
