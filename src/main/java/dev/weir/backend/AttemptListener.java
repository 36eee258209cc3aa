package dev.weir.backend;

import java.time.Duration;

/**
 * Hears of every attempt when it has ended, and of what it cost. Called on the event
 * loop: it must not block.
 */
@FunctionalInterface
public interface AttemptListener {

	/**
	 * An attempt has ended.
	 * @param lane the lane that was called
	 * @param outcome what the attempt came to
	 * @param duration from the choice of the lane to the last byte
	 */
	void ended(Lane lane, Outcome outcome, Duration duration);

	/**
	 * An answer said what it cost.
	 * @param lane the lane that was called
	 * @param inputTokens tokens of the request, 0 or more
	 * @param outputTokens tokens of the answer, 0 or more
	 */
	default void used(Lane lane, long inputTokens, long outputTokens) {
		// not everybody counts
	}

}
