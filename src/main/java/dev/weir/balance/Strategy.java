package dev.weir.balance;

import java.util.List;
import java.util.random.RandomGenerator;

import dev.weir.backend.Lane;
import dev.weir.config.BalancingStrategy;

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

	/**
	 * The strategy that a pool is set to.
	 * @param setting the setting
	 * @param random where its chance comes from
	 * @return the strategy
	 */
	static Strategy of(BalancingStrategy setting, RandomGenerator random) {
		return switch (setting) {
			case WEIGHTED -> new WeightedStrategy(random);
			case LEAST_BUSY -> new TwoChoicesStrategy(random, Load.BUSY);
			case FASTEST -> new TwoChoicesStrategy(random, Load.SLOW);
			case MOST_HEADROOM -> new TwoChoicesStrategy(random, Load.SPENT);
		};
	}

}
