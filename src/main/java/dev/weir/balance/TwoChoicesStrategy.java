package dev.weir.balance;

import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Lane;
import dev.weir.backend.Tier;

/**
 * Draws two different lanes and picks the one with the lower {@link Load}: the power of
 * two choices, which spreads nearly as well as looking at all and never sends a crowd to
 * the one that looks best.
 * <p>
 * Candidates are drawn in proportion to weight whatever the load is. A lane that is drawn
 * too seldom could not get its share however free it is: uniform draws find one of ten
 * lanes in a fifth of the picks, even if it can do as much as the other nine together. Of
 * two with the same load the first that was drawn is picked, so ties follow the weights.
 */
final class TwoChoicesStrategy implements Strategy {

	private final Draw draw;

	private final Load load;

	TwoChoicesStrategy(Draw draw, Load load) {
		this.draw = draw;
		this.load = load;
	}

	@Override
	public @Nullable Lane pick(Tier tier, Predicate<Lane> candidates) {
		Lane first = this.draw.from(tier, candidates);
		if (first == null || tier.size() == 1) {
			return first;
		}
		Lane second = this.draw.from(tier, (lane) -> lane != first && candidates.test(lane));
		return (second != null && this.load.of(second) < this.load.of(first)) ? second : first;
	}

}
