package dev.weir.queue;

import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Lane;

/**
 * Requests that wait for lanes of one backend, in the order in which they are served.
 * Used by one thread at a time. While lanes are available, the time of a method must not
 * grow in proportion to the number of requests.
 */
interface WaitOrder {

	/**
	 * The shares by which the requests are ordered.
	 * @return the shares
	 */
	FairShare share();

	/**
	 * Adds a request.
	 * @param waiter a request that is not in this order
	 * @param lane the lane that it waits for
	 */
	void add(Waiter waiter, Lane lane);

	/**
	 * Removes a request that was served, has left, or has reached its deadline. Without
	 * effect if it is not in this order.
	 * @param waiter the request
	 * @param lane the lane that it waits for
	 */
	void remove(Waiter waiter, Lane lane);

	boolean isEmpty();

	/**
	 * The request that is served next. It remains in the order until it is removed.
	 * @param available whether a lane is available; called once for a lane at most
	 * @return the first request whose lane is available, or {@code null} if there is none
	 */
	@Nullable Waiter next(Predicate<Lane> available);

}
