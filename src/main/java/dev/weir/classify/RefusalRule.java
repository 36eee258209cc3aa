package dev.weir.classify;

import java.util.Set;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.ErrorDetails;

/**
 * One line of {@link RefusalRules}. It fits if the status is one of its own, or the error
 * came behind a status of success, and if the error names one of its codes or begins with
 * its words. A rule with neither fits its statuses, whatever the body says.
 *
 * @param subject what the refusal is about
 * @param statuses the HTTP statuses
 * @param codes what the error's {@code code} or {@code type} may be
 * @param words what its message begins with, or {@code null} for no words
 */
record RefusalRule(RefusalRules.Subject subject, Set<Integer> statuses, Set<String> codes, @Nullable Pattern words) {

	boolean fits(int status, ErrorDetails error, String message) {
		if (this.codes.isEmpty() && this.words == null) {
			return this.statuses.contains(status);
		}
		return (status == RefusalRules.INSIDE || this.statuses.contains(status))
				&& (RefusalRules.isOneOf(this.codes, error)
						|| (this.words != null && this.words.matcher(message).lookingAt()));
	}

}
