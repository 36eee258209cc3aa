package dev.weir.backend;

import java.time.Duration;

/**
 * Hears of every attempt when it has ended. Called on the event loop: it must not block.
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

}
