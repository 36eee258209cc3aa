package dev.weir.queue;

import org.jspecify.annotations.Nullable;

/**
 * The requests that wait in one queue, in the order in which they are served. It is used
 * by one thread at a time. No method may take time in proportion to the number of
 * requests.
 */
interface WaitOrder {

	/**
	 * Adds a request.
	 * @param waiter the request; it is in no order yet
	 */
	void add(Waiter waiter);

	/**
	 * Removes a request that was served, has left or has waited long enough.
	 * @param waiter a request that was added
	 */
	void remove(Waiter waiter);

	/**
	 * The request that is served next. It stays in the order until it is removed.
	 * @return the request, or {@code null} if none waits
	 */
	@Nullable Waiter first();

}
