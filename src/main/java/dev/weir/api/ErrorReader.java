package dev.weir.api;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Finds code and type in an error body.
 */
final class ErrorReader {

	private static final JsonFactory FACTORY = new JsonFactory();

	private @Nullable String code;

	private @Nullable String type;

	private ErrorReader() {
	}

	static ApiErrorCode read(byte[] body) {
		ErrorReader reader = new ErrorReader();
		// a copy, since a factory keeps the property names it has seen: these are foreign
		try (JsonParser parser = FACTORY.copy().createParser(ObjectReadContext.empty(), body)) {
			if (parser.nextToken() == JsonToken.START_OBJECT) {
				reader.readObject(parser, true);
			}
		}
		catch (JacksonException ex) {
			// no JSON, or cut off: what came before it counts
		}
		return new ApiErrorCode(reader.code, reader.type);
	}

	/** Returns whether the search is over. */
	private boolean readObject(JsonParser parser, boolean top) {
		for (String name = parser.nextName(); name != null; name = parser.nextName()) {
			JsonToken value = parser.nextToken();
			switch (name) {
				case "error" -> {
					if (top && value == JsonToken.START_OBJECT) {
						this.code = null;
						this.type = null;
						readObject(parser, false);
						return true;
					}
				}
				case "code" -> this.code = textOf(parser, value);
				case "statusCode" -> {
					if (top && this.code == null) {
						this.code = textOf(parser, value);
					}
				}
				case "type" -> this.type = textOf(parser, value);
				default -> {
				}
			}
			parser.skipChildren();
		}
		return false;
	}

	private static @Nullable String textOf(JsonParser parser, JsonToken value) {
		return (value == JsonToken.VALUE_STRING || value.isNumeric()) ? parser.getString() : null;
	}

}
