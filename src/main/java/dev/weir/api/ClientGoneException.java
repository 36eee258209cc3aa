package dev.weir.api;

/**
 * The client went away before its request was read. Nobody's fault, and nobody is left to
 * answer.
 */
public final class ClientGoneException extends RuntimeException {

	/**
	 * Makes one of what was thrown.
	 * @param error what was thrown while the request was read
	 */
	public ClientGoneException(Throwable error) {
		super("The client went away: " + error.getMessage(), null, false, false);
	}

}
