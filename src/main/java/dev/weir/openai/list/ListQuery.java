package dev.weir.openai.list;

import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.call.ApiPath;
import dev.weir.openai.call.Query;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;

/**
 * The parameters of a list: which part of it a client asks for. A page before an object
 * is the page after it in the opposite order, so only one direction is read.
 *
 * @param list the list
 * @param filter the other parameters of the query, which select objects
 * @param limit the largest number of objects of the page
 * @param sentLimit whether the client has sent the limit
 * @param newestFirst whether the list is <em>read</em> from the newest object to the
 * oldest
 * @param sentOrder whether {@code order} must be sent to a backend
 * @param cursor the id of the object that the page begins behind, or {@code null} for the
 * beginning
 * @param reversed whether the page is written in the opposite order of reading
 */
public record ListQuery(StoredList list, Query filter, int limit, boolean sentLimit, boolean newestFirst,
		boolean sentOrder, @Nullable String cursor, boolean reversed) {

	private static final String LIMIT = "limit";

	private static final String ORDER = "order";

	private static final String AFTER = "after";

	private static final String BEFORE = "before";

	/**
	 * Reads the parameters.
	 * @param list the list
	 * @param path the path and query of the call
	 * @return the parameters
	 * @throws ApiErrorException if one is not valid, with the error that OpenAI's API
	 * sends
	 */
	public static ListQuery of(StoredList list, ApiPath path) {
		Query query = Query.of(path.query());
		String order = last(query, ORDER);
		boolean newestFirst = list.isNewestFirst();
		if (list.hasOrder() && order != null) {
			newestFirst = switch (order) {
				case "desc" -> true;
				case "asc" -> false;
				default -> throw invalid("Invalid value: '" + order + "'. Supported values are: 'asc' and 'desc'.",
						ORDER, "invalid_value");
			};
		}
		String limit = last(query, LIMIT);
		String after = last(query, AFTER);
		String before = last(query, BEFORE);
		if (after != null && before != null) {
			throw invalid("Use one of 'after' and 'before', not both.", BEFORE, "invalid_value");
		}
		boolean reversed = before != null;
		return new ListQuery(list, query.without(LIMIT).without(ORDER).without(AFTER).without(BEFORE),
				(limit != null) ? limit(list, limit) : list.defaultLimit(), limit != null, newestFirst ^ reversed,
				list.hasOrder() && (order != null || reversed), reversed ? before : after, reversed);
	}

	private static @Nullable String last(Query query, String name) {
		List<String> values = query.values(name);
		String value = values.isEmpty() ? "" : values.get(values.size() - 1);
		return value.isEmpty() ? null : value;
	}

	private static int limit(StoredList list, String text) {
		if (!text.matches("[+-]?\\d{1,18}")) {
			throw invalid("Invalid type for 'limit': expected an integer, but got '" + shortened(text) + "' instead.",
					LIMIT, "invalid_type");
		}
		long limit = Long.parseLong(text);
		if (limit < list.minLimit()) {
			throw invalid("Invalid 'limit': integer below minimum value. Expected a value >= " + list.minLimit()
					+ ", but got " + limit + " instead.", LIMIT, "integer_below_min_value");
		}
		if (limit > list.maxLimit()) {
			throw invalid("Invalid 'limit': integer above maximum value. Expected a value <= " + list.maxLimit()
					+ ", but got " + limit + " instead.", LIMIT, "integer_above_max_value");
		}
		return (int) limit;
	}

	private static String shortened(String text) {
		return (text.length() > 40) ? text.substring(0, 40) + "…" : text;
	}

	private static ApiErrorException invalid(String message, String param, String code) {
		return new ApiErrorException(ApiError.invalid(400, message, param, code));
	}

	/**
	 * The name of the parameter that holds the cursor.
	 * @return {@code after} or {@code before}
	 */
	public String cursorName() {
		return this.reversed ? BEFORE : AFTER;
	}

	/**
	 * The error if the cursor is no object of the list.
	 * @return the error
	 */
	public ApiErrorException unknownCursor() {
		return new ApiErrorException(ApiError.invalid(404, "There is no object '" + this.cursor + "' in this list.",
				cursorName(), "not_found"));
	}

	/**
	 * The name of the property with the time that orders the list.
	 * @return {@code created_at}, unless the list has another name for it or the client
	 * wants another order
	 */
	public String timeName() {
		if (this.list == StoredList.EVALS && this.filter.values("order_by").contains("updated_at")) {
			return "updated_at";
		}
		return (this.list == StoredList.CHAT_COMPLETIONS) ? "created" : "created_at";
	}

	/**
	 * The path and query of one page of one backend.
	 * @param client the path of the client's call
	 * @param after the id of the object that the page begins behind, or {@code null} for
	 * the beginning
	 * @param size the largest number of objects, or 0 for the default
	 * @return the path
	 */
	public ApiPath page(ApiPath client, @Nullable String after, int size) {
		Query query = this.filter;
		if (after != null) {
			query = query.with(AFTER, after);
		}
		if (size > 0) {
			query = query.with(LIMIT, String.valueOf(size));
		}
		if (this.sentOrder) {
			query = query.with(ORDER, this.newestFirst ? "desc" : "asc");
		}
		return client.with(this.list.path(), query);
	}

	/**
	 * The path and query of one object of the list.
	 * @param client the path of the client's call
	 * @param id the id of the object
	 * @return the path
	 */
	public ApiPath object(ApiPath client, String id) {
		return client.with(this.list.path() + "/" + Query.encode(id), Query.of(client.query()).only("api-version"));
	}

}
