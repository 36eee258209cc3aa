package dev.weir.balance;

import java.util.List;
import java.util.random.RandomGenerator;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Lane;

/**
 * Draws lanes at random, each in proportion to its weight.
 */
final class WeightedDraw {

	private final RandomGenerator random;

	WeightedDraw(RandomGenerator random) {
		this.random = random;
	}

	/**
	 * Draws a lane.
	 * @param lanes the lanes to draw from
	 * @param drawn one of them that has been drawn and is not put back, or {@code null}
	 * @return the lane, another than the one drawn before
	 */
	Lane draw(List<Lane> lanes, @Nullable Lane drawn) {
		int total = 0;
		for (Lane lane : lanes) {
			total += (lane != drawn) ? lane.weight() : 0;
		}
		int point = this.random.nextInt(total);
		for (Lane lane : lanes) {
			point -= (lane != drawn) ? lane.weight() : 0;
			if (point < 0) {
				return lane;
			}
		}
		throw new IllegalStateException("Weights changed while drawing from " + lanes);
	}

}
