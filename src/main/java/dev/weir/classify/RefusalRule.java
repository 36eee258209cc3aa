package dev.weir.classify;

import java.util.Set;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.ErrorDetails;

/**
 * One rule of {@link RefusalRules}. It matches if the status is one of its statuses, or
 * the error came in a 2xx response, and if the error has one of its codes or its message
 * begins with the pattern. A rule without codes and pattern matches by its statuses
 * alone.
 *
 * @param subject the subject of the refusal
 * @param statuses the HTTP statuses
 * @param codes values of the error's {@code code} or {@code type}
 * @param pattern the pattern of the beginning of the message, or {@code null} for none
 */
record RefusalRule(RefusalRules.Subject subject, Set<Integer> statuses, Set<String> codes, @Nullable Pattern pattern) {

	boolean matches(int status, ErrorDetails error, String message) {
		if (this.codes.isEmpty() && this.pattern == null) {
			return this.statuses.contains(status);
		}
		return (status == RefusalRules.INSIDE || this.statuses.contains(status))
				&& (RefusalRules.isOneOf(this.codes, error)
						|| (this.pattern != null && this.pattern.matcher(message).lookingAt()));
	}

}
