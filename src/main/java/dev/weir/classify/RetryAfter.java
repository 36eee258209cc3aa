package dev.weir.classify;

import java.time.Duration;
import java.time.Instant;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.quota.DelayParser;

/**
 * Reads the delay that a backend asks for from the headers of its response.
 * <p>
 * A result is {@link Duration#ZERO} to 1 day; longer delays become 1 day. The caller
 * applies the limit and the default of its pool. The result is {@code null} if the header
 * is missing or is not a delay: empty, negative or signed, {@code NaN} or
 * {@code Infinity}, hexadecimal, with an exponent, or with a unit where a bare number is
 * expected.
 */
public final class RetryAfter {

	private RetryAfter() {
	}

	/**
	 * Reads an explicit delay: {@code retry-after-ms} of Azure OpenAI (milliseconds), or
	 * else {@code retry-after} (RFC 9110, section 10.2.3; fractions of a second are
	 * allowed, as in the SDKs). A header without a valid delay is ignored.
	 * @param headers looks up a header by its lower-case name
	 * @param now the time that a date is compared to; a date in the past means no delay
	 * @return the delay, or {@code null} for none
	 */
	public static @Nullable Duration parse(Function<String, @Nullable String> headers, Instant now) {
		Duration precise = DelayParser.parseMillis(headers.apply("retry-after-ms"));
		if (precise != null) {
			return precise;
		}
		String value = headers.apply("retry-after");
		Duration delay = DelayParser.parseSeconds(value);
		if (delay != null || value == null) {
			return delay;
		}
		Instant date = HttpDate.parse(value, now);
		return (date != null) ? DelayParser.until(now, date) : null;
	}

	/**
	 * Reads when a used-up limit is reset: {@code x-ratelimit-reset-requests} or
	 * {@code -tokens}, whichever has 0 in its {@code x-ratelimit-remaining-} header. If
	 * both are used up, the longer one counts, because a request needs both. Azure OpenAI
	 * sends seconds ({@code 10}), OpenAI durations ({@code 6m0s}, {@code 12ms},
	 * {@code 1.5s}).
	 * <p>
	 * The result is {@code null} if no limit is known to be used up. The resets of other
	 * limits do not explain why the request was refused.
	 * @param headers looks up a header by its lower-case name
	 * @return the delay, or {@code null} for none
	 */
	public static @Nullable Duration fromRateLimitReset(Function<String, @Nullable String> headers) {
		Duration requests = resetOf("requests", headers);
		Duration tokens = resetOf("tokens", headers);
		if (requests == null || (tokens != null && tokens.compareTo(requests) > 0)) {
			return tokens;
		}
		return requests;
	}

	private static @Nullable Duration resetOf(String what, Function<String, @Nullable String> headers) {
		Duration remaining = DelayParser.parseSeconds(headers.apply("x-ratelimit-remaining-" + what));
		if (remaining == null || !remaining.isZero()) {
			return null;
		}
		return DelayParser.parseReset(headers.apply("x-ratelimit-reset-" + what));
	}

}
