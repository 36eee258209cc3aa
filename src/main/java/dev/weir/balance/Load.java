package dev.weir.balance;

import dev.weir.backend.Lane;

/**
 * What a lane has to bear, in a unit of its own: of two lanes the one with less is
 * picked.
 */
@FunctionalInterface
interface Load {

	/**
	 * Requests in flight for a weight of one. Those of the lane, since throughput belongs
	 * to a model's deployment; one of another model on the same backend has its own.
	 */
	Load BUSY = (lane) -> (double) lane.inFlight() / lane.weight();

	/**
	 * The time until a request that comes now may be answered: how long answers take to
	 * begin, for every request in flight and this one.
	 */
	Load SLOW = (lane) -> lane.expectedLatency() * (lane.inFlight() + 1);

	/** The share of the quota that is spent. */
	Load SPENT = (lane) -> 1 - lane.expectedHeadroom();

	/**
	 * Measures a lane.
	 * @param lane the lane
	 * @return its load, not negative
	 */
	double of(Lane lane);

}
