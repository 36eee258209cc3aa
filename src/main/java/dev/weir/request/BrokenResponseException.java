package dev.weir.request;

/**
 * A backend's answer broke off. It has neither the cause nor the cause's message on
 * purpose: frameworks look at both ("connection reset by peer") to tell whether the
 * client went away, and would take a backend's reset for the client's.
 */
public final class BrokenResponseException extends RuntimeException {

	private BrokenResponseException(String message) {
		super(message, null, false, false);
	}

	/**
	 * Makes one for an answer that the client has a part of.
	 * @return the exception
	 */
	public static BrokenResponseException afterStart() {
		return new BrokenResponseException("The backend's answer broke off after it had begun");
	}

	/**
	 * Makes one of what was thrown.
	 * @param error what was thrown while the answer was read
	 * @return the same as an exception without a cause
	 */
	public static BrokenResponseException of(Throwable error) {
		return (error instanceof BrokenResponseException known) ? known : new BrokenResponseException(
				"The backend's answer broke off (" + error.getClass().getSimpleName() + ")");
	}

}
