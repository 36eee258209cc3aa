package dev.weir.openai.error;

import org.jspecify.annotations.Nullable;

/**
 * A request body, or the model that a path names, that cannot be understood. The message
 * is made for the API client: it says what is wrong and echoes nothing of the request.
 */
public final class MalformedRequestException extends RuntimeException {

	private final @Nullable String param;

	/**
	 * Reports a body that cannot be understood.
	 * @param message the problem, without the final period
	 */
	public MalformedRequestException(String message) {
		this(message, null);
	}

	private MalformedRequestException(String message, @Nullable String param) {
		// clients can cause these at any rate, and where in the code is of no interest
		super(message, null, false, false);
		this.param = param;
	}

	/**
	 * Reports a model that cannot be understood.
	 * @param message the problem, without the final period
	 * @return the exception
	 */
	public static MalformedRequestException ofModel(String message) {
		return new MalformedRequestException(message, "model");
	}

	/**
	 * The parameter that is to blame.
	 * @return its name, or {@code null} if it is the body as a whole
	 */
	public @Nullable String param() {
		return this.param;
	}

}
