package dev.weir.failover;

/**
 * No lane of the pool can take a request now, so no attempt has begun.
 */
public final class NoLaneException extends RuntimeException {

	/** Creates the exception. */
	public NoLaneException() {
		super("No lane can take the request now", null, false, false);
	}

}
