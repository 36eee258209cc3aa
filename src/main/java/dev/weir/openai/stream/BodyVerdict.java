package dev.weir.openai.stream;

/**
 * What the beginning of a JSON body that came with a status of success turns out to be.
 */
public enum BodyVerdict {

	/** Not to be told yet: more of it must be read. */
	UNDECIDED,

	/** What was asked for. */
	SUCCESS,

	/** An error object. */
	ERROR,

	/** A response object of the responses API that says that it failed. */
	FAILED_RESPONSE;

	// what the answers of the API's operations have at their top level
	private static final String[] RESULTS = { "choices", "data", "output", "results", "text", "usage", "embedding",
			"embeddings" };

	/**
	 * Looks at the beginning of a body. The first property that tells decides, so that
	 * mostly few bytes are looked at.
	 * @param json what has come of the body so far
	 * @param length how many bytes of it count
	 * @return the verdict; never {@link #UNDECIDED} for a whole JSON object
	 */
	public static BodyVerdict of(byte[] json, int length) {
		JsonProperties top = new JsonProperties(json, start(json, length), length);
		boolean response = false;
		boolean words = false;
		while (top.next()) {
			if (top.is("error") && isError(top, json)) {
				return response ? FAILED_RESPONSE : ERROR;
			}
			if (top.is("object")) {
				String object = top.text();
				if ("error".equals(object)) {
					return ERROR;
				}
				response = "response".equals(object);
				if (!response) {
					return SUCCESS;
				}
			}
			else if (isResult(top)) {
				return SUCCESS;
			}
			words = words || ((top.is("message") || top.is("detail")) && top.text() != null);
		}
		if (!top.complete()) {
			return UNDECIDED;
		}
		return words ? ERROR : SUCCESS;
	}

	/** Gemini puts an error into an array. */
	private static int start(byte[] json, int length) {
		for (int i = 0; i < length; i++) {
			byte b = json[i];
			if (b != ' ' && b != '\n' && b != '\r' && b != '\t') {
				return (b == '[') ? i + 1 : i;
			}
		}
		return length;
	}

	private static boolean isError(JsonProperties property, byte[] json) {
		byte first = json[property.from()];
		int length = property.to() - property.from();
		return (first == '{' || first == '"') && length > 2;
	}

	private static boolean isResult(JsonProperties property) {
		for (String name : RESULTS) {
			if (property.is(name)) {
				return true;
			}
		}
		return false;
	}

}
