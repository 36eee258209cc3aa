package dev.weir.balance;

import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Lane;
import dev.weir.backend.Tier;

/**
 * Draws two different candidates and picks the one with the lower {@link Load} ("power of
 * two choices"). It spreads requests nearly as well as a comparison of all lanes, and
 * concurrent requests do not all go to the lane that looks best.
 * <p>
 * Candidates are drawn by weight. With uniform draws a lane that can serve as much as
 * nine others together would be drawn in a fifth of the picks only, and could not get its
 * share. If both have the same load, the first draw wins, so ties follow the weights.
 */
final class TwoChoicesStrategy implements Strategy {

	private final WeightedSampler sampler;

	private final Load load;

	TwoChoicesStrategy(WeightedSampler sampler, Load load) {
		this.sampler = sampler;
		this.load = load;
	}

	@Override
	public @Nullable Lane pick(Tier tier, Predicate<Lane> candidates) {
		Lane first = this.sampler.draw(tier, candidates);
		if (first == null || tier.size() == 1) {
			return first;
		}
		Lane second = this.sampler.draw(tier, (lane) -> lane != first && candidates.test(lane));
		return (second != null && this.load.of(second) < this.load.of(first)) ? second : first;
	}

}
