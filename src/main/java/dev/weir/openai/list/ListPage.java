package dev.weir.openai.list;

import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.JsonRecyclerPools;

/**
 * A page of a list, as a backend sent it: {@code {"object":"list","data":[…],
 * "has_more":…}}.
 *
 * @param items its objects in their order
 * @param hasMore whether objects follow, or {@code null} if the response does not show
 * it: then this may be the whole list or a page
 */
public record ListPage(List<ListItem> items, @Nullable Boolean hasMore) {

	private static final JsonFactory FACTORY = JsonFactory.builder()
		.disable(TokenStreamFactory.Feature.CHARSET_DETECTION)
		.recyclerPool(JsonRecyclerPools.threadLocalPool())
		.build();

	public ListPage {
		items = List.copyOf(items);
	}

	static JsonParser parser(byte[] json) {
		// a factory keeps the names of properties, which are foreign in metadata
		return FACTORY.copy().createParser(ObjectReadContext.empty(), json, 0, json.length);
	}

	/**
	 * Reads a page.
	 * @param json the body of the response
	 * @param timeName the name of the property with the time that orders the list
	 * @return the page, which shares the bytes
	 * @throws ListFormatException if it is not a list of objects with ids
	 */
	public static ListPage of(byte[] json, String timeName) {
		try (JsonParser parser = parser(json)) {
			return read(parser, json, timeName);
		}
		catch (JacksonException ex) {
			throw new ListFormatException("is not valid JSON");
		}
	}

	private static ListPage read(JsonParser parser, byte[] json, String timeName) {
		List<ListItem> items = null;
		Boolean hasMore = null;
		if (parser.nextToken() != JsonToken.START_OBJECT) {
			throw new ListFormatException("is not a list");
		}
		for (String name = parser.nextName(); name != null; name = parser.nextName()) {
			JsonToken value = parser.nextToken();
			if (name.equals("data") && value == JsonToken.START_ARRAY) {
				items = items(parser, json, timeName);
			}
			else if (name.equals("has_more")) {
				hasMore = (value == JsonToken.VALUE_TRUE || value == JsonToken.VALUE_FALSE)
						? Boolean.valueOf(value == JsonToken.VALUE_TRUE) : null;
			}
			parser.skipChildren();
		}
		if (items == null) {
			throw new ListFormatException("is not a list");
		}
		return new ListPage(items, hasMore);
	}

	private static List<ListItem> items(JsonParser parser, byte[] json, String timeName) {
		List<ListItem> items = new ArrayList<>();
		for (JsonToken element = parser.nextToken(); element != JsonToken.END_ARRAY; element = parser.nextToken()) {
			if (element != JsonToken.START_OBJECT) {
				throw new ListFormatException("is not a list of objects");
			}
			items.add(ListItem.read(parser, json, timeName));
		}
		return items;
	}

	/**
	 * Whether the objects are in the order of the query.
	 * @param newestFirst whether the newest one comes first
	 * @return whether no object is out of order
	 */
	public boolean isInOrder(boolean newestFirst) {
		for (int i = 1; i < this.items.size(); i++) {
			int step = Long.compare(this.items.get(i - 1).created(), this.items.get(i).created());
			if (newestFirst ? step < 0 : step > 0) {
				return false;
			}
		}
		return true;
	}

}
