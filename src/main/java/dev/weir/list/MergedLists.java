package dev.weir.list;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import com.github.benmanes.caffeine.cache.Ticker;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;

import dev.weir.affinity.ObjectOwners;
import dev.weir.affinity.Owner;
import dev.weir.backend.Lanes;
import dev.weir.backend.Pool;
import dev.weir.failover.BackendCaller;
import dev.weir.failover.Failover;
import dev.weir.memory.BufferBudget;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.list.ListCursor;
import dev.weir.openai.list.ListItem;
import dev.weir.openai.list.ListQuery;
import dev.weir.openai.list.MergedPage;
import dev.weir.openai.list.StoredList;
import dev.weir.openai.stored.StoredObject;
import dev.weir.reply.WholeReply;
import dev.weir.request.RequestContext;
import dev.weir.response.ErrorResponse;

/**
 * Replies to a list of stored objects, such as {@code GET /files}, with the objects of
 * all backends of a pool in one order. A list is complete or an error: if one backend
 * cannot be read, the client gets an error that names it.
 */
public final class MergedLists {

	/** How many resources are read at a time. */
	private static final int PARALLEL = 16;

	/** Names the backends that do not know the path of a list. */
	private static final String WITHOUT_LIST = "x-weir-backends-without-list";

	private static final Logger logger = LoggerFactory.getLogger(MergedLists.class);

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
	 * Whether a request is for a list that must be merged.
	 * @param context the request, routed to a pool and read
	 * @return {@code false} for other calls, and if one resource stores all objects
	 */
	public static boolean isMerged(RequestContext context) {
		return StoredList.of(context.call().path()) != null
				&& context.pool().lanes("").stream().map((lane) -> Resource.of(lane.backend())).distinct().count() > 1;
	}

	/**
	 * Replies to a request for a list.
	 * @param context the request, for which {@link #isMerged} is {@code true}
	 * @param callers creates what calls the backends for a part of the request
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
			ListCalls calls = new ListCalls(context, this.failover, callers, this.budget.open());
			Run run = new Run(context, ListQuery.of(list, path), Resource.group(taking), calls, client);
			return run.reply()
				.timeout(context.loop().delay(context.pool().properties().deadline()),
						Mono.defer(run::replyAfterDeadline))
				.doFinally((signal) -> calls.stop());
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

	/** One request. */
	private final class Run {

		private final RequestContext context;

		private final ListQuery query;

		private final List<Resource> resources;

		private final List<Lanes> lanes;

		private final ListCalls calls;

		private final ServerHttpResponse client;

		Run(RequestContext context, ListQuery query, Map<Resource, Lanes> resources, ListCalls calls,
				ServerHttpResponse client) {
			this.context = context;
			this.query = query;
			this.resources = List.copyOf(resources.keySet());
			this.lanes = List.copyOf(resources.values());
			this.calls = calls;
			this.client = client;
		}

		Mono<Void> reply() {
			List<ResourceList> lists = new ArrayList<>();
			for (int rank = 0; rank < this.resources.size(); rank++) {
				lists.add(new ResourceList(this.lanes.get(rank), rank, this.query, path(), this.calls));
			}
			return start(lists).then(Mono.defer(() -> all(lists, ResourceList::read)))
				.map((parts) -> merge(lists, parts))
				.onErrorResume(ListFailedException.class, (failed) -> Mono.fromSupplier(() -> failure(failed.parts())))
				.doOnNext(this.context::reply)
				.then();
		}

		private ApiPath path() {
			return this.context.call().path();
		}

		private Pool pool() {
			return this.context.pool();
		}

		/** Finds the place of the cursor in each list. */
		private Mono<Void> start(List<ResourceList> lists) {
			String cursor = this.query.cursor();
			if (cursor == null) {
				return Mono.empty();
			}
			ListPositions.Position known = MergedLists.this.positions.find(pool().name(), this.query, cursor);
			int owner = (known != null) ? this.resources.indexOf(known.owner()) : -1;
			if (known != null && owner >= 0) {
				begin(lists, cursor, new ListCursor(known.created(), owner), known.lastIds());
				return Mono.empty();
			}
			return owner(cursor).flatMap((rank) -> find(this.lanes.get(rank), cursor).map((item) -> found(rank, item)))
				.filter((found) -> found.stream().anyMatch(Optional::isPresent))
				.switchIfEmpty(all(this.lanes, (one) -> find(one, cursor)))
				.onErrorResume(PartFailedException.class,
						(failed) -> Mono.error(new ListFailedException(List.of(failed))))
				.map((found) -> {
					for (int rank = 0; rank < found.size(); rank++) {
						ListItem item = found.get(rank).orElse(null);
						if (item != null) {
							begin(lists, cursor, new ListCursor(item.created(), rank), Map.of());
							return true;
						}
					}
					throw new ApiErrorException(ApiError.invalid(404,
							"There is no object '" + cursor + "' in this list.", this.query.cursorName(), "not_found"));
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
				.deliver(MergedLists.this.owners.find(List.of(object)))
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
					lists.get(rank).startAfterOwn(place, cursor, lastIds.containsKey(this.resources.get(rank)));
				}
				else {
					lists.get(rank).startAfter(place, lastIds.get(this.resources.get(rank)));
				}
			}
		}

		private Mono<Optional<ListItem>> find(Lanes one, String id) {
			return this.calls
				.get(one, this.query.object(path(), id), (body) -> ListItem.of(body, this.query.timeName()))
				.map((item) -> Optional.of(item).filter((it) -> it.id().equals(id)))
				.onErrorResume(PartFailedException.class,
						(failed) -> (failed.status() >= 400 && failed.status() < 500) ? Mono.just(Optional.empty())
								: Mono.error(failed))
				.onErrorMap(BodyTooLongException.class,
						(ex) -> PartFailedException.unusable(ListCalls.names(one), "The object is too long."));
		}

