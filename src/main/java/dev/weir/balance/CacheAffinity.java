package dev.weir.balance;

import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Lane;
import dev.weir.backend.Tier;

/**
 * Picks the same lane for the same prompt, so that the prompt cache of its backend is
 * used: weighted rendezvous hashing with bounded loads. Each lane has a score for each
 * key, {@code -weight / ln(h)} where {@code h} is a hash of key and lane between 0 and 1
 * (<a href=
 * "https://en.wikipedia.org/wiki/Rendezvous_hashing#Weighted_rendezvous_hash">the
 * logarithmic method</a>; J. Resch, 2015). The highest score wins, so each lane gets keys
 * in proportion to its weight, and if a lane goes, only its keys move, and they return
 * with it. A lane that has more than {@value #BOUND} times its share of the load is left
 * out (V. Mirrokni et al., Consistent Hashing with Bounded Loads, 2016), so a prompt that
 * many requests have spreads over several lanes. Has no state.
 */
final class CacheAffinity {

	/** The largest load of a lane in relation to its fair share. */
	static final double BOUND = 1.25;

	/**
	 * The tokens of a minute that a lane may always have. Without it, the first
	 * conversations of a quiet hour would move from lane to lane.
	 */
	static final long ALWAYS_ALLOWED = 20_000;

	/**
	 * The requests in flight that a lane may always have: random fluctuations of small
	 * numbers are larger than the bound.
	 */
	static final int ALWAYS_IN_FLIGHT = 8;

	private CacheAffinity() {
	}

	/**
	 * Picks a lane.
	 * @param tier the lanes to pick from
	 * @param candidates accepts the lanes that may be picked
	 * @param key the key of the prompt
	 * @return a candidate, or {@code null} if there is none
	 */
	static @Nullable Lane pick(Tier tier, Predicate<Lane> candidates, long key) {
		long inFlight = 1;
		long tokens = 0;
		long weight = 0;
		for (int i = 0; i < tier.size(); i++) {
			Lane lane = tier.get(i);
			if (candidates.test(lane)) {
				inFlight += lane.inFlight();
				tokens += lane.tokensOfLastMinute();
				weight += lane.weight();
			}
		}
		Lane best = null;
		Lane bestAllowed = null;
		double highest = -1;
		double highestAllowed = -1;
		for (int i = 0; i < tier.size(); i++) {
			Lane lane = tier.get(i);
			if (!candidates.test(lane)) {
				continue;
			}
			double score = score(lane, key);
			if (score > highest) {
				highest = score;
				best = lane;
			}
			if (score > highestAllowed && isWithinBound(lane, (double) lane.weight() / weight, inFlight, tokens)) {
				highestAllowed = score;
				bestAllowed = lane;
			}
		}
		return (bestAllowed != null) ? bestAllowed : best;
	}

	private static boolean isWithinBound(Lane lane, double share, long inFlight, long tokens) {
		return lane.inFlight() + 1 <= Math.max(ALWAYS_IN_FLIGHT, Math.ceil(BOUND * share * inFlight))
				&& lane.tokensOfLastMinute() <= Math.max(ALWAYS_ALLOWED, BOUND * share * tokens);
	}

	static double score(Lane lane, long key) {
		long hash = mix(key ^ mix(hash(lane.backend().name())));
		// 53 bits, above 0 and below 1
		double unit = ((hash >>> 11) + 0.5) * 0x1.0p-53;
		return -lane.weight() / Math.log(unit);
	}

	/** By name, so that every Weir with the same configuration picks the same lane. */
	private static long hash(String name) {
		long hash = 0xcbf29ce484222325L;
		for (int i = 0; i < name.length(); i++) {
			hash = (hash ^ name.charAt(i)) * 0x100000001b3L;
		}
		return hash;
	}

	/** The finalizer of MurmurHash3: each bit of the result depends on all bits. */
	private static long mix(long value) {
		long hash = (value ^ (value >>> 33)) * 0xff51afd7ed558ccdL;
		hash = (hash ^ (hash >>> 33)) * 0xc4ceb9fe1a85ec53L;
		return hash ^ (hash >>> 33);
	}

}
