package dev.weir.openai.error;

import org.jspecify.annotations.Nullable;

/**
 * A request body, or a model in a path, that cannot be understood. The message is for the
 * client: it names the problem and quotes nothing of the request.
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
		// no stack trace: clients can cause any number of these
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
	 * The parameter with the problem.
	 * @return its name, or {@code null} if it is the whole body
	 */
	public @Nullable String param() {
		return this.param;
	}

}
