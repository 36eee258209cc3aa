package dev.weir.balance;

import java.util.function.Predicate;
import java.util.random.RandomGenerator;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Lane;
import dev.weir.backend.Tier;
import dev.weir.config.BalancingStrategy;

/**
 * Picks one lane of a tier. What an implementation allocates does not depend on the size
 * of the tier.
 */
@FunctionalInterface
interface Strategy {

	/**
	 * Picks a lane.
	 * @param tier the lanes to pick from
	 * @param candidates accepts the lanes that may be picked
	 * @return a candidate, or {@code null} if there is none
	 */
	@Nullable Lane pick(Tier tier, Predicate<Lane> candidates);

	/**
	 * Creates the strategy for a setting.
	 * @param setting the setting of the pool
	 * @param random the source of randomness
	 * @return the strategy
	 */
	static Strategy of(BalancingStrategy setting, RandomGenerator random) {
		WeightedSampler sampler = new WeightedSampler(random);
		return switch (setting) {
			// of requests without a prompt; see CacheAffinity for the others
			case WEIGHTED, CACHE_AFFINE -> sampler::draw;
			case LEAST_BUSY -> new TwoChoicesStrategy(sampler, Load.IN_FLIGHT);
			case FASTEST -> new TwoChoicesStrategy(sampler, Load.LATENCY);
			case MOST_HEADROOM -> new TwoChoicesStrategy(sampler, Load.USED_QUOTA);
		};
	}

}
