package dev.weir.affinity;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

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
		if (named.isEmpty()) {
			context.ownNewObjects(isList(call) ? null : new NewObjects(Set.of(), creates(call), true));
			return null;
		}
		List<StoredObject> objects = named.stream().map(NamedObject::object).distinct().toList();
		UnknownOwner unknown = context.configuration().properties().affinity().unknownOwner();
		context.ownNewObjects(null);
		return context.loop().deliver(this.owners.findPrincipals(objects)).flatMap((known) -> {
			for (NamedObject one : named) {
				if (!mayUse(client.principal(), one, known.get(one.object()), unknown)) {
					throw AffinityErrors.notFound(one);
				}
			}
			context.ownNewObjects(newObjects(client.principal(), call, known));
			return Mono.<Void>empty();
		});
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
