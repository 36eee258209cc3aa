package dev.weir.balance;

import java.util.List;
import java.util.random.RandomGenerator;

import dev.weir.backend.Lane;

/**
 * Picks at random, each lane in proportion to its weight.
 */
final class WeightedStrategy implements Strategy {

	private final RandomGenerator random;

	WeightedStrategy(RandomGenerator random) {
		this.random = random;
	}

	@Override
	public Lane pick(List<Lane> lanes) {
		int total = lanes.stream().mapToInt(Lane::weight).sum();
		int point = this.random.nextInt(total);
		for (Lane lane : lanes) {
			point -= lane.weight();
			if (point < 0) {
				return lane;
			}
		}
		throw new IllegalStateException("Weights changed while picking from " + lanes);
	}

}
