package dev.weir.affinity;

import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * Exchanges the owners of stored objects with other Weirs. An object is named by a hash
 * of its kind and id. Safe for many threads, never blocks.
 */
public interface OwnerExchange {

	/**
	 * Sets the listener.
	 * @param listener is notified from now on; replaces the previous one
	 */
	void listen(Listener listener);

	/**
	 * Learns what another Weir knows. Without effect if a principal is known here and it
	 * does not come from a request of this one. The listener is not notified.
	 * @param object the hash of the object, 32 hexadecimal digits
	 * @param known its owners and its principal
	 * @param by the principal whose request it comes from, or {@code null}
	 */
	void learn(String object, KnownObject known, @Nullable String by);

	/**
	 * Replaces what is known about an object, because another Weir has recorded its
	 * principal before this one. The listener is not notified.
	 * @param object the hash of the object, 32 hexadecimal digits
	 * @param known all owners of the object and its principal
	 */
	void correct(String object, KnownObject known);

	/**
	 * Removes an owner that has an object no longer, as another Weir has found out. The
	 * listener is not notified.
	 * @param object the hash of the object, 32 hexadecimal digits
	 * @param owner the owner
	 */
	void unlearn(String object, Owner owner);

	/**
	 * What is known about an object here.
	 * @param object the hash of the object, 32 hexadecimal digits
	 * @return its owners and its principal, or {@code null}
	 */
	@Nullable KnownObject known(String object);

	/**
	 * About how many objects can be remembered.
	 * @return the number
	 */
	long capacity();

	/** Is notified on event loops. */
	interface Listener {

		/**
		 * More is known about an object.
		 * @param object the hash of the object
		 * @param known its principal and its owners; only the new owner if the principal
		 * is not known, since others may come from requests of other principals
		 * @param by the principal whose request it comes from, or {@code null}
		 */
		void onRemembered(String object, KnownObject known, @Nullable String by);

		/**
		 * An owner has an object no longer.
		 * @param object the hash of the object
		 * @param owner the owner
		 */
		void onForgotten(String object, Owner owner);

	}

	/**
	 * What is known about an object.
	 *
	 * @param owners its owners
	 * @param principal the principal that has made it, {@code null} if that is not known
	 */
	record KnownObject(List<Owner> owners, @Nullable String principal) {
	}

}
