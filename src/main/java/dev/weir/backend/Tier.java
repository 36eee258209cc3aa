package dev.weir.backend;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.Collection;
import java.util.random.RandomGenerator;

/**
 * The lanes of one priority. Immutable.
 */
public final class Tier extends AbstractList<Lane> {

	private final Lane[] lanes;

	/** The sum of the weights up to each lane, its own included. */
	private final int[] ends;

	Tier(Collection<Lane> lanes) {
		this.lanes = lanes.toArray(Lane[]::new);
		this.ends = new int[this.lanes.length];
		int end = 0;
		for (int i = 0; i < this.lanes.length; i++) {
			end += this.lanes[i].weight();
			this.ends[i] = end;
		}
	}

	@Override
	public Lane get(int index) {
		return this.lanes[index];
	}

	@Override
	public int size() {
		return this.lanes.length;
	}

	/**
	 * Selects a lane at random, with a probability in proportion to its weight. Its state
	 * is not considered.
	 * @param random the random numbers
	 * @return the lane
	 */
	public Lane draw(RandomGenerator random) {
		int last = this.lanes.length - 1;
		if (last == 0) {
			return this.lanes[0];
		}
		// a point belongs to the first lane whose end is after it
		int found = Arrays.binarySearch(this.ends, random.nextInt(this.ends[last]) + 1);
		return this.lanes[(found >= 0) ? found : -found - 1];
	}

}
