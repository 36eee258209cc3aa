package dev.weir.openai.stream;

import java.nio.charset.StandardCharsets;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;

/**
 * Goes through the properties of a JSON object, or the elements of an array, without
 * looking into their values, since every event of every stream is looked at. Nothing is
 * copied, nothing is kept of foreign names, and nothing is thrown. It sees that an object
 * is cut off or followed by something, but not every fault inside of a value.
 */
final class JsonProperties {

	private static final JsonFactory FACTORY = JsonFactory.builder()
		.disable(TokenStreamFactory.Feature.CHARSET_DETECTION)
		.build();

	private final byte[] json;

	private final int end;

	private final boolean array;

	private int at;

	private boolean started;

	private boolean complete;

	private int name;

	private int nameEnd;

	private int value;

	/**
	 * Makes one that stands before the first property.
	 * @param json where the object is
	 * @param from the index of the first byte to read
	 * @param to the index behind the last one
	 */
	JsonProperties(byte[] json, int from, int to) {
		this(json, from, to, false);
	}

	private JsonProperties(byte[] json, int from, int to, boolean array) {
		this.json = json;
		this.at = from;
		this.end = to;
		this.array = array;
	}

	/**
	 * Goes into the current value as an object.
	 * @return its properties, none if it is no object
	 */
	JsonProperties properties() {
		return new JsonProperties(this.json, this.value, this.at);
	}

	/**
	 * Goes into the current value as an array.
	 * @return its elements, which have no names; none if it is no array
	 */
	JsonProperties elements() {
		return new JsonProperties(this.json, this.value, this.at, true);
	}

	/**
	 * Goes to the next property or element.
	 * @return {@code false} if there is none, or what comes is not JSON
	 */
	boolean next() {
		int open = this.array ? '[' : '{';
		int close = this.array ? ']' : '}';
		int next = peek();
		if (!this.started) {
			if (next != open) {
				return false;
			}
			this.started = true;
			this.at++;
			next = peek();
		}
		else if (next == ',' && !this.complete) {
			this.at++;
			next = peek();
			if (next == close) {
				return false;
			}
		}
		else if (next != close) {
			return false;
		}
		if (next == close) {
			this.at++;
			this.complete = peek() < 0;
			this.at = this.end;
			return false;
		}
		return this.array ? readValue(next) : readProperty(next);
	}

	/** Whether the object ended, and nothing came behind it. */
	boolean complete() {
		return this.complete;
	}

	boolean is(String text) {
		return isText(text, this.name, this.nameEnd);
	}

	boolean isNull() {
		return this.at - this.value == 4 && this.json[this.value] == 'n';
	}

	boolean isEmptyArray() {
		return isArray() && isEmptyInside();
	}

	boolean isArray() {
		return this.json[this.value] == '[';
	}

	boolean isObject() {
		return this.json[this.value] == '{';
	}

	/**
	 * Whether the value is {@code null}, or a text, array or object with nothing in it.
	 */
	boolean isNullOrEmpty() {
		return switch (this.json[this.value]) {
			case '"' -> this.at - this.value == 2;
			case '[', '{' -> isEmptyInside();
			default -> isNull();
		};
	}

	private boolean isEmptyInside() {
		for (int i = this.value + 1; i < this.at - 1; i++) {
			if (!isSpace(this.json[i])) {
				return false;
			}
		}
		return true;
	}

	/** Returns the value if it is a string, else {@code null}. */
	@Nullable String text() {
		return (this.json[this.value] == '"') ? decode(this.value, this.at) : null;
	}

	/** Returns the value if it is a whole number of 0 to 18 digits, else -1. */
	long number() {
		int length = this.at - this.value;
		if (length > 18) {
			return -1;
		}
		long number = 0;
		for (int i = this.value; i < this.at; i++) {
			int digit = this.json[i] - '0';
			if (digit < 0 || digit > 9) {
				return -1;
			}
			number = 10 * number + digit;
		}
		return number;
	}

	/** Returns the index of the value's first byte. */
	int from() {
		return this.value;
	}

	/** Returns the index behind the value. */
	int to() {
		return this.at;
	}

	private boolean readProperty(int next) {
		this.name = this.at;
		if (next != '"' || !skipString()) {
			return false;
		}
		this.nameEnd = this.at;
		if (peek() != ':') {
			return false;
		}
		this.at++;
		return readValue(peek());
	}

	private boolean readValue(int next) {
		this.value = this.at;
		return switch (next) {
			case '"' -> skipString();
			case '{', '[' -> skipNested();
			default -> skipLiteral();
		};
	}

	private boolean skipString() {
		for (this.at++; this.at < this.end; this.at++) {
			byte b = this.json[this.at];
			if (b == '\\') {
				this.at++;
			}
			else if (b == '"') {
				this.at++;
				return true;
			}
		}
		return cutOff();
	}

	private boolean skipNested() {
		int depth = 0;
		while (this.at < this.end) {
			switch (this.json[this.at]) {
				case '"' -> {
					if (!skipString()) {
						return false;
					}
					continue;
				}
				case '{', '[' -> depth++;
				case '}', ']' -> depth--;
				default -> {
				}
			}
			this.at++;
			if (depth == 0) {
				return true;
			}
		}
		return cutOff();
	}

	private boolean skipLiteral() {
		int from = this.at;
		while (this.at < this.end) {
			byte b = this.json[this.at];
			if (b == ',' || b == '}' || b == ']' || isSpace(b)) {
				return this.at > from;
			}
			this.at++;
		}
		return cutOff();
	}

	private boolean cutOff() {
		this.at = this.end;
		return false;
	}

	/** Returns the next byte that is no white space, or -1 at the end. */
	private int peek() {
		while (this.at < this.end && isSpace(this.json[this.at])) {
			this.at++;
		}
		return (this.at < this.end) ? this.json[this.at] & 0xFF : -1;
	}

	private boolean isText(String text, int from, int to) {
		boolean same = to - from == text.length() + 2;
		for (int i = from + 1; i < to - 1; i++) {
			if (this.json[i] == '\\') {
				return text.equals(decode(from, to));
			}
			same = same && this.json[i] == text.charAt(i - from - 1);
		}
		return same;
	}

	private @Nullable String decode(int from, int to) {
		if (isPlain(from, to)) {
			return new String(this.json, from + 1, to - from - 2, StandardCharsets.US_ASCII);
		}
		try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), this.json, from, to - from)) {
			parser.nextToken();
			return parser.getString();
		}
		catch (JacksonException ex) {
			return null;
		}
	}

	/** Whether a string has neither escapes nor anything but printable ASCII. */
	private boolean isPlain(int from, int to) {
		for (int i = from + 1; i < to - 1; i++) {
			byte b = this.json[i];
			if (b < ' ' || b == '\\') {
				return false;
			}
		}
		return true;
	}

	private static boolean isSpace(byte b) {
		return b == ' ' || b == '\n' || b == '\r' || b == '\t';
	}

}
