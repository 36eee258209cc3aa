package dev.weir.list;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.http.server.reactive.ServerHttpResponse;

import dev.weir.affinity.ObjectOwners;
import dev.weir.backend.Lanes;
import dev.weir.failover.BackendCaller;
import dev.weir.failover.Failover;
import dev.weir.memory.BufferBudget;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.list.ListQuery;
import dev.weir.openai.list.MergedPage;
import dev.weir.openai.list.StoredList;
import dev.weir.reply.WholeReply;
import dev.weir.request.RequestContext;

/**
 * Replies to a list of stored objects, such as {@code GET /files}, with the objects of
 * all backends of a pool in one order. A list is complete or an error: if one backend
 * cannot be read, the client gets an error that names it.
 */
public final class MergedLists {

	private final Failover failover;

	private final BufferBudget budget;

	private final ObjectOwners owners;

	private final ListPositions positions;

	/**
	 * Creates the lists of all pools.
	 * @param failover makes the attempts
	 * @param budget counts the bytes of the pages that are merged
	 * @param owners remembers the owner of each object that a client sees
	 * @param ticker a monotonic clock in nanoseconds
	 */
	public MergedLists(Failover failover, BufferBudget budget, ObjectOwners owners, Ticker ticker) {
		this.failover = failover;
		this.budget = budget;
		this.owners = owners;
		this.positions = new ListPositions(ticker);
	}

	/**
	 * Whether a request is for a list that must be merged, or reduced to the objects of
	 * its client.
	 * @param context the request, routed to a pool and read
	 * @return {@code false} for other calls, and if one resource stores all objects of
	 * all clients
	 */
	public static boolean isMerged(RequestContext context) {
		StoredList list = StoredList.of(context.call().path());
		if (list == null || context.call().isHandshake()) {
			return false;
		}
		return context.client() != null || (list.isSpecified() && hasSeveralResources(context));
	}

	private static boolean hasSeveralResources(RequestContext context) {
		return context.pool().lanes("").stream().map((lane) -> Resource.of(lane.backend())).distinct().count() > 1;
	}

	/**
	 * Replies to a request for a list.
	 * @param context the request, for which {@link #isMerged} is {@code true}
	 * @param callers creates the caller of the backends for a part of the request
	 * @param client the response of which the head is written
	 * @return completes when the context has the reply; an error of the client's
	 * parameters
	 */
	public Mono<Void> run(RequestContext context, Function<RequestContext, BackendCaller> callers,
			ServerHttpResponse client) {
		StoredList list = StoredList.of(context.call().path());
		if (list == null) {
			throw new IllegalArgumentException("Not a list");
		}
		return Mono.defer(() -> {
			ApiPath path = context.call().path();
			Lanes lanes = context.pool().lanes("");
			Lanes taking = lanes.taking(!path.fitsOpenAi(), path.lacksApiVersion());
			if (taking.size() < lanes.size()) {
				return Mono.error(noVersion(lanes, taking));
			}
			context.pool().retryBudget().recordRequest();
			ListCalls calls = new ListCalls(context, this.failover, callers,
					this.budget.open(context.competingClient()));
			ListQuery query = ListQuery.of(list, path);
			Map<Resource, Lanes> resources = Resource.group(taking);
			ObjectsOfClient own = ObjectsOfClient.of(context, list, this.owners);
			PagePlace place = new PagePlace(context, query, resources, calls, this.owners, this.positions);
			ListReply reply = new ListReply(context, query, calls, client);
			List<ResourceList> lists = lists(List.copyOf(resources.values()), query, path, calls, own);
			return checkCursor(query, own).then(read(lists, query, place, reply))
				.timeout(context.loop().delay(context.pool().properties().deadline()), Mono.fromSupplier(() -> {
					calls.stop();
					return reply.late();
				}))
				.doOnNext(context::reply)
				.doFinally((signal) -> calls.stop())
				.then();
		});
	}

	private static ApiErrorException noVersion(Lanes lanes, Lanes taking) {
		String names = lanes.stream()
			.filter((lane) -> !taking.contains(lane))
			.map((lane) -> lane.backend().name())
			.collect(Collectors.joining(", "));
		return new ApiErrorException(ApiError.invalid(400,
				"The list needs the query parameter api-version, or the property api-version of the backend " + names
						+ ". Paths under /openai/v1/ and /v1/ need none.",
				"api-version", "missing_required_parameter"));
	}

	/** The cursor of a client is an object that it can see. */
	private static Mono<Void> checkCursor(ListQuery query, @Nullable ObjectsOfClient own) {
		String cursor = query.cursor();
		if (own == null || cursor == null) {
			return Mono.empty();
		}
		return own.among(List.of(cursor)).filter(Set::isEmpty).flatMap((none) -> Mono.error(query.unknownCursor()));
	}

	private static List<ResourceList> lists(List<Lanes> resources, ListQuery query, ApiPath path, ListCalls calls,
			@Nullable ObjectsOfClient own) {
		return IntStream.range(0, resources.size())
			.mapToObj((rank) -> new ResourceList(resources.get(rank), rank, query, path, calls, own))
			.toList();
	}

	private static Mono<WholeReply> read(List<ResourceList> lists, ListQuery query, PagePlace place, ListReply reply) {
		return place.find(lists).then(Mono.defer(() -> ListCalls.all(lists, ResourceList::read))).map((parts) -> {
			List<PartFailedException> unknown = new ArrayList<>();
			lists.forEach((list) -> list.addUnknown(unknown));
			if (unknown.size() == lists.size()) {
				return reply.failure(unknown);
			}
			List<PartFailedException> missing = unknown.stream().filter((one) -> !one.isUnsupported()).toList();
			if (!missing.isEmpty()) {
				return reply.incomplete(missing);
			}
			MergedPage page = MergedPage.of(parts, query);
			place.remember(lists, page);
			return reply.page(page, page.ranks().stream().distinct().map((rank) -> lists.get(rank).lanes()).toList(),
					unknown);
		}).onErrorResume(ListFailedException.class, (failed) -> Mono.fromSupplier(() -> reply.failure(failed.parts())));
	}

}
