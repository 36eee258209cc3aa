package dev.weir.queue;

import org.jspecify.annotations.Nullable;

/**
 * The requests that wait in one queue, in the order in which they are served. Used by one
 * thread at a time. The time of a method must not grow in proportion to the number of
 * requests.
 */
interface WaitOrder {

	/**
	 * Adds a request.
	 * @param waiter a request that is in no order
	 */
	void add(Waiter waiter);

	/**
	 * Removes a request that was served, has left, or has reached its deadline.
	 * @param waiter a request that was added
	 */
	void remove(Waiter waiter);

	/**
	 * The request that is served next. It remains in the order until it is removed.
	 * @return the request, or {@code null} if none waits
	 */
	@Nullable Waiter first();

}
