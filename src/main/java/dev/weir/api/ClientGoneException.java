package dev.weir.api;

/**
 * A client's request could not be read to its end: it went away, or what it sent was no
 * HTTP. No backend is to blame.
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
