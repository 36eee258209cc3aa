package dev.weir.api;

import org.jspecify.annotations.Nullable;

/**
 * What an error answer says about its reason, in the words of the backend: not to be used
 * as a metric's tag.
 *
 * @param code the code, such as {@code insufficient_quota}; numbers as text; {@code null}
 * if there is none
 * @param type the type, such as {@code server_error}; {@code null} if there is none
 * @param param the request's parameter that is wrong; {@code null} if none is named
 * @param message what a developer is to read, at most {@value #MAX_MESSAGE} characters of
 * it; {@code null} if there is none
 */
public record ApiErrorCode(@Nullable String code, @Nullable String type, @Nullable String param,
		@Nullable String message) {

	/** An answer that says nothing about its reason. */
	public static final ApiErrorCode NONE = new ApiErrorCode(null, null);

	static final int MAX_MESSAGE = 2000;

	/**
	 * Makes a reason without words.
	 * @param code the code, or {@code null}
	 * @param type the type, or {@code null}
	 */
	public ApiErrorCode(@Nullable String code, @Nullable String type) {
		this(code, type, null, null);
	}

	/**
	 * Whether a program can read the reason.
	 * @return whether there is a code or a type
	 */
	public boolean isNamed() {
		return this.code != null || this.type != null;
	}

}
