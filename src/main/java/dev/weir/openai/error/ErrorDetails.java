package dev.weir.openai.error;

import org.jspecify.annotations.Nullable;

/**
 * The reason that an error response gives. The values are the backend's and unbounded:
 * they must not become tags of metrics.
 *
 * @param code the code, such as {@code insufficient_quota}; numbers as text; {@code null}
 * if there is none
 * @param type the type, such as {@code server_error}; {@code null} if there is none
 * @param param the request's parameter that is wrong; {@code null} if none is named
 * @param message the message for a developer, at most {@value #MAX_MESSAGE} characters of
 * it; {@code null} if there is none
 */
public record ErrorDetails(@Nullable String code, @Nullable String type, @Nullable String param,
		@Nullable String message) {

	/** An error response without a reason. */
	public static final ErrorDetails NONE = new ErrorDetails(null, null);

	static final int MAX_MESSAGE = 2000;

	/**
	 * Creates details without parameter and message.
	 * @param code the code, or {@code null}
	 * @param type the type, or {@code null}
	 */
	public ErrorDetails(@Nullable String code, @Nullable String type) {
		this(code, type, null, null);
	}

	/**
	 * Reads the details from an error body of a backend. Known are
	 * {@code {"error":{"code":…,"type":…}}} of OpenAI and Azure OpenAI, also in an array
	 * as Gemini sends it; else the top level is read, where Azure's gateway has
	 * {@code statusCode}, some compatible servers have {@code code} and {@code type}, and
	 * others a text as {@code error}, {@code detail} or {@code message}; else the body
	 * itself is the message, unless it is an HTML page. Never fails.
	 * @param body the body, possibly cut off; what comes before its end counts
	 * @return the details; all parts are {@code null} if none is found
	 */
	public static ErrorDetails read(byte[] body) {
		return ErrorReader.read(body);
	}

	/**
	 * Whether a program can read the reason.
	 * @return whether there is a code or a type
	 */
	public boolean isNamed() {
		return this.code != null || this.type != null;
	}

}
