package dev.weir.affinity;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.http.HttpHeaders;

import dev.weir.backend.Backend;
import dev.weir.backend.Lane;
import dev.weir.backend.Lanes;
import dev.weir.backend.ConfigurationListener;
import dev.weir.backend.Pool;
import dev.weir.backend.PoolSet;
import dev.weir.openai.body.RequestBody;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.stored.NamedObject;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.StoredObject;
import dev.weir.openai.stored.StoredOperation;
import dev.weir.request.Binding;
import dev.weir.request.Client;
import dev.weir.request.RequestContext;

/**
 * Binds each request that names stored objects to the backend that owns them, and each
 * one that creates an object to the home backend of its client.
 */
public final class ObjectAffinity implements ConfigurationListener {

	/**
	 * How many unknown objects of one request are looked up. Others go to the backend of
	 * these.
	 */
	private static final int MAX_LOOKUPS = 8;

	/** Such files stand alone, so they are spread over the backends. */
	private static final Set<String> SPREAD_PURPOSES = Set.of("batch", "fine-tune");

	private final ObjectOwners owners;

	private final FormerOwners formerOwners;

	private final ObjectLookup lookup;

	private final HomeBackends homes;

	private final ObjectAccess access;

	private final AffinityMetrics metrics;

	ObjectAffinity(ObjectAccess access, ObjectOwners owners, FormerOwners formerOwners, ObjectLookup lookup,
			HomeBackends homes, AffinityMetrics metrics) {
		this.access = access;
		this.owners = owners;
		this.formerOwners = formerOwners;
		this.lookup = lookup;
		this.homes = homes;
		this.metrics = metrics;
	}

	/**
	 * Sets the {@linkplain RequestContext#binding() binding} of a request whose call has
	 * been read.
	 * @param context the request
	 * @param headers the headers of the request
	 * @return completes on the loop of the request when the binding is set; an
	 * {@code ApiErrorException} if the objects exist nowhere, on two backends, or cannot
	 * be looked up; {@code null} if the request needs no more than was done
	 */
	public @Nullable Mono<Void> bind(RequestContext context, HttpHeaders headers) {
		return both(check(context), bindChecked(context, headers));
	}

	private static @Nullable Mono<Void> both(@Nullable Mono<Void> first, @Nullable Mono<Void> second) {
		return (first == null || second == null) ? ((second != null) ? second : first) : first.then(second);
	}

	/**
	 * Checks that the objects that a request names do not belong to other clients.
	 * @param context the request
	 * @return completes on the loop of the request; an {@code ApiErrorException} with
	 * status 404 if one does; {@code null} if the request needs no check
	 */
	private @Nullable Mono<Void> check(RequestContext context) {
		Mono<Void> checked = this.access.check(context);
		return (checked != null) ? checked.doOnError((ex) -> this.metrics.refused(context.pool(), ex)) : null;
	}

	private @Nullable Mono<Void> bindChecked(RequestContext context, HttpHeaders headers) {
		context.bind(null);
		ApiCall call = context.call();
		Pool pool = context.pool();
		List<NamedObject> named = call.objects();
		if (named.isEmpty()) {
			if (isCreatedAtHome(call) && hasSeveralOwners(candidates(pool, call))) {
				context.bind(home(context, call, headers));
				this.metrics.bound(pool, context.binding());
			}
			return null;
		}
		if (!hasSeveralOwners(candidates(pool, call))) {
			return null;
		}
		Mono<Map<NamedObject, List<Owner>>> found = this.owners
			.find(named.stream().map(NamedObject::object).distinct().toList())
			.flatMap((known) -> complete(context, headers, named, known));
		long begin = context.ticker().read();
		return context.loop().deliver(found).flatMap((all) -> {
			context.lookupTime(Duration.ofNanos(context.ticker().read() - begin));
			context.bind(all.isEmpty() ? (isCreatedAtHome(call) ? home(context, call, headers) : null)
					: ReasoningConflict.resolve(context, new KnownOwners(pool, all)));
			this.metrics.bound(pool, context.binding());
			return Mono.<Void>empty();
		}).doOnError((ex) -> this.metrics.refused(pool, ex));
	}

