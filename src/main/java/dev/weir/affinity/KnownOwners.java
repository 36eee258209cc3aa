package dev.weir.affinity;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Backend;
import dev.weir.backend.Pool;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.stored.NamedObject;
import dev.weir.openai.stored.StoredObject;
import dev.weir.request.Binding;

/**
 * The owners of the objects that one request names, as far as they are known.
 *
 * @param pool the pool of the request
 * @param owners the owners in the pool by object, in the order of the request, at least
 * one for each
 */
record KnownOwners(Pool pool, Map<NamedObject, List<Owner>> owners) {

	/**
	 * Selects the owners that have a backend in a pool.
	 * @param pool the pool
	 * @param owners the owners
	 * @return those in the pool, in their order
	 */
	static List<Owner> inPool(Pool pool, List<Owner> owners) {
		return owners.stream().filter((owner) -> pool.backends().stream().anyMatch(owner::isReachedBy)).toList();
	}

	/**
	 * Whether a backend leads to one of several owners.
	 * @param owners the owners
	 * @param backend the backend
	 * @return whether it leads to at least one
	 */
	static boolean isReached(List<Owner> owners, Backend backend) {
		return owners.stream().anyMatch((owner) -> owner.isReachedBy(backend));
	}

	/**
	 * The name of an owner in messages.
	 * @param pool a pool
	 * @param owner the owner
	 * @return the name of its backend in the pool
	 */
	static String nameIn(Pool pool, Owner owner) {
		return pool.backends()
			.stream()
			.filter(owner::isReachedBy)
			.map(Backend::name)
			.findFirst()
			.orElse(owner.backend());
	}

	/**
	 * Whether no backend has all objects that the request needs.
	 * @return whether they are on different backends
	 */
	boolean isConflict() {
		Map<NamedObject, List<Owner>> required = required();
		return !required.isEmpty() && commonOwner(distinct(required)) == null;
	}

	/**
	 * Keeps the objects that a call still names after a part of its body was left out.
	 * @param call the call
	 * @return the owners of these objects
	 */
	KnownOwners namedBy(ApiCall call) {
		Map<NamedObject, List<Owner>> remaining = new LinkedHashMap<>(this.owners);
		remaining.keySet().retainAll(call.objects());
		return new KnownOwners(this.pool, remaining);
	}

	/**
	 * The restriction of the request to the owner of its objects. If it needs none of
	 * them, their backend is only preferred.
	 * @return the restriction, or {@code null} if there is no object
	 * @throws dev.weir.openai.error.ApiErrorException if the objects that it needs are on
	 * different backends
	 */
	@Nullable Binding binding() {
		if (this.owners.isEmpty()) {
			return null;
		}
		Map<NamedObject, List<Owner>> required = required();
		if (required.isEmpty()) {
			return preference(this.owners.values().iterator().next().get(0));
		}
		Set<List<Owner>> owners = distinct(required);
		Owner owner = commonOwner(owners);
		if (owner == null) {
			throw AffinityErrors.conflict(this.pool, required);
		}
		List<StoredObject> objects = required.keySet().stream().map(NamedObject::object).toList();
		return new Binding((backend) -> owner.isReachedBy(backend) && isReachedInAll(owners, backend),
				nameIn(this.pool, owner), objects, (backend) -> {
					// no other backend can have the objects
				});
	}

	private Map<NamedObject, List<Owner>> required() {
		Map<NamedObject, List<Owner>> required = new LinkedHashMap<>(this.owners);
		required.keySet().removeIf((named) -> !named.required());
		return required;
	}

	/**
	 * The owners without repetitions. A request may name thousands of objects of a few
	 * owners, and they are compared for each lane.
	 */
	private static Set<List<Owner>> distinct(Map<NamedObject, List<Owner>> objects) {
		return new LinkedHashSet<>(objects.values());
	}

	/**
	 * The first owner of the first object with a backend that has all the others, too.
	 */
	private @Nullable Owner commonOwner(Set<List<Owner>> required) {
		return required.iterator()
			.next()
			.stream()
			.filter((owner) -> this.pool.backends()
				.stream()
				.anyMatch((backend) -> owner.isReachedBy(backend) && isReachedInAll(required, backend)))
			.findFirst()
			.orElse(null);
	}

	private static boolean isReachedInAll(Set<List<Owner>> objects, Backend backend) {
		return objects.stream().allMatch((owners) -> isReached(owners, backend));
	}

	private Binding preference(Owner owner) {
		return new Binding(owner::isReachedBy, nameIn(this.pool, owner), List.of(), (backend) -> {
			// the object stays where it is
		});
	}

}
