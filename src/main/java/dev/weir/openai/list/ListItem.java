package dev.weir.openai.list;

import java.util.Arrays;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * An object of a list, which is relayed byte for byte.
 *
 * @param id its id
 * @param created when it was created, in seconds since 1970; 0 if it has no such property
 * @param page the bytes of the page that contains it
 * @param from the index of its first byte
 * @param to the index after its last byte
 */
public record ListItem(String id, long created, byte[] page, int from, int to) {

	/**
	 * Reads an object.
	 * @param json the JSON of the object
	 * @param timeName the name of the property with the time that orders the list
	 * @return the object
	 * @throws ListFormatException if it is not an object with an id
	 */
	public static ListItem of(byte[] json, String timeName) {
		try (JsonParser parser = ListPage.parser(json)) {
			if (parser.nextToken() != JsonToken.START_OBJECT) {
				throw new ListFormatException("is not an object");
			}
			return read(parser, json, timeName);
		}
		catch (JacksonException ex) {
			throw new ListFormatException("is not valid JSON");
		}
	}

	/** Reads the object that the parser has just entered. */
	static ListItem read(JsonParser parser, byte[] page, String timeName) {
		int from = (int) parser.currentTokenLocation().getByteOffset();
		String id = null;
		long created = 0;
		Long time = null;
		for (String name = parser.nextName(); name != null; name = parser.nextName()) {
			JsonToken value = parser.nextToken();
			if (name.equals("id") && value == JsonToken.VALUE_STRING) {
				id = parser.getString();
			}
			else if (name.equals(timeName)) {
				time = seconds(parser, value);
			}
			// chat completions have the shorter name
			else if (name.equals("created_at") || name.equals("created")) {
				Long seconds = seconds(parser, value);
				created = (seconds != null) ? seconds : created;
			}
			parser.skipChildren();
		}
		if (id == null) {
			throw new ListFormatException("has an object without an id");
		}
		return new ListItem(id, (time != null) ? time : created, page, from,
				(int) parser.currentLocation().getByteOffset());
	}

	private static @Nullable Long seconds(JsonParser parser, JsonToken value) {
		return switch (value) {
			case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT ->
				Double.valueOf(Math.floor(parser.getDoubleValue())).longValue();
			default -> null;
		};
	}

	int length() {
		return this.to - this.from;
	}

	@Override
	public boolean equals(@Nullable Object other) {
		return other instanceof ListItem that && this.id.equals(that.id) && this.created == that.created
				&& Arrays.equals(this.page, this.from, this.to, that.page, that.from, that.to);
	}

	@Override
	public int hashCode() {
		return this.id.hashCode();
	}

	@Override
	public String toString() {
		return this.id + "@" + this.created;
	}

}
