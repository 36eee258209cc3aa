package dev.weir.balance;

import java.util.List;
import java.util.random.RandomGenerator;

import dev.weir.backend.Lane;

/**
 * Picks at random, each lane in proportion to its weight.
 */
final class WeightedStrategy implements Strategy {

	private final WeightedDraw draw;

	WeightedStrategy(RandomGenerator random) {
		this.draw = new WeightedDraw(random);
	}

	@Override
	public Lane pick(List<Lane> lanes) {
		return this.draw.draw(lanes, null);
	}

}