	/**
	 * Checks the objects of a request that must go to one backend, because it continues a
	 * response on the connection of that backend. Unknown objects are not looked up,
	 * since the backend decides about them, and so it does about reasoning.
	 * @param context the request, whose call has been read
	 * @param backend the backend
	 * @param previous the response that it continues
	 * @return completes on the loop of the request; an {@code ApiErrorException} if an
	 * object belongs to another client, or is known to be on another backend;
	 * {@code null} if there is nothing to check
	 */
	public @Nullable Mono<Void> checkContinued(RequestContext context, Backend backend, StoredObject previous) {
		return both(check(context), checkOthers(context, backend, previous));
	}

	private @Nullable Mono<Void> checkOthers(RequestContext context, Backend backend, StoredObject previous) {
		ApiCall call = context.call();
		Pool pool = context.pool();
		List<StoredObject> others = call.objects()
			.stream()
			.filter((named) -> isFixed(named) && !named.object().equals(previous))
			.map(NamedObject::object)
			.distinct()
			.toList();
		if (others.isEmpty() || !hasSeveralOwners(candidates(pool, call))) {
			return null;
		}
		return context.loop().deliver(this.owners.find(others)).flatMap((known) -> {
			Map<NamedObject, List<Owner>> conflicting = new LinkedHashMap<>();
			for (NamedObject named : call.objects()) {
				List<Owner> owners = named.object().equals(previous) ? List.of(Owner.of(backend))
						: KnownOwners.inPool(pool, known.getOrDefault(named.object(), List.of()));
				if (!owners.isEmpty() && isFixed(named)) {
					conflicting.put(named, owners);
				}
			}
			return conflicting.values().stream().allMatch((owners) -> KnownOwners.isReached(owners, backend))
					? Mono.<Void>empty() : Mono.error(AffinityErrors.conflict(pool, conflicting));
		}).doOnError((ex) -> this.metrics.refused(pool, ex));
	}

	/** Whether a request fails without an object, and cannot leave it out. */
	private static boolean isFixed(NamedObject named) {
		ObjectKind kind = named.object().kind();
		return named.required() && kind != ObjectKind.REASONING && kind != ObjectKind.ITEM;
	}

	/** The backends that could take the call in its dialect, whatever its model. */
	private static List<Backend> candidates(Pool pool, ApiCall call) {
		Lanes lanes = pool.lanes("").taking(!call.path().fitsOpenAi(), call.path().lacksApiVersion());
		return lanes.stream().map(Lane::backend).toList();
	}

	@Override
	public void onApplied(PoolSet current) {
		this.homes.expireAfter(current.properties().affinity().expireAfter());
	}

	private static boolean hasSeveralOwners(List<Backend> backends) {
		if (backends.size() < 2) {
			return false;
		}
		Owner first = Owner.of(backends.get(0));
		return backends.stream().anyMatch((backend) -> !first.isReachedBy(backend));
	}

	private static boolean isCreatedAtHome(ApiCall call) {
		StoredOperation stored = call.path().storedOperation();
		RequestBody body = call.body();
		return stored != null && stored.placement() == StoredOperation.Placement.HOME
				&& (body == null || body.purpose() == null || !SPREAD_PURPOSES.contains(body.purpose()));
	}

	private @Nullable Binding home(RequestContext context, ApiCall call, HttpHeaders headers) {
		Pool pool = context.pool();
		String key = (context.client() != null) ? context.client().principal() : ClientKey.of(headers);
		Lanes lanes = pool.lanes(call.model())
			.taking(!call.path().fitsOpenAi(), call.path().lacksApiVersion())
			.forPriority(Client.priorityOf(context.client()));
		Owner home = this.homes.of(pool, lanes, call.path().operation(), key);
		return (home != null) ? new Binding(home::isReachedBy, KnownOwners.nameIn(pool, home), List.of(),
				(backend) -> this.homes.replace(pool, key, backend)) : null;
	}

