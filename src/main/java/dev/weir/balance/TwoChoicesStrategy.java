package dev.weir.balance;

import java.util.List;
import java.util.random.RandomGenerator;

import dev.weir.backend.Lane;

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

	private final WeightedDraw draw;

	private final Load load;

	TwoChoicesStrategy(RandomGenerator random, Load load) {
		this.draw = new WeightedDraw(random);
		this.load = load;
	}

	@Override
	public Lane pick(List<Lane> lanes) {
		if (lanes.size() == 1) {
			return lanes.get(0);
		}
		Lane first = this.draw.draw(lanes, null);
		Lane second = this.draw.draw(lanes, first);
		return (this.load.of(second) < this.load.of(first)) ? second : first;
	}

}
