package dev.weir.request;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.ApiErrorException;

/**
 * A client's request could not be read to its end: it went away, was too slow, or sent
 * what is no HTTP. No backend is to blame.
 */
public class ClientGoneException extends RuntimeException {

	/**
	 * Makes one of what was thrown.
	 * @param error what was thrown while the request was read
	 */
	public ClientGoneException(Throwable error) {
		super("The client went away: " + error.getMessage(), (error instanceof ApiErrorException) ? error : null, false,
				false);
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

	/**
	 * What the client gets, if it is still there.
	 * @return the answer, or {@code null} if the connection is of no use any more
	 */
	public @Nullable ApiErrorException reply() {
		return (getCause() instanceof ApiErrorException reply) ? reply : null;
	}

}
