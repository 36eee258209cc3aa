package dev.weir.balance;

import java.util.function.Predicate;
import java.util.random.RandomGenerator;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Lane;
import dev.weir.backend.Tier;

/**
 * Draws a lane of a tier that may be chosen, each in proportion to its weight.
 */
final class Draw {

	// In a healthy tier the first draw is good. Where few lanes are left, going through
	// them all is better than drawing for ever.
	private static final int TRIES = 3;

	private final RandomGenerator random;

	Draw(RandomGenerator random) {
		this.random = random;
	}

	/**
	 * Draws a lane.
	 * @param tier the lanes to draw from
	 * @param candidates which of them may be chosen
	 * @return one of those, or {@code null} if there is none
	 */
	@Nullable Lane from(Tier tier, Predicate<Lane> candidates) {
		for (int i = 0; i < TRIES; i++) {
			Lane lane = tier.draw(this.random);
			if (candidates.test(lane)) {
				return lane;
			}
		}
		return fromAll(tier, candidates);
	}

	/** Reservoir sampling with weights: each takes the place with its share so far. */
	private @Nullable Lane fromAll(Tier tier, Predicate<Lane> candidates) {
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
