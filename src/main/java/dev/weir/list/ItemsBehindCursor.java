package dev.weir.list;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.list.ListCursor;
import dev.weir.openai.list.ListItem;
import dev.weir.openai.list.ListPage;

/**
 * The objects of one resource behind the cursor of a merged list, while its pages are
 * read. The cursor is an object of this resource or of another one.
 */
final class ItemsBehindCursor {

	private static final Comparator<ListItem> OLDEST_FIRST = Comparator.comparingLong(ListItem::created)
		.thenComparing(ListItem::id);

	private final int rank;

	private final boolean newestFirst;

	private final List<ListItem> items = new ArrayList<>();

	private final Set<String> seen = new HashSet<>();

	/** The ids of the objects that the client may see, {@code null} for all. */
	private @Nullable Set<String> shown;

	private @Nullable ListCursor cursor;

	/** The id of the cursor, if its object belongs to this resource. */
	private @Nullable String cursorId;

	/** The object before the first one behind the cursor, as far as it is known. */
	private @Nullable String position;

	/** Whether the place of the cursor is searched from the beginning. */
	private boolean searching;

	/**
	 * Begins without a cursor.
	 * @param rank the place of the resource in the order of all resources
	 * @param newestFirst the direction of reading
	 */
	ItemsBehindCursor(int rank, boolean newestFirst) {
		this.rank = rank;
		this.newestFirst = newestFirst;
	}

	/**
	 * Begins behind an object.
	 * @param place the place of the object
	 * @param id its id if it belongs to this resource, else {@code null}
	 * @param last the last object of this resource up to that place, empty if there is
	 * none, or {@code null} if that is not known
	 * @param search whether the pages begin before the place
	 */
	void start(ListCursor place, @Nullable String id, @Nullable String last, boolean search) {
		this.cursor = place;
		this.cursorId = id;
		this.position = last;
		this.searching = search;
	}

	/**
	 * Hides objects that are not the client's.
	 * @param ids the ids of the objects of the next page that the client may see
	 */
	void show(Set<String> ids) {
		if (this.shown == null) {
			this.shown = new HashSet<>();
		}
		this.shown.addAll(ids);
	}

	/** Searches the place of the cursor in the next pages. */
	void search() {
		this.searching = true;
	}

	boolean isSearching() {
		return this.searching;
	}

	List<ListItem> items() {
		return this.items;
	}

	/** The id of the last object of this resource before the first one here. */
	@Nullable String position() {
		return this.position;
	}

	/** Forgets the objects, since they are read again. */
	void clear() {
		this.items.clear();
		this.seen.clear();
	}

	/**
	 * Selects the objects of a page that no page before had.
	 * @param page the page
	 * @return the new objects
	 */
	List<ListItem> withoutRepeated(ListPage page) {
		return page.items().stream().filter((item) -> this.seen.add(item.id())).toList();
	}

	/**
	 * Whether a page is in order and continues the one before it.
	 * @param page the page
	 * @return {@code false} if an object of it belongs before one that was read
	 */
	boolean continues(ListPage page) {
		if (page.items().isEmpty()) {
			return true;
		}
		if (!page.isInOrder(this.newestFirst)) {
			return false;
		}
		long next = page.items().get(0).created();
		Long last = !this.items.isEmpty() ? Long.valueOf(this.items.get(this.items.size() - 1).created())
				: (this.cursorId != null && this.cursor != null && !this.searching)
						? Long.valueOf(this.cursor.created()) : null;
		return last == null || (this.newestFirst ? last >= next : last <= next);
	}

	/**
	 * Adds those objects of a page that are behind the cursor.
	 * @param page the objects of a page in the direction of reading
	 */
	void addInOrder(List<ListItem> page) {
		addBehindCursor(page, this.cursorId == null);
	}

	/**
	 * Adds objects whose place is decided by {@link #sort()}.
	 * @param page the objects of a page in any order
	 */
	void addUnsorted(List<ListItem> page) {
		this.items.addAll(page);
	}

	/** Sorts all objects of the resource and keeps those behind the cursor. */
	void sort() {
		List<ListItem> sorted = new ArrayList<>(this.items);
		sorted.sort(this.newestFirst ? OLDEST_FIRST.reversed() : OLDEST_FIRST);
		this.items.clear();
		// its object may have been deleted
		addBehindCursor(sorted, true);
	}

	private void addBehindCursor(List<ListItem> page, boolean byTime) {
		// while the place of the cursor is searched; or a backend ignores the cursor
		boolean skipping = this.cursorId != null
				&& ((this.searching && !byTime) || page.stream().anyMatch((item) -> item.id().equals(this.cursorId)));
		boolean comparing = byTime && !skipping;
		for (ListItem item : page) {
			if (skipping) {
				skipping = !item.id().equals(this.cursorId);
				this.searching &= skipping;
			}
			else if (comparing && this.cursor != null && !this.cursor.isBefore(item, this.rank, this.newestFirst)) {
				this.position = item.id();
			}
			else {
				this.searching = false;
				if (this.shown == null || this.shown.contains(item.id())) {
					this.items.add(item);
				}
			}
		}
	}

}
