package dev.weir.api;

/**
 * A request body that cannot be understood. The message is made for the API client: it
 * says what is wrong and echoes nothing of the body.
 */
public final class MalformedBodyException extends RuntimeException {

	MalformedBodyException(String message) {
		// clients can cause these at any rate, and where in the code is of no interest
		super(message, null, false, false);
	}

}
