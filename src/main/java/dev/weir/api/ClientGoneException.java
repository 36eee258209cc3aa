package dev.weir.api;

/**
 * A client's request could not be read to its end: it went away, or what it sent was no
 * HTTP. No backend is to blame.
 */
public class ClientGoneException extends RuntimeException {

	/**
	 * Makes one of what was thrown.
	 * @param error what was thrown while the request was read
	 */
	public ClientGoneException(Throwable error) {
		this("The client went away: " + error.getMessage());
	}

	/**
	 * Makes one.
	 * @param message what happened
	 */
	ClientGoneException(String message) {
		super(message, null, false, false);
	}

	/**
	 * Makes one of what was thrown, unless it is one already.
	 * @param error what was thrown while the request was read
	 * @return the exception
	 */
	public static ClientGoneException of(Throwable error) {
		return (error instanceof ClientGoneException gone) ? gone : new ClientGoneException(error);
	}

}
