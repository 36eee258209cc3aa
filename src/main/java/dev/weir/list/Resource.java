package dev.weir.list;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import dev.weir.affinity.Owner;
import dev.weir.backend.Backend;
import dev.weir.backend.Lane;
import dev.weir.backend.Lanes;

/**
 * The place that stores the objects of a list: an Azure resource, or an account of
 * another server. Several backends of a pool may be one resource, for instance with
 * different models. Resources have an order that depends on their addresses and keys
 * only, so it is the same in every Weir.
 *
 * @param address the address of the resource
 * @param account a hash of the key of an account, or empty
 */
record Resource(String address, String account) implements Comparable<Resource> {

	private static final Comparator<Resource> ORDER = Comparator.comparing(Resource::address)
		.thenComparing(Resource::account);

	/**
	 * The resource of a backend.
	 * @param backend the backend
	 * @return its resource, equal for backends that store objects at the same place
	 */
	static Resource of(Backend backend) {
		Owner owner = Owner.of(backend);
		return new Resource(owner.resource(), owner.account());
	}

	/**
	 * Groups lanes by their resources.
	 * @param lanes the lanes
	 * @return the lanes of each resource, in the order of the resources
	 */
	static Map<Resource, Lanes> group(Lanes lanes) {
		Map<Resource, List<Lane>> groups = new TreeMap<>();
		lanes.forEach((lane) -> groups.computeIfAbsent(of(lane.backend()), (it) -> new ArrayList<>()).add(lane));
		Map<Resource, Lanes> grouped = new TreeMap<>();
		groups.forEach((resource, some) -> grouped.put(resource, Lanes.of(some)));
		return grouped;
	}

	@Override
	public int compareTo(Resource other) {
		return ORDER.compare(this, other);
	}

}
