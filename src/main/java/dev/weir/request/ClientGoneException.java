package dev.weir.request;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.ApiErrorException;

/**
 * A client's request could not be read to its end: the client closed the connection, was
 * too slow, or did not send valid HTTP. It is not a failure of a backend.
 */
public class ClientGoneException extends RuntimeException {

	/**
	 * Wraps an error.
	 * @param error the error that ended reading the request
	 */
	public ClientGoneException(Throwable error) {
		super("The client went away: " + error.getMessage(), (error instanceof ApiErrorException) ? error : null, false,
				false);
	}

	/**
	 * Creates an exception without a reply.
	 * @param message the reason
	 */
	ClientGoneException(String message) {
		super(message, null, false, false);
	}

	/**
	 * Wraps an error, unless it is of this type already.
	 * @param error the error that ended reading the request
	 * @return the exception
	 */
	public static ClientGoneException of(Throwable error) {
		return (error instanceof ClientGoneException gone) ? gone : new ClientGoneException(error);
	}

	/**
	 * The reply for the client, if its connection can still be used.
	 * @return the reply, or {@code null} if there is none
	 */
	public @Nullable ApiErrorException reply() {
		return (getCause() instanceof ApiErrorException reply) ? reply : null;
	}

}
