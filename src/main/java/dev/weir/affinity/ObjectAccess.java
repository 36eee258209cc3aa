package dev.weir.affinity;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import dev.weir.backend.Backend;
import dev.weir.backend.Pool;
import dev.weir.config.UnknownOwner;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.list.StoredList;
import dev.weir.openai.stored.NamedObject;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.StoredObject;
import dev.weir.openai.stored.StoredOperation;
import dev.weir.request.Client;
import dev.weir.request.NewObjects;
import dev.weir.request.RequestContext;

/**
 * Lets a client use only the stored objects that it has made itself. For other clients
 * they do not exist.
 */
public final class ObjectAccess {

	private final ObjectOwners owners;

	ObjectAccess(ObjectOwners owners) {
		this.owners = owners;
	}

	/**
	 * Checks the objects that a request names, and records to which client its new ones
	 * belong.
	 * @param context the request, whose call has been read
	 * @return completes on the loop of the request; an {@code ApiErrorException} with
	 * status 404 if an object belongs to another client; {@code null} if the request
	 * needs no check
	 */
	public @Nullable Mono<Void> check(RequestContext context) {
		Client client = context.client();
		if (client == null) {
			return null;
		}
		ApiCall call = context.call();
		List<NamedObject> named = call.objects();
		StoredObject model = tunedModel(context.pool(), call.model());
		if (named.isEmpty() && model == null) {
			context.ownNewObjects(isList(call) ? null : new NewObjects(Set.of(), creates(call), true));
			return null;
		}
		List<StoredObject> objects = Stream.concat(named.stream().map(NamedObject::object), Stream.ofNullable(model))
			.distinct()
			.toList();
		UnknownOwner unknown = context.configuration().properties().affinity().unknownOwner();
		context.ownNewObjects(null);
		return context.loop().deliver(this.owners.findPrincipals(objects)).flatMap((known) -> {
			for (NamedObject one : named) {
				if (!mayUse(client.principal(), one, known.get(one.object()), unknown)) {
					throw AffinityErrors.notFound(one);
				}
			}
			if (model != null && isOfAnother(client, known.get(model))) {
				throw AffinityErrors.noModel(context.pool(), call.model());
			}
			context
				.ownNewObjects((named.isEmpty() && isList(call)) ? null : newObjects(client.principal(), call, known));
			return Mono.<Void>empty();
		});
	}

	/**
	 * Leaves out models that other clients have fine-tuned.
	 * @param client the client, or {@code null} if no clients are configured
	 * @param pool the pool
	 * @param models names of models
	 * @return those that exist for the client; never an error
	 */
	public Mono<SortedSet<String>> visibleModels(@Nullable Client client, Pool pool, SortedSet<String> models) {
		Map<StoredObject, String> tuned = new HashMap<>();
		for (String name : (client != null) ? models : List.<String>of()) {
			StoredObject model = tunedModel(pool, name);
			if (model != null) {
				tuned.put(model, name);
			}
		}
		if (client == null || tuned.isEmpty()) {
			return Mono.just(models);
		}
		return this.owners.findPrincipals(tuned.keySet()).map((known) -> {
			SortedSet<String> visible = new TreeSet<>(models);
			known.forEach((model, maker) -> {
				if (isOfAnother(client, maker)) {
					visible.remove(tuned.get(model));
				}
			});
			return visible;
		});
	}

	private static boolean isOfAnother(Client client, @Nullable String maker) {
		return maker != null && !maker.equals(client.principal());
	}

	/**
	 * A model that no backend has in its configuration may be one that a client has
	 * fine-tuned.
	 */
	private static @Nullable StoredObject tunedModel(Pool pool, String name) {
		for (Backend backend : pool.backends()) {
			if (name.isEmpty() || backend.properties().models().containsKey(name)) {
				return null;
			}
		}
		return new StoredObject(ObjectKind.FINE_TUNED_MODEL, name);
	}

	private static boolean isList(ApiCall call) {
		StoredOperation stored = call.path().storedOperation();
		return !call.isHandshake() && (StoredList.of(call.path()) != null
				|| (stored != null && stored.placement() == StoredOperation.Placement.ALL));
	}

	private static boolean mayUse(String principal, NamedObject named, @Nullable String maker, UnknownOwner unknown) {
		ObjectKind kind = named.object().kind();
		// who has encrypted reasoning has got it from its client
		if (kind == ObjectKind.REASONING || principal.equals(maker)) {
			return true;
		}
		return maker == null && (unknown == UnknownOwner.ALLOW || !named.required() || !kind.isRecorded());
	}

	/** A handshake, too: its messages make responses. */
	private static boolean creates(ApiCall call) {
		String method = call.path().method();
		return call.isHandshake() || !(method.equals("GET") || method.equals("HEAD"));
	}

	/**
	 * What is made below an object, such as the result of a batch, belongs to its client.
	 */
	private static @Nullable NewObjects newObjects(String principal, ApiCall call, Map<StoredObject, String> known) {
		boolean ownsNamed = true;
		for (NamedObject one : call.objects()) {
			boolean own = principal.equals(known.get(one.object()));
			if (!own && one.param().equals(NamedObject.PATH)) {
				return null;
			}
			ObjectKind kind = one.object().kind();
			ownsNamed &= own || !one.required() || !kind.isRecorded() || kind == ObjectKind.REASONING;
		}
		Set<StoredObject> existing = call.objects().stream().map(NamedObject::object).collect(Collectors.toSet());
		return new NewObjects(existing, creates(call), ownsNamed);
	}

}
