package dev.weir.failover;

/**
 * A filter of the user has written the reply to the client during an attempt, so no
 * further attempt is made and no other reply is written.
 */
public final class ReplyWrittenException extends RuntimeException {

	/** Creates the exception. */
	public ReplyWrittenException() {
		super("A filter has written the reply", null, false, false);
	}

}
