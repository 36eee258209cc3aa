package dev.weir.balance;

import java.util.List;

import dev.weir.backend.Attempts;
import dev.weir.backend.Lane;

/**
 * One step that narrows the lanes a request may go to. Pure: it only leaves lanes out.
 */
@FunctionalInterface
interface Narrowing {

	/** Leaves out the lanes that have had their turn in this request. */
	Narrowing NOT_TRIED = (lanes, attempts) -> lanes.stream().filter((lane) -> !attempts.isTried(lane)).toList();

	/**
	 * Leaves out the lanes that rest, are full or still have to be probed after a rest,
	 * and those whose backend's circuit breaker is open.
	 */
	Narrowing AVAILABLE = (lanes, attempts) -> lanes.stream().filter(Lane::isAvailable).toList();

	/** Leaves only the lanes of the first tier that has any. */
	Narrowing BEST_TIER = (lanes, attempts) -> {
		int best = lanes.stream().mapToInt(Lane::priority).min().orElse(0);
		return lanes.stream().filter((lane) -> lane.priority() == best).toList();
	};

	List<Lane> narrow(List<Lane> lanes, Attempts attempts);

}
