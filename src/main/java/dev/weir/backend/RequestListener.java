package dev.weir.backend;

import java.time.Duration;

/**
 * Hears of every request to a pool when it has ended. Called on the event loop: it must
 * not block.
 */
@FunctionalInterface
public interface RequestListener {

	/**
	 * The exchange attribute that holds an {@link java.util.function.IntConsumer} which
	 * waits for the status of a request that ended in an error.
	 */
	String STATUS = RequestListener.class.getName();

	/** The status of a request whose client left before it had one, as nginx has it. */
	int LEFT = 499;

	/**
	 * A request has ended.
	 * @param pool the pool it was sent to
	 * @param status the HTTP status that the client got, or {@link #LEFT}
	 * @param duration from when its route was found to the last byte of its answer
	 */
	void ended(Pool pool, int status, Duration duration);

}
