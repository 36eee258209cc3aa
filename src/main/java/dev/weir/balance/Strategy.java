package dev.weir.balance;

import java.util.function.Predicate;
import java.util.random.RandomGenerator;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Lane;
import dev.weir.backend.Tier;
import dev.weir.config.BalancingStrategy;

/**
 * Picks a lane of one tier. Allocates nothing in proportion to the size of the tier.
 */
@FunctionalInterface
interface Strategy {

	/**
	 * Picks a lane.
	 * @param tier the lanes to pick from
	 * @param candidates which of them may be chosen
	 * @return one of those, or {@code null} if there is none
	 */
	@Nullable Lane pick(Tier tier, Predicate<Lane> candidates);

	/**
	 * The strategy that a pool is set to.
	 * @param setting the setting
	 * @param random where its chance comes from
	 * @return the strategy
	 */
	static Strategy of(BalancingStrategy setting, RandomGenerator random) {
		Draw draw = new Draw(random);
		return switch (setting) {
			case WEIGHTED -> draw::from;
			case LEAST_BUSY -> new TwoChoicesStrategy(draw, Load.BUSY);
			case FASTEST -> new TwoChoicesStrategy(draw, Load.SLOW);
			case MOST_HEADROOM -> new TwoChoicesStrategy(draw, Load.SPENT);
		};
	}

}
