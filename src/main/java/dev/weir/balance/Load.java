package dev.weir.balance;

import dev.weir.backend.Lane;

/**
 * Measures how loaded a lane is. Values of one measure are comparable with each other
 * only; of two lanes the one with the lower value is picked.
 */
@FunctionalInterface
interface Load {

	/**
	 * The requests in flight on the lane, divided by its weight. Those of other models on
	 * the same backend do not count: throughput belongs to one deployment.
	 */
	Load IN_FLIGHT = (lane) -> (double) lane.inFlight() / lane.weight();

	/**
	 * The expected time until the response to a new request begins: the average latency
	 * of the lane times the number of requests in flight, the new one included.
	 */
	Load LATENCY = (lane) -> lane.expectedLatency() * (lane.inFlight() + 1);

	/** The used share of the quota, 0 to 1. */
	Load USED_QUOTA = (lane) -> 1 - lane.expectedHeadroom();

	/**
	 * Measures a lane.
	 * @param lane the lane
	 * @return its load, not negative
	 */
	double of(Lane lane);

}
