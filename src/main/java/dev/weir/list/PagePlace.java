package dev.weir.list;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

import reactor.core.publisher.Mono;

import dev.weir.affinity.ObjectOwners;
import dev.weir.affinity.Owner;
import dev.weir.backend.Lanes;
import dev.weir.openai.list.ListCursor;
import dev.weir.openai.list.ListItem;
import dev.weir.openai.list.ListQuery;
import dev.weir.openai.list.MergedPage;
import dev.weir.openai.stored.StoredObject;
import dev.weir.request.Client;
import dev.weir.request.RequestContext;

/**
 * The place in the lists of all resources where a page begins. It is remembered from the
 * page before, or else found by the object that the cursor names. Used on the loop of the
 * request only.
 */
final class PagePlace {

	private final RequestContext context;

	private final ListQuery query;

	private final List<Resource> resources;

	private final List<Lanes> lanes;

	private final ListCalls calls;

	private final ObjectOwners owners;

	private final ListPositions positions;

	/**
	 * Creates the place of a request.
	 * @param context the request
	 * @param query the parameters of the list
	 * @param resources the resources and their lanes, in order
	 * @param calls calls the backends
	 * @param owners the owners of objects
	 * @param positions where pages ended
	 */
	PagePlace(RequestContext context, ListQuery query, Map<Resource, Lanes> resources, ListCalls calls,
			ObjectOwners owners, ListPositions positions) {
		this.context = context;
		this.query = query;
		this.resources = List.copyOf(resources.keySet());
		this.lanes = List.copyOf(resources.values());
		this.calls = calls;
		this.owners = owners;
		this.positions = positions;
	}

	/**
	 * Finds the place of the cursor in each list, and begins the lists there.
	 * @param lists the lists of all resources
	 * @return completes when that is done; {@link ListFailedException}, or the error for
	 * the client if the cursor is no object of a list
	 */
	Mono<Void> find(List<ResourceList> lists) {
		String cursor = this.query.cursor();
		if (cursor == null) {
			return Mono.empty();
		}
		ListPositions.Position known = this.positions.find(this.context.pool().name(), this.query, cursor);
		int owner = (known != null) ? this.resources.indexOf(known.owner()) : -1;
		if (known != null && owner >= 0) {
			begin(lists, cursor, new ListCursor(known.created(), owner), known.lastIds());
			return Mono.empty();
		}
		return owner(cursor).flatMap((rank) -> object(this.lanes.get(rank), cursor).map((item) -> found(rank, item)))
			.filter((found) -> found.stream().anyMatch(Optional::isPresent))
			.switchIfEmpty(ListCalls.all(this.lanes, (one) -> object(one, cursor)))
			.onErrorResume(PartFailedException.class, (failed) -> Mono.error(new ListFailedException(List.of(failed))))
			.map((found) -> {
				for (int rank = 0; rank < found.size(); rank++) {
					ListItem item = found.get(rank).orElse(null);
					if (item != null) {
						begin(lists, cursor, new ListCursor(item.created(), rank), Map.of());
						return true;
					}
				}
				throw this.query.unknownCursor();
			})
			.then();
	}

	/** The rank of the resource that owns an object, if that is known. */
	private Mono<Integer> owner(String id) {
		StoredObject object = StoredObject.of(this.query.list().kind(), id);
		if (object == null) {
			return Mono.empty();
		}
		return this.context.loop()
			.deliver(this.owners.find(List.of(object)))
			.flatMap((known) -> Mono.justOrEmpty(known.getOrDefault(object, List.of())
				.stream()
				.flatMap((owner) -> IntStream.range(0, this.lanes.size())
					.filter((rank) -> isOwnedBy(this.lanes.get(rank), owner))
					.boxed())
				.findFirst()));
	}

	private static boolean isOwnedBy(Lanes some, Owner owner) {
		return some.stream().anyMatch((lane) -> owner.isReachedBy(lane.backend()));
	}

	private List<Optional<ListItem>> found(int rank, Optional<ListItem> item) {
		List<Optional<ListItem>> found = new ArrayList<>(Collections.nCopies(this.lanes.size(), Optional.empty()));
		found.set(rank, item);
		return found;
	}

	private void begin(List<ResourceList> lists, String cursor, ListCursor place, Map<Resource, String> lastIds) {
		for (int rank = 0; rank < lists.size(); rank++) {
			if (rank == place.rank()) {
				lists.get(rank)
					.startAfterObjectOfResource(place, cursor, lastIds.containsKey(this.resources.get(rank)));
			}
			else {
				lists.get(rank).startAfter(place, lastIds.get(this.resources.get(rank)));
			}
		}
	}

	private Mono<Optional<ListItem>> object(Lanes one, String id) {
		return this.calls
			.get(one, this.query.object(this.context.call().path(), id),
					(body) -> ListItem.of(body, this.query.timeName()))
			.map((item) -> Optional.of(item).filter((it) -> it.id().equals(id)))
			.onErrorResume(PartFailedException.class,
					(failed) -> (failed.status() >= 400 && failed.status() < 500) ? Mono.just(Optional.empty())
							: Mono.error(failed))
			.onErrorMap(BodyTooLongException.class,
					(ex) -> PartFailedException.unusable(ListCalls.names(one), "The object is too long."));
	}

	/**
	 * Remembers the owners of the objects of a page, and where it ended.
	 * @param lists the lists of all resources
	 * @param page the page
	 */
	void remember(List<ResourceList> lists, MergedPage page) {
		rememberOwners(page);
		rememberPosition(lists, page);
	}

	private void rememberOwners(MergedPage page) {
		Map<Integer, List<StoredObject>> objects = new HashMap<>();
		for (int i = 0; i < page.items().size(); i++) {
			StoredObject object = StoredObject.of(this.query.list().kind(), page.items().get(i).id());
			if (object != null) {
				objects.computeIfAbsent(page.ranks().get(i), (rank) -> new ArrayList<>()).add(object);
			}
		}
		Client client = this.context.client();
		objects.forEach((rank, some) -> this.owners.rememberMentioned(some,
				Owner.of(this.lanes.get(rank).get(0).backend()), (client != null) ? client.principal() : null));
	}

	private void rememberPosition(List<ResourceList> lists, MergedPage page) {
		ListItem last = page.last(this.query);
		if (last == null) {
			return;
		}
		Map<Resource, String> lastIds = new HashMap<>();
		int owner = 0;
		for (int rank = 0; rank < lists.size(); rank++) {
			String id = page.lastIds().get(rank);
			String position = lists.get(rank).position();
			if (position != null) {
				lastIds.put(this.resources.get(rank), id.isEmpty() ? position : id);
			}
			owner = last.id().equals(id) ? rank : owner;
		}
		this.positions.remember(this.context.pool().name(), this.query, last.id(),
				new ListPositions.Position(this.resources.get(owner), last.created(), lastIds));
	}

}
