package dev.weir.request;

/**
 * A backend's response broke off. It deliberately has neither the cause nor the cause's
 * message: Spring takes an error with "connection reset by peer" as a sign that the
 * client closed its connection.
 */
public final class BrokenResponseException extends RuntimeException {

	private BrokenResponseException(String message) {
		super(message, null, false, false);
	}

	/**
	 * Creates the exception for a response that the client has received in part.
	 * @return the exception
	 */
	public static BrokenResponseException afterStart() {
		return new BrokenResponseException("The backend's response broke off after it had begun");
	}

	/**
	 * Replaces an error, unless it is of this type already.
	 * @param error the error that ended reading the response
	 * @return the exception, without a cause
	 */
	public static BrokenResponseException of(Throwable error) {
		return (error instanceof BrokenResponseException known) ? known : new BrokenResponseException(
				"The backend's response broke off (" + error.getClass().getSimpleName() + ")");
	}

}