		/**
		 * Runs a step for each resource.
		 * @return the results in order; {@link ListFailedException} with all failures
		 */
		private <T, R> Mono<List<R>> all(List<T> parts, Function<T, Mono<R>> step) {
			List<PartFailedException> failures = new ArrayList<>();
			return Flux.fromIterable(parts)
				.flatMapSequential((part) -> step.apply(part).onErrorResume(PartFailedException.class, (failed) -> {
					failures.add(failed);
					return Mono.empty();
				}), PARALLEL)
				.collectList()
				.flatMap((results) -> failures.isEmpty() ? Mono.just(results)
						: Mono.error(new ListFailedException(failures)));
		}

		private WholeReply merge(List<ResourceList> lists, List<MergedPage.Part> parts) {
			List<PartFailedException> unknown = new ArrayList<>();
			lists.forEach((list) -> list.addUnknown(unknown));
			if (unknown.size() == lists.size()) {
				return failure(unknown);
			}
			List<PartFailedException> failed = unknown.stream().filter((one) -> !one.isUnsupported()).toList();
			if (!failed.isEmpty()) {
				return incomplete(failed);
			}
			unknown.forEach((one) -> logger.info(
					"{} has no list of {} (status {}), so the merged list has no objects of it [{}]", one.backend(),
					this.query.list().path(), one.status(), this.context.id()));
			MergedPage page = MergedPage.of(parts, this.query);
			byte[] json = page.toJson();
			rememberOwners(page);
			rememberPosition(lists, page);
			HttpHeaders headers = head(200, json.length);
			headers.set("x-weir-backend", String.join(",", this.calls.backends()));
			if (!unknown.isEmpty()) {
				headers.set(WITHOUT_LIST,
						unknown.stream().map(PartFailedException::backend).sorted().collect(Collectors.joining(",")));
			}
			return new WholeReply(json);
		}

		private void rememberOwners(MergedPage page) {
			Map<Integer, List<StoredObject>> objects = new HashMap<>();
			for (int i = 0; i < page.items().size(); i++) {
				StoredObject object = StoredObject.of(this.query.list().kind(), page.items().get(i).id());
				if (object != null) {
					objects.computeIfAbsent(page.ranks().get(i), (rank) -> new ArrayList<>()).add(object);
				}
			}
			objects.forEach((rank, some) -> MergedLists.this.owners.remember(some,
					Owner.of(this.lanes.get(rank).get(0).backend())));
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
			MergedLists.this.positions.remember(pool().name(), this.query, last.id(),
					new ListPositions.Position(this.resources.get(owner), last.created(), lastIds));
		}

		private WholeReply failure(List<PartFailedException> failures) {
			for (PartFailedException failed : failures) {
				ErrorResponse refusal = failed.refusal();
				if (refusal != null && refusal.isWhole() && refusal.status() < 500) {
					return refusal(failed.backend(), refusal);
				}
			}
			return incomplete(failures);
		}

		private WholeReply incomplete(List<PartFailedException> failures) {
			Map<String, String> headers = new HashMap<>();
			List<String> reasons = new ArrayList<>();
			for (PartFailedException failed : failures) {
				reasons.add(failed.backend() + ": " + failed.getMessage());
				failed.headers().forEach((name, value) -> headers.merge(name, value, Run::longer));
			}
			return error(503, "The list is not complete, because the objects of some backends are missing. "
					+ String.join(" ", reasons), "incomplete_list", headers);
		}

		private static String longer(String one, String other) {
			return (one.length() > other.length() || (one.length() == other.length() && one.compareTo(other) > 0)) ? one
					: other;
		}

		private WholeReply refusal(String backend, ErrorResponse refusal) {
			HttpHeaders headers = head(refusal.status(), refusal.body().length);
			refusal.headers().forEach(headers::put);
			headers.setContentLength(refusal.body().length);
			headers.set("x-weir-backend", backend);
			return new WholeReply(refusal.body());
		}

		Mono<Void> replyAfterDeadline() {
			this.calls.stop();
			this.context.reply(
					error(504, "The list was not read before the deadline (weir.pools." + pool().name() + ".deadline).",
							"timeout", Map.of("retry-after", "1", "retry-after-ms", "1000")));
			return Mono.empty();
		}

		private WholeReply error(int status, String message, String code, Map<String, String> more) {
			logger.warn("The list of {} failed: {} [{}]", this.query.list().path(), message, this.context.id());
			byte[] body = new ApiError(status, message, "server_error", null, code).toJson();
			more.forEach(head(status, body.length)::set);
			return new WholeReply(body);
		}

		private HttpHeaders head(int status, int length) {
			this.client.setRawStatusCode(status);
			HttpHeaders headers = this.client.getHeaders();
			headers.setContentType(MediaType.APPLICATION_JSON);
			headers.setContentLength(length);
			headers.set("x-weir-attempts", String.valueOf(this.calls.attempts()));
			return headers;
		}

	}

	/** Some parts of a list could not be read. */
	private static final class ListFailedException extends RuntimeException {

		private final transient List<PartFailedException> parts;

		ListFailedException(List<PartFailedException> parts) {
			super("A part of the list failed", null, false, false);
			this.parts = parts;
		}

		List<PartFailedException> parts() {
			return this.parts;
		}

	}

}
