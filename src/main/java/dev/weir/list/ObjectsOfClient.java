package dev.weir.list;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import dev.weir.affinity.ObjectOwners;
import dev.weir.openai.list.StoredList;
import dev.weir.openai.stored.StoredObject;
import dev.weir.request.Client;
import dev.weir.request.RequestContext;

/**
 * Which objects of a list the client of the request has made. An object of which the
 * principal is not known is not among them.
 *
 * @param context the request
 * @param list the list
 * @param principal the {@link Client#principal()} of the request
 * @param owners the principals of objects
 */
record ObjectsOfClient(RequestContext context, StoredList list, String principal, ObjectOwners owners) {

	/**
	 * The objects of a request's client.
	 * @param context the request
	 * @param list the list that it asks for
	 * @param owners the principals of objects
	 * @return the objects, or {@code null} if no clients are configured
	 */
	static @Nullable ObjectsOfClient of(RequestContext context, StoredList list, ObjectOwners owners) {
		Client client = context.client();
		return (client != null) ? new ObjectsOfClient(context, list, client.principal(), owners) : null;
	}

	/**
	 * Selects objects.
	 * @param ids their ids
	 * @return the ids of those that the client has made, on the loop of the request
	 */
	Mono<Set<String>> among(List<String> ids) {
		List<StoredObject> objects = new ArrayList<>(ids.size());
		for (String id : ids) {
			StoredObject object = StoredObject.of(this.list.kind(), id);
			if (object != null) {
				objects.add(object);
			}
		}
		return this.context.loop().deliver(this.owners.findPrincipals(objects)).map((known) -> {
			Set<String> own = new HashSet<>();
			known.forEach((object, principal) -> {
				if (principal.equals(this.principal)) {
					own.add(object.id());
				}
			});
			return own;
		});
	}

}
