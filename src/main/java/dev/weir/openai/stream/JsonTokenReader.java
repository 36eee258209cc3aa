package dev.weir.openai.stream;

import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.async.ByteArrayFeeder;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.core.util.JsonRecyclerPools;

/**
 * Walks through the tokens of a JSON object. Accepts three mistakes of known backends:
 * control characters in strings, unknown escapes, and {@code NaN}.
 */
final class JsonTokenReader {

	private static final JsonFactory FACTORY = JsonFactory.builder()
		.enable(JsonReadFeature.ALLOW_UNESCAPED_CONTROL_CHARS, JsonReadFeature.ALLOW_BACKSLASH_ESCAPING_ANY_CHARACTER,
				JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
		.disable(TokenStreamFactory.Feature.CHARSET_DETECTION)
		.recyclerPool(JsonRecyclerPools.threadLocalPool())
		.build();

	private static final ThreadLocal<Reused> REUSED = ThreadLocal.withInitial(Reused::new);

	private final JsonParser parser;

	private JsonToken token = JsonToken.NOT_AVAILABLE;

	private JsonTokenReader(JsonParser parser) {
		this.parser = parser;
	}

	/**
	 * Reads an object that should be whole.
	 * @param json the bytes
	 * @param from the index of the first byte
	 * @param to the index after the last byte
	 * @param reader reads all properties of the object; must not read another object
	 * @return whether the object is whole and nothing follows it
	 */
	static Result read(byte[] json, int from, int to, Consumer<JsonTokenReader> reader) {
		int start = skipSpace(json, from, to);
		if (start == to || json[start] != '{') {
			return Result.MALFORMED;
		}
		Reused reused = Reused.forObject(to - start);
		int end = skipSpaceBack(json, start, to);
		Result result = reused.tokens.readNext(json, start, end, reader);
		if (result == Result.WHOLE && json[end - 1] != '}') {
			// the parser waits for the rest of a literal after the object
			result = Result.MALFORMED;
		}
		if (result != Result.WHOLE) {
			// the parser waits for the rest of this object, or is broken
			REUSED.remove();
		}
		return result;
	}

	/**
	 * Reads the beginning of an object.
	 * @param json the bytes
	 * @param from the index of the first byte
	 * @param to the index after the last byte
	 * @param reader reads properties of the object, as many as it needs
	 * @return {@link Result#WHOLE} if the reader was satisfied
	 */
	static Result readStart(byte[] json, int from, int to, Consumer<JsonTokenReader> reader) {
		try (JsonParser parser = Reused.forObject(to - from).factory.createParser(ObjectReadContext.empty(), json, from,
				to - from)) {
			try {
				JsonTokenReader tokens = new JsonTokenReader(parser);
				tokens.next();
				reader.accept(tokens);
				return Result.WHOLE;
			}
			catch (JacksonException | IncompleteException ex) {
				return (parser.currentLocation().getByteOffset() < to - from) ? Result.MALFORMED : Result.INCOMPLETE;
			}
		}
	}

	static int skipSpace(byte[] json, int from, int to) {
		int i = from;
		while (i < to && (json[i] == ' ' || json[i] == '\n' || json[i] == '\r' || json[i] == '\t')) {
			i++;
		}
		return i;
	}

	private static int skipSpaceBack(byte[] json, int from, int to) {
		int i = to;
		while (i > from && json[i - 1] <= ' ' && json[i - 1] > 0) {
			i--;
		}
		return i;
	}

	private Result readNext(byte[] json, int from, int to, Consumer<JsonTokenReader> reader) {
		try {
			((ByteArrayFeeder) this.parser.nonBlockingInputFeeder()).feedInput(json, from, to);
			next();
			reader.accept(this);
			return (this.parser.nextToken() == JsonToken.NOT_AVAILABLE) ? Result.WHOLE : Result.MALFORMED;
		}
		catch (IncompleteException ex) {
			return Result.INCOMPLETE;
		}
		catch (JacksonException ex) {
			return Result.MALFORMED;
		}
	}

	/**
	 * Moves to the value of the next property.
	 * @return the property's name, or {@code null} at the end of the object
	 */
	@Nullable String nextProperty() {
		next();
		if (this.token != JsonToken.PROPERTY_NAME) {
			return null;
		}
		String name = this.parser.currentName();
		next();
		return name;
	}

	/**
	 * Moves to the next element.
	 * @return {@code false} at the end of the array
	 */
	boolean nextElement() {
		next();
		return this.token != JsonToken.END_ARRAY;
	}

	/** Skips the rest of the value, if it is an object or array that was not read. */
	void skip() {
		if (this.token.isStructStart()) {
			next();
			skipToEnd();
		}
	}

	/**
	 * Skips the value.
	 * @return whether it is {@code null}, or an empty string, array or object
	 */
	boolean skipEmpty() {
		if (this.token == JsonToken.VALUE_STRING) {
			return this.parser.getStringLength() == 0;
		}
		if (!this.token.isStructStart()) {
			return isNull();
		}
		next();
		boolean empty = this.token.isStructEnd();
		skipToEnd();
		return empty;
	}

	/** Whether nothing follows the object that was read. */
	boolean isAtEnd() {
		return this.parser.nextToken() == null;
	}

	boolean isNull() {
		return this.token == JsonToken.VALUE_NULL;
	}

	boolean isObject() {
		return this.token == JsonToken.START_OBJECT;
	}

	boolean isArray() {
		return this.token == JsonToken.START_ARRAY;
	}

	boolean isString() {
		return this.token == JsonToken.VALUE_STRING;
	}

	/** Returns the value if it is a string, else {@code null}. */
	@Nullable String text() {
		return (this.token == JsonToken.VALUE_STRING) ? this.parser.getString() : null;
	}

	/** Returns the value if it is an integer of 0 to 2^63 - 1, else -1. */
	long number() {
		return (this.token == JsonToken.VALUE_NUMBER_INT
				&& this.parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER)
						? Math.max(-1, this.parser.getLongValue()) : -1;
	}

	private void skipToEnd() {
		for (int open = 1;; next()) {
			if (this.token.isStructStart()) {
				open++;
			}
			else if (this.token.isStructEnd() && --open == 0) {
				return;
			}
		}
	}

	private void next() {
		this.token = this.parser.nextToken();
		if (this.token == null || this.token == JsonToken.NOT_AVAILABLE) {
			throw IncompleteException.INSTANCE;
		}
	}

	/**
	 * The factory and the parser of a thread. The parser is fed one object after the
	 * other: a new one for each event would allocate more than the rest of the event.
	 * Both cache property names, which are foreign, so they are dropped after a megabyte.
	 */
	private static final class Reused {

		private static final int MAX_BYTES = 1024 * 1024;

		private final JsonFactory factory = FACTORY.copy();

		private final JsonTokenReader tokens = new JsonTokenReader(
				this.factory.createNonBlockingByteArrayParser(ObjectReadContext.empty()));

		private long bytes;

		static Reused forObject(int length) {
			Reused reused = REUSED.get();
			if (reused.bytes > MAX_BYTES) {
				REUSED.remove();
				reused = REUSED.get();
			}
			reused.bytes += length;
			return reused;
		}

	}

	/** Whether the bytes are an object. */
	enum Result {

		WHOLE, INCOMPLETE, MALFORMED

	}

	/** The bytes end before the object does. */
	private static final class IncompleteException extends RuntimeException {

		static final IncompleteException INSTANCE = new IncompleteException();

		private IncompleteException() {
			super("The JSON ends too early", null, false, false);
		}

	}

}
