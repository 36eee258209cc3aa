package dev.weir.balance;

import java.util.function.Predicate;
import java.util.random.RandomGenerator;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Lane;
import dev.weir.backend.Tier;

/**
 * Draws a random lane of a tier: each candidate with a probability proportional to its
 * weight.
 */
final class WeightedSampler {

	// in a healthy tier the first draw is a candidate; after three failed draws few lanes
	// are candidates, and one pass over all lanes is cheaper
	private static final int MAX_DRAWS = 3;

	private final RandomGenerator random;

	WeightedSampler(RandomGenerator random) {
		this.random = random;
	}

	/**
	 * Draws a lane.
	 * @param tier the lanes to draw from
	 * @param candidates accepts the lanes that may be drawn
	 * @return a candidate, or {@code null} if there is none
	 */
	@Nullable Lane draw(Tier tier, Predicate<Lane> candidates) {
		for (int i = 0; i < MAX_DRAWS; i++) {
			Lane lane = tier.draw(this.random);
			if (candidates.test(lane)) {
				return lane;
			}
		}
		return drawFromAll(tier, candidates);
	}

	/** Weighted reservoir sampling: one pass, no allocation. */
	private @Nullable Lane drawFromAll(Tier tier, Predicate<Lane> candidates) {
		Lane drawn = null;
		int total = 0;
		for (int i = 0; i < tier.size(); i++) {
			Lane lane = tier.get(i);
			if (candidates.test(lane)) {
				total += lane.weight();
				drawn = (this.random.nextInt(total) < lane.weight()) ? lane : drawn;
			}
		}
		return drawn;
	}

}
