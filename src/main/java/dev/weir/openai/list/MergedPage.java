package dev.weir.openai.list;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.io.JsonStringEncoder;

/**
 * A page of the list that several servers share.
 *
 * @param items the objects in the order of the client
 * @param hasMore whether objects follow in the direction of reading
 * @param ranks the rank of the server of each object
 * @param lastIds by rank: the id of the last object of each server up to the end of the
 * page in the direction of reading, or empty if the page has none of its objects
 */
public record MergedPage(List<ListItem> items, boolean hasMore, List<Integer> ranks, List<String> lastIds) {

	/**
	 * Merges the objects of all servers.
	 * @param parts the objects of each server behind the place where the page begins, by
	 * rank: as many as the page may have, or all
	 * @param query the parameters of the list
	 * @return the page
	 */
	public static MergedPage of(List<Part> parts, ListQuery query) {
		Comparator<ListCursor> order = ListCursor.order(query.newestFirst());
		PriorityQueue<Head> heads = new PriorityQueue<>(Math.max(1, parts.size()),
				(one, other) -> order.compare(one.place(), other.place()));
		List<String> lastIds = new ArrayList<>(Collections.nCopies(parts.size(), ""));
		boolean more = false;
		for (int rank = 0; rank < parts.size(); rank++) {
			more |= parts.get(rank).more();
			if (!parts.get(rank).items().isEmpty()) {
				heads.add(new Head(parts.get(rank).items(), 0, rank));
			}
		}
		List<ListItem> merged = new ArrayList<>();
		List<Integer> ranks = new ArrayList<>();
		Set<String> ids = new HashSet<>();
		Head head = heads.poll();
		while (head != null && merged.size() < query.limit()) {
			lastIds.set(head.rank(), head.item().id());
			// two keys of one account see the same objects
			if (ids.add(head.item().id())) {
				merged.add(head.item());
				ranks.add(head.rank());
			}
			if (head.next() < head.items().size() - 1) {
				heads.add(new Head(head.items(), head.next() + 1, head.rank()));
			}
			head = heads.poll();
		}
		if (query.reversed()) {
			Collections.reverse(merged);
			Collections.reverse(ranks);
		}
		return new MergedPage(merged, more || head != null, ranks, lastIds);
	}

	/**
	 * The object that the next page in the direction of reading begins behind.
	 * @param query the parameters of the list
	 * @return the object, or {@code null} if the page is empty
	 */
	public @Nullable ListItem last(ListQuery query) {
		return this.items.isEmpty() ? null : this.items.get(query.reversed() ? 0 : this.items.size() - 1);
	}

	/**
	 * The number of bytes of its objects.
	 * @return the number, with the commas between them
	 */
	public int length() {
		int length = 0;
		for (ListItem item : this.items) {
			length = Math.addExact(length, item.length() + 1);
		}
		return length;
	}

	/**
	 * Writes the page in the shape of OpenAI's API.
	 * @return the JSON, in UTF-8
	 */
	public byte[] toJson() {
		ByteArrayOutputStream json = new ByteArrayOutputStream(length() + 256);
		write(json, "{\"object\":\"list\",\"data\":[");
		for (int i = 0; i < this.items.size(); i++) {
			ListItem item = this.items.get(i);
			if (i > 0) {
				json.write(',');
			}
			json.write(item.page(), item.from(), item.length());
		}
		write(json, "],\"first_id\":" + id(0) + ",\"last_id\":" + id(this.items.size() - 1) + ",\"has_more\":"
				+ this.hasMore + "}");
		return json.toByteArray();
	}

	private String id(int index) {
		if (this.items.isEmpty()) {
			return "null";
		}
		StringBuilder id = new StringBuilder("\"");
		JsonStringEncoder.getInstance().quoteAsString(this.items.get(index).id(), id);
		return id.append('"').toString();
	}

	private static void write(ByteArrayOutputStream json, String text) {
		json.writeBytes(text.getBytes(StandardCharsets.UTF_8));
	}

	/**
	 * The objects of one server.
	 *
	 * @param items the objects in the direction of reading
	 * @param more whether the server has more of them
	 */
	public record Part(List<ListItem> items, boolean more) {
	}

	private record Head(List<ListItem> items, int next, int rank) {

		ListItem item() {
			return this.items.get(this.next);
		}

		ListCursor place() {
			return new ListCursor(item().created(), this.rank);
		}

	}

}
