package dev.weir.list;

import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import dev.weir.backend.Lanes;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.list.ListCursor;
import dev.weir.openai.list.ListItem;
import dev.weir.openai.list.ListItem;
import dev.weir.openai.list.ListPage;
import dev.weir.openai.list.ListQuery;
import dev.weir.openai.list.MergedPage;

/**
 * The list of one resource: reads as many pages as are needed for one page of the merged
 * list. A resource whose pages are not in the order of creation, or that has no pages, is
 * read to its end and sorted. Used on the loop of the request only.
 */
final class ResourceList {

	/** How many pages of one resource are read for one page of a list. */
	static final int MAX_PAGES = 200;

	/** The smallest page that is asked for, so that a wrong order shows. */
	private static final int MIN_PAGE = 10;

	/**
	 * The default of most lists, and the smallest limit to which servers lower others.
	 */
	private static final int USUAL_PAGE = 20;

	private final Lanes lanes;

	private final ListQuery query;

	private final ApiPath client;

	private final ListCalls calls;

	private final ItemsBehindCursor items;

	private final @Nullable ObjectsOfClient own;

	/** The object that the next page begins behind. */
	private @Nullable String after;

	/** Whether {@link #after} is remembered from an earlier page of the list. */
	private boolean remembered;

	/** Whether the list is read to its end and sorted. */
	private boolean whole;

	private int pages;

	/** The limit of the last page that was asked for, or 0 for the default. */
	private int asked;

	/** The largest page that is short enough, or 0. */
	private int shortPage;

	private @Nullable PartFailedException unknown;

	/**
	 * Creates the list of a resource.
	 * @param lanes the lanes of its backends
	 * @param rank its place in the order of all resources
	 * @param query the parameters of the list
	 * @param client the path of the client's call
	 * @param calls calls the backends
	 * @param own the objects that the client may see, {@code null} for all
	 */
	ResourceList(Lanes lanes, int rank, ListQuery query, ApiPath client, ListCalls calls,
			@Nullable ObjectsOfClient own) {
		this.own = own;
		this.lanes = lanes;
		this.items = new ItemsBehindCursor(rank, query.newestFirst());
		this.query = query;
		this.client = client;
		this.calls = calls;
	}

	Lanes lanes() {
		return this.lanes;
	}

	/**
	 * Begins behind an object of this resource.
	 * @param place the place of the object
	 * @param id its id
	 * @param inOrder whether the resource is known to have pages in the right order, so
	 * that it finds the place itself
	 */
	void startAfterObjectOfResource(ListCursor place, String id, boolean inOrder) {
		this.items.start(place, id, id, !inOrder);
		this.after = inOrder ? id : null;
	}

	/**
	 * Begins behind an object of another resource.
	 * @param place the place of the object
	 * @param last the last object of this resource before that place, empty if there is
	 * none, or {@code null} if that is not known
	 */
	void startAfter(ListCursor place, @Nullable String last) {
		this.items.start(place, null, last, last == null);
		this.remembered = last != null && !last.isEmpty();
		this.after = this.remembered ? last : null;
	}

	/**
	 * The last object of this resource before the page of the merged list.
	 * @return its id, or empty if there is none; {@code null} if the resource cannot find
	 * it again, because its pages have another order
	 */
	@Nullable String position() {
		return this.whole ? null : Objects.requireNonNullElse(this.items.position(), "");
	}

	/**
	 * Adds the refusal of a backend that does not seem to know the list. Without effect
	 * if the backend knows the list.
	 * @param refusals the refusals of all resources
	 */
	void addUnknown(List<PartFailedException> refusals) {
		if (this.unknown != null) {
			refusals.add(this.unknown);
		}
	}

