package dev.weir.openai.error;

import java.nio.charset.StandardCharsets;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Finds code, type, parameter and message in an error body, in every shape that servers
 * are known to use: an {@code error} that is an object or a text, alone or in an array;
 * {@code detail}; the same properties at the top level; plain text.
 */
final class ErrorReader {

	private static final JsonFactory FACTORY = new JsonFactory();

	private static final int MAX_DEPTH = 4;

	private @Nullable String code;

	private @Nullable String type;

	private @Nullable String param;

	private @Nullable String message;

	private ErrorReader() {
	}

	static ErrorDetails read(byte[] body) {
		ErrorReader reader = new ErrorReader();
		int first = firstByte(body);
		if (first >= 0 && first != '{' && first != '[' && first != '"' && first != '<') {
			return new ErrorDetails(null, null, null, limited(new String(body, StandardCharsets.UTF_8).strip()));
		}
		// a copy: a factory caches the property names it reads, and these are foreign
		try (JsonParser parser = FACTORY.copy().createParser(ObjectReadContext.empty(), body)) {
			JsonToken token = parser.nextToken();
			if (token == JsonToken.START_ARRAY) {
				token = parser.nextToken();
			}
			if (token == JsonToken.START_OBJECT) {
				reader.readObject(parser, 0);
			}
			else if (token == JsonToken.VALUE_STRING) {
				reader.message = limited(parser.getString());
			}
		}
		catch (JacksonException ex) {
			// not JSON, or cut off: what came before counts
		}
		return new ErrorDetails(reader.code, reader.type, reader.param, reader.message);
	}

	private static int firstByte(byte[] body) {
		for (byte b : body) {
			if (b != ' ' && b != '\n' && b != '\r' && b != '\t') {
				return b & 0xFF;
			}
		}
		return -1;
	}

	/** Returns whether the reading is finished. */
	private boolean readObject(JsonParser parser, int depth) {
		for (String name = parser.nextName(); name != null; name = parser.nextName()) {
			JsonToken value = parser.nextToken();
			boolean object = value == JsonToken.START_OBJECT;
			switch (name) {
				case "error", "detail" -> {
					if (object && depth < MAX_DEPTH && (depth == 0 || name.equals("error"))) {
						this.code = null;
						this.type = null;
						readObject(parser, depth + 1);
						return true;
					}
					this.message = text(parser, value, this.message);
				}
				case "code" -> this.code = text(parser, value, null);
				case "statusCode" ->
					this.code = (depth == 0 && this.code == null) ? text(parser, value, null) : this.code;
				// Gemini's reason; its code only repeats the HTTP status
				case "status", "error_type" -> this.type = (this.type == null && value == JsonToken.VALUE_STRING)
						? text(parser, value, null) : this.type;
				case "type" -> this.type = text(parser, value, null);
				case "param" -> this.param = text(parser, value, null);
				case "message" -> this.message = text(parser, value, this.message);
				default -> {
				}
			}
			parser.skipChildren();
		}
		return false;
	}

	private static @Nullable String text(JsonParser parser, JsonToken value, @Nullable String otherwise) {
		return (value == JsonToken.VALUE_STRING || value.isNumeric()) ? limited(parser.getString()) : otherwise;
	}

	private static String limited(String text) {
		return (text.length() > ErrorDetails.MAX_MESSAGE) ? text.substring(0, ErrorDetails.MAX_MESSAGE) : text;
	}

}
