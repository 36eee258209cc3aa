package dev.weir.openai.list;

import java.util.Comparator;

/**
 * A place in a list that several servers share. Objects are ordered by the time of their
 * creation; of those with the same time, the objects of the server with the lowest rank
 * come first if the newest object does. The order of the objects of one server is its own
 * order. So each server's list is a part of the whole in both directions, and a place can
 * be found again by any object.
 *
 * @param created the time of creation of the object at this place, in seconds since 1970
 * @param rank the rank of its server
 */
public record ListCursor(long created, int rank) {

	private static final Comparator<ListCursor> OLDEST_FIRST = Comparator.comparingLong(ListCursor::created)
		.thenComparing(ListCursor::rank, Comparator.reverseOrder());

	private static final Comparator<ListCursor> NEWEST_FIRST = OLDEST_FIRST.reversed();

	/**
	 * The order of places.
	 * @param newestFirst whether the newest object comes first
	 * @return the order, in which objects of one server with the same time are equal
	 */
	static Comparator<ListCursor> order(boolean newestFirst) {
		return newestFirst ? NEWEST_FIRST : OLDEST_FIRST;
	}

	/**
	 * Whether an object of another server comes later.
	 * @param item the object
	 * @param itemRank the rank of its server
	 * @param newestFirst whether the newest object comes first
	 * @return whether it does; {@code false} for the place itself
	 */
	public boolean isBefore(ListItem item, int itemRank, boolean newestFirst) {
		return order(newestFirst).compare(this, new ListCursor(item.created(), itemRank)) < 0;
	}

}
