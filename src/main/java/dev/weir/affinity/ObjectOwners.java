package dev.weir.affinity;

import java.util.Collection;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import dev.weir.openai.stored.StoredObject;

/**
 * Which backend owns an object that was stored through Weir, and which principal made it:
 * a client, or a user of it. Owners are forgotten after a time and under memory pressure,
 * so an unknown object may exist all the same. Safe for many threads, never blocks.
 */
public interface ObjectOwners {

	/**
	 * Finds the owners of objects.
	 * @param objects the objects
	 * @return the known owners of each object that has any, the first known one first:
	 * backends of different pools may use the same id. Never an error
	 */
	Mono<Map<StoredObject, List<Owner>>> find(Collection<StoredObject> objects);

	/**
	 * Records the owner and the principal of objects that a client has made. Returns
	 * before it is stored, but {@link #find} of the same Weir finds it from now on.
	 * Nothing is recorded about an object that another principal is known to have made:
	 * the first one keeps it.
	 * @param objects the objects
	 * @param owner the owner
	 * @param principal the {@link dev.weir.request.Client#principal() principal}
	 */
	void remember(Collection<StoredObject> objects, Owner owner, String principal);

	/**
	 * Records the owner of objects that exist there, as a response to a client or a
	 * lookup for it has shown. Nothing is recorded about an object that another principal
	 * is known to have made, so that no client can change where the requests of others
	 * go.
	 * @param objects the objects
	 * @param owner the owner
	 * @param principal the {@link dev.weir.request.Client#principal() principal} of the
	 * client, or {@code null} if no clients are configured
	 */
	void rememberMentioned(Collection<StoredObject> objects, Owner owner, @Nullable String principal);

	/**
	 * Finds the principals that have made objects.
	 * @param objects the objects
	 * @return the principal of each object of which it is known. Never an error
	 */
	Mono<Map<StoredObject, String>> findPrincipals(Collection<StoredObject> objects);

	/**
	 * Removes an owner that has the object no longer.
	 * @param object the object
	 * @param owner the owner that does not have it
	 */
	void forget(StoredObject object, Owner owner);

	/**
	 * About how many objects are known.
	 * @return the number, including some that are about to be forgotten
	 */
	long size();

}
