package dev.weir.classify;

import java.time.Duration;
import java.time.Instant;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.quota.DelayParser;

/**
 * Reads from an answer's headers how long a backend wants to be left alone.
 * <p>
 * A result is {@link Duration#ZERO} to 1 day; longer waits become 1 day. The caller
 * applies a pool's own limit, and its default where there is none. There is none,
 * {@code null}, if the headers are absent, empty, negative or signed, {@code NaN} or
 * {@code Infinity}, hexadecimal or with an exponent, have a unit where a bare number is
 * wanted, or are anything else that is no delay.
 */
public final class RetryAfter {

	private RetryAfter() {
	}

	/**
	 * Reads what the backend says outright: {@code retry-after-ms}, which Azure OpenAI
	 * sends (milliseconds), or else {@code retry-after} (RFC 9110, section 10.2.3, with
	 * fractions of a second allowed, as the SDKs do). A header that says nothing gives
	 * way to the next one.
	 * @param headers looks up a header by its lower-case name
	 * @param now the time a date is compared to; a date that is past means no wait
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
	 * Reads when what ran out is filled again: {@code x-ratelimit-reset-requests} or
	 * {@code -tokens}, whichever has 0 in its {@code x-ratelimit-remaining-} header, and
	 * the longer of them if both ran out, since a request needs both. Azure OpenAI sends
	 * seconds ({@code 10}), OpenAI durations ({@code 6m0s}, {@code 12ms}, {@code 1.5s}).
	 * <p>
	 * None if nothing is known to have run out, even if there are resets: they then say
	 * when a limit is full again that had room, and not why the request was refused.
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