	/** Adds the owners that backends know to those that Weir knows. */
	private Mono<Map<NamedObject, List<Owner>>> complete(RequestContext context, HttpHeaders headers,
			List<NamedObject> named, Map<StoredObject, List<Owner>> known) {
		Pool pool = context.pool();
		Map<NamedObject, List<Owner>> found = new LinkedHashMap<>();
		List<NamedObject> unknown = new ArrayList<>();
		// thousands of objects may have a few owners
		Map<List<Owner>, List<Owner>> inPool = new HashMap<>();
		for (NamedObject object : named) {
			List<Owner> owners = inPool.computeIfAbsent(known.getOrDefault(object.object(), List.of()),
					(all) -> KnownOwners.inPool(pool, all));
			if (!owners.isEmpty()) {
				found.put(object, owners);
			}
			else if (object.mustBeFound() && unknown.size() < MAX_LOOKUPS) {
				unknown.add(object);
			}
		}
		if (unknown.isEmpty()) {
			return Mono.just(found);
		}
		List<Backend> candidates = candidates(pool, context.call());
		List<String> leftOut = leftOut(pool, candidates);
		return Flux.fromIterable(unknown)
			.flatMapSequential((object) -> this.lookup
				.ask(new BackendQuestion(pool, candidates, leftOut, context.call().path(), headers, object.object()),
						ObjectLookup.Asker.of(context))
				.map((result) -> new ObjectResult(object, orFormerOwner(pool, object, result))), MAX_LOOKUPS)
			.collectList()
			.map((results) -> combine(pool, found, results));
	}

	/** The backends of resources that no candidate leads to. */
	private static List<String> leftOut(Pool pool, List<Backend> candidates) {
		return pool.backends()
			.stream()
			.filter((backend) -> candidates.stream()
				.noneMatch((candidate) -> Owner.of(candidate).isSamePlace(Owner.of(backend))))
			.map(Backend::name)
			.toList();
	}

	/** The former owner is asked again by the request itself. */
	private LookupResult orFormerOwner(Pool pool, NamedObject object, LookupResult result) {
		this.metrics.lookedUp(result);
		Owner former = (result instanceof LookupResult.Found) ? null : this.formerOwners.of(object.object());
		return (former == null || KnownOwners.inPool(pool, List.of(former)).isEmpty()) ? result
				: new LookupResult.Found(former);
	}

	private static Map<NamedObject, List<Owner>> combine(Pool pool, Map<NamedObject, List<Owner>> found,
			List<ObjectResult> results) {
		for (ObjectResult one : results) {
			if (one.result() instanceof LookupResult.Found there) {
				found.put(one.object(), List.of(there.owner()));
			}
		}
		for (ObjectResult one : results) {
			if (one.result() instanceof LookupResult.Unknown) {
				throw AffinityErrors.notFound(one.object());
			}
		}
		for (ObjectResult one : results) {
			if (one.result() instanceof LookupResult.Unsure unsure
					&& !canOnlyBeWithOthers(pool, unsure.backends(), found)) {
				throw AffinityErrors.unsure(pool, one.object().object(), unsure);
			}
			if (one.result() instanceof LookupResult.Limited limited
					&& !canOnlyBeWithOthers(pool, limited.backends(), found)) {
				throw AffinityErrors.limited();
			}
		}
		return found;
	}

	/**
	 * Whether an object can only be where the others are. The backend of the others then
	 * decides about it.
	 */
	private static boolean canOnlyBeWithOthers(Pool pool, List<String> notAsked, Map<NamedObject, List<Owner>> others) {
		return pool.backends()
			.stream()
			.filter((backend) -> notAsked.contains(backend.name()))
			.allMatch((backend) -> others.entrySet()
				.stream()
				.anyMatch((other) -> other.getKey().required() && KnownOwners.isReached(other.getValue(), backend)));
	}

	private record ObjectResult(NamedObject object, LookupResult result) {
	}

}
