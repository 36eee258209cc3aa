package dev.weir.balance;

import java.util.List;

import dev.weir.backend.Lane;

/**
 * Picks one of the lanes that are left after narrowing.
 */
@FunctionalInterface
interface Strategy {

	/**
	 * Picks a lane.
	 * @param lanes the lanes to pick from, at least one, all of one tier
	 * @return the lane
	 */
	Lane pick(List<Lane> lanes);

}
