package dev.weir.classify;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * The numbers in the message about a request that exceeds the quota, as OpenAI and Groq
 * write them: {@code Limit 30000, Requested 45000}.
 *
 * @param limit the tokens of the whole quota
 * @param requested the tokens that the request needs
 */
record OversizedRequest(long limit, long requested) {

	private static final Pattern NUMBERS = Pattern
		.compile("\\bLimit:? ([0-9,]{1,15})\\b.{0,80}?\\bRequested:? ([0-9,]{1,15})\\b", Pattern.CASE_INSENSITIVE);

	/**
	 * Reads the numbers.
	 * @param message the message, or {@code null}
	 * @return the numbers, or {@code null} if there are none
	 */
	static @Nullable OversizedRequest read(@Nullable String message) {
		Matcher matcher = (message != null) ? NUMBERS.matcher(message) : null;
		if (matcher == null || !matcher.find()) {
			return null;
		}
		String limit = matcher.group(1).replace(",", "");
		String requested = matcher.group(2).replace(",", "");
		return (limit.isEmpty() || requested.isEmpty()) ? null
				: new OversizedRequest(Long.parseLong(limit), Long.parseLong(requested));
	}

	/**
	 * Whether the numbers in a message mean that a request exceeds the whole quota.
	 * @param message the message
	 * @return whether the requested tokens exceed the limit
	 */
	static boolean isTooLarge(String message) {
		OversizedRequest numbers = read(message);
		return numbers != null && numbers.requested > numbers.limit;
	}

}
