package dev.weir.affinity;

import org.slf4j.LoggerFactory;
import org.slf4j.Logger;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.config.ReasoningAffinity;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.ArrayList;
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
import dev.weir.openai.stored.StoredObject;
import dev.weir.openai.stored.StoredOperation;
import dev.weir.request.Binding;
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

	private static final Logger logger = LoggerFactory.getLogger(ObjectAffinity.class);

	private final ObjectOwners owners;

	private final ObjectLookup lookup;

	private final HomeBackends homes;

	private final AffinityMetrics metrics;

	ObjectAffinity(ObjectOwners owners, ObjectLookup lookup, HomeBackends homes, AffinityMetrics metrics) {
		this.owners = owners;
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
		context.bind(null);
		ApiCall call = context.call();
		Pool pool = context.pool();
		List<NamedObject> named = call.objects();
		if (named.isEmpty()) {
			if (isCreatedAtHome(call) && hasSeveralOwners(candidates(pool, call))) {
				context.bind(home(pool, call, headers));
			}
			return null;
		}
		if (!hasSeveralOwners(candidates(pool, call))) {
			return null;
		}
		Mono<Map<NamedObject, Owner>> found = this.owners
			.find(named.stream().map(NamedObject::object).distinct().toList())
			.flatMap((known) -> complete(context, headers, named, known));
		return context.loop().deliver(found).doOnError((ex) -> this.metrics.refused(pool, ex)).flatMap((all) -> {
			context.bind(all.isEmpty() ? (isCreatedAtHome(call) ? home(pool, call, headers) : null)
					: restrict(context, all));
			this.metrics.bound(pool, context.binding());
			return Mono.empty();
		});
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

	private @Nullable Binding home(Pool pool, ApiCall call, HttpHeaders headers) {
		Lanes lanes = pool.lanes(call.model()).taking(!call.path().fitsOpenAi(), call.path().lacksApiVersion());
		Owner home = this.homes.of(pool, lanes, call.path().operation(), headers);
		return (home != null) ? new Binding(home::isReachedBy, nameIn(pool, home), List.of(),
				(backend) -> this.homes.replace(pool, headers, backend)) : null;
	}

	/** Adds the owners that backends know to those that Weir knows. */
	private Mono<Map<NamedObject, Owner>> complete(RequestContext context, HttpHeaders headers, List<NamedObject> named,
			Map<StoredObject, List<Owner>> known) {
		Pool pool = context.pool();
		Map<NamedObject, Owner> found = new LinkedHashMap<>();
		List<NamedObject> unknown = new ArrayList<>();
		for (NamedObject object : named) {
			Owner owner = inPool(pool, known.getOrDefault(object.object(), List.of()));
			if (owner != null) {
				found.put(object, owner);
			}
			else if (object.mustBeFound() && unknown.size() < MAX_LOOKUPS) {
				unknown.add(object);
			}
		}
		if (unknown.isEmpty()) {
			return Mono.just(found);
		}
		List<Backend> candidates = candidates(pool, context.call());
		return Flux.fromIterable(unknown)
			.flatMapSequential((object) -> this.lookup
				.ask(new BackendQuestion(pool, candidates, context.call().path(), headers, object.object()))
				.map((result) -> new Looked(object, result)), MAX_LOOKUPS)
			.collectList()
			.map((looked) -> combine(pool, found, looked));
	}

	private Map<NamedObject, Owner> combine(Pool pool, Map<NamedObject, Owner> found, List<Looked> looked) {
		for (Looked one : looked) {
			this.metrics.lookedUp(one.result());
			if (one.result() instanceof LookupResult.Found there) {
				found.put(one.object(), there.owner());
			}
		}
		for (Looked one : looked) {
			if (one.result() instanceof LookupResult.Unknown) {
				throw AffinityErrors.notFound(one.object());
			}
		}
		for (Looked one : looked) {
			// the backend of the other objects decides
			if (found.isEmpty() && one.result() instanceof LookupResult.Unsure unsure) {
				throw AffinityErrors.unsure(pool, one.object().object(), unsure.backends());
			}
			if (found.isEmpty() && one.result() instanceof LookupResult.Limited) {
				throw AffinityErrors.limited();
			}
		}
		return found;
	}

	private static @Nullable Owner inPool(Pool pool, List<Owner> owners) {
		for (Owner owner : owners) {
			if (pool.backends().stream().anyMatch(owner::isReachedBy)) {
				return owner;
			}
		}
		return null;
	}

	/**
	 * Binds a request to the owner of its objects. If several backends have made its
	 * reasoning, that of all but one is left out: the last one is kept if possible.
	 */
	private static @Nullable Binding restrict(RequestContext context, Map<NamedObject, Owner> found) {
		Pool pool = context.pool();
		if (!isConflict(pool, found)) {
			return binding(pool, found);
		}
		Map<String, Owner> reasoning = new LinkedHashMap<>();
		found.forEach((named, owner) -> {
			// reasoning that the backend stores is named by the id of its item
			if (named.object().kind() == ObjectKind.REASONING || named.object().kind() == ObjectKind.ITEM) {
				reasoning.put(named.object().id(), owner);
			}
		});
		if (reasoning.isEmpty() || pool.properties().affinity().reasoning() != ReasoningAffinity.DROP) {
			throw AffinityErrors.conflict(pool, found);
		}
		Deque<Owner> kept = new ArrayDeque<>();
		reasoning.values().forEach((owner) -> {
			kept.remove(owner);
			kept.push(owner);
		});
		found.values().stream().filter((owner) -> !kept.contains(owner)).distinct().forEach(kept::add);
		for (Owner owner : kept) {
			boolean reduced = context.leaveOutReasoning(
					(hash) -> reasoning.containsKey(hash) && !owner.equals(reasoning.get(hash)),
					(call) -> !isConflict(pool, remaining(call, found)));
			if (reduced) {
				logger.warn("Encrypted reasoning that backend {} has not made is left out of the request [{}]",
						nameIn(pool, owner), context.id());
				Map<NamedObject, Owner> remaining = remaining(context.call(), found);
				return remaining.isEmpty() ? null : binding(pool, remaining);
			}
		}
		throw AffinityErrors.conflict(pool, found);
	}

	private static Map<NamedObject, Owner> remaining(ApiCall call, Map<NamedObject, Owner> found) {
		Map<NamedObject, Owner> remaining = new LinkedHashMap<>(found);
		remaining.keySet().retainAll(call.objects());
		return remaining;
	}

	/** Whether no backend has all objects. */
	private static boolean isConflict(Pool pool, Map<NamedObject, Owner> found) {
		return pool.backends()
			.stream()
			.noneMatch((backend) -> found.values().stream().allMatch((owner) -> owner.isReachedBy(backend)));
	}

	private static Binding binding(Pool pool, Map<NamedObject, Owner> found) {
		List<Owner> owners = found.values().stream().distinct().toList();
		return new Binding((backend) -> owners.stream().allMatch((owner) -> owner.isReachedBy(backend)),
				nameIn(pool, owners.get(0)), found.keySet().stream().map(NamedObject::object).toList(), (backend) -> {
					// no other backend can have the objects
				});
	}

	/** The name of the owner's backend in this pool. */
	static String nameIn(Pool pool, Owner owner) {
		return pool.backends()
			.stream()
			.filter(owner::isReachedBy)
			.map(Backend::name)
			.findFirst()
			.orElse(owner.backend());
	}

	private record Looked(NamedObject object, LookupResult result) {
	}

}