	/**
	 * Reads the objects.
	 * @return those behind the beginning: as many as a page may have, or all;
	 * {@link PartFailedException} if they cannot be read
	 */
	Mono<MergedPage.Part> read() {
		if (this.pages == MAX_PAGES) {
			return Mono.error(PartFailedException.unusable(ListCalls.names(this.lanes),
					this.items.isSearching() || this.own == null
							? "The place of the cursor was not found in its first " + MAX_PAGES + " pages."
							: "Its next " + MAX_PAGES + " pages have too few objects of this client."));
		}
		this.asked = size();
		ApiPath page = this.query.page(this.client, this.after, this.asked);
		return this.calls.get(this.lanes, page, (body) -> ListPage.of(body, this.query.timeName()))
			.flatMap(this::select).<Supplier<Mono<MergedPage
					.Part>>>map((read) -> () -> onPage(read))
			.onErrorResume(BodyTooLongException.class, (ex) -> Mono.just(this::onTooLong))
			.onErrorResume(PartFailedException.class, (ex) -> Mono.just(() -> onFailed(ex)))
			.flatMap(Supplier::get);
	}

	/** Finds out which objects of a page the client may see. */
	private Mono<ListPage> select(ListPage page) {
		if (this.own == null) {
			return Mono.just(page);
		}
		return this.own.among(page.items().stream().map(ListItem::id).toList()).map((ids) -> {
			this.items.show(ids);
			return page;
		});
	}

	/**
	 * How many objects are wanted: with one more, the page knows whether others follow.
	 */
	private int wanted() {
		return Math.max(1, this.query.limit()) + ((this.own != null) ? 1 : 0);
	}

	private int size() {
		int size = (this.items.isSearching() || this.whole || this.own != null) ? this.query.list().maxLimit()
				: this.query.sentLimit() ? Math.max(MIN_PAGE, this.query.limit()) : 0;
		return (this.shortPage == 0) ? size : (size == 0) ? this.shortPage : Math.min(size, this.shortPage);
	}

	/** The number of objects from which on others may follow. Servers lower a limit. */
	private int fullSize() {
		int usual = this.query.list().defaultLimit();
		int size = this.asked;
		return (size > 0) ? Math.min(size, Math.min(usual, USUAL_PAGE)) : Math.min(usual, USUAL_PAGE);
	}

	private Mono<MergedPage.Part> onTooLong() {
		int size = (size() > 0) ? size() : this.query.limit();
		if (size <= 1) {
			return Mono.error(PartFailedException.unusable(ListCalls.names(this.lanes),
					"A page has more than " + PageBody.MAX + " bytes."));
		}
		this.shortPage = Math.max(1, size / 8);
		return read();
	}

	private Mono<MergedPage.Part> onFailed(PartFailedException failed) {
		if (this.remembered && failed.status() >= 400) {
			// the object was deleted
			this.remembered = false;
			this.items.search();
			this.after = null;
			return read();
		}
		boolean unknownList = failed.status() == 404 || failed.isUnsupported();
		if (unknownList && this.after == null && this.pages == 0) {
			this.unknown = failed;
			return Mono.just(new MergedPage.Part(List.of(), false));
		}
		return Mono.error(failed);
	}

	private Mono<MergedPage.Part> onPage(ListPage page) {
		this.pages++;
		this.remembered = false;
		boolean unsorted = page.hasMore() == null || !this.items.continues(page);
		if (unsorted && !this.whole) {
			this.whole = true;
			this.items.clear();
			if (this.after != null) {
				this.after = null;
				return read();
			}
		}
		List<ListItem> added = this.items.withoutRepeated(page);
		boolean more = (page.hasMore() != null) ? page.hasMore() && !page.items().isEmpty()
				// a backend without pages sends the same objects again
				: page.items().size() >= fullSize() && !added.isEmpty();
		if (more && added.isEmpty()) {
			return Mono.error(PartFailedException.unusable(ListCalls.names(this.lanes),
					"It sends the same page again and again."));
		}
		if (this.whole) {
			this.items.addUnsorted(added);
		}
		else {
			this.items.addInOrder(added);
		}
		if (more && (this.whole || this.items.items().size() < wanted())) {
			this.after = page.items().get(page.items().size() - 1).id();
			return read();
		}
		if (this.whole) {
			this.items.sort();
		}
		return Mono.just(new MergedPage.Part(this.items.items(), more && !this.whole && this.own == null));
	}

}
