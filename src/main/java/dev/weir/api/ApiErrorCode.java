package dev.weir.api;

import org.jspecify.annotations.Nullable;

/**
 * What an error answer says about its reason, in the words of the backend: not to be used
 * as a metric's tag.
 *
 * @param code the code, such as {@code insufficient_quota}; numbers as text; {@code null}
 * if there is none
 * @param type the type, such as {@code server_error}; {@code null} if there is none
 */
public record ApiErrorCode(@Nullable String code, @Nullable String type) {

	/** An answer that says nothing about its reason. */
	public static final ApiErrorCode NONE = new ApiErrorCode(null, null);

}
