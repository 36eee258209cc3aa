package dev.weir.openai.quota;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * Parses delays in headers. Delays are never negative, at most a day, and rounded up to
 * nanoseconds.
 */
public final class DelayParser {

	private static final Duration MAX = Duration.ofDays(1);

	private static final long MILLI = 1_000_000;

	private static final long SECOND = 1000 * MILLI;

	// possessive quantifiers: no header can cause backtracking
	private static final Pattern NUMBER = Pattern.compile("[0-9]++(?:\\.[0-9]++)?+");

	private static final Pattern PART = Pattern.compile("\\G(" + NUMBER + ")(ns|us|µs|ms|s|m|h|d)");

	private DelayParser() {
	}

	/**
	 * Parses a number of milliseconds.
	 * @param value the header's value
	 * @return the delay, or {@code null} if the value is not such a number
	 */
	public static @Nullable Duration parseMillis(@Nullable String value) {
		return of(value, MILLI);
	}

	/**
	 * Parses a number of seconds.
	 * @param value the header's value
	 * @return the delay, or {@code null} if the value is not such a number
	 */
	public static @Nullable Duration parseSeconds(@Nullable String value) {
		return of(value, SECOND);
	}

	private static @Nullable Duration of(@Nullable String value, long unit) {
		if (value == null || !NUMBER.matcher(value.strip()).matches()) {
			return null;
		}
		return times(value.strip(), unit);
	}

	/**
	 * Parses a sum of numbers with units, such as {@code 1h2m3.5s}.
	 * @param value the header's value
	 * @return the delay, or {@code null} if the value is not such a sum
	 */
	public static @Nullable Duration parseUnits(@Nullable String value) {
		if (value == null) {
			return null;
		}
		String text = value.strip();
		Matcher part = PART.matcher(text);
		Duration sum = null;
		int end = 0;
		while (part.find()) {
			Duration delay = times(part.group(1), nanosOf(part.group(2)));
			sum = (sum != null) ? min(sum.plus(delay)) : delay;
			end = part.end();
		}
		return (end == text.length()) ? sum : null;
	}

	/**
	 * Returns the delay until a time.
	 * @param now the current time
	 * @param then the time to wait for
	 * @return the delay; zero if the time has passed
	 */
	public static Duration until(Instant now, Instant then) {
		return then.isBefore(now) ? Duration.ZERO : min(Duration.between(now, then));
	}

	/**
	 * Parses an {@code x-ratelimit-reset-} header: Azure OpenAI sends seconds
	 * ({@code 10}), OpenAI sends durations ({@code 6m0s}, {@code 12ms}, {@code 1.5s}).
	 * @param value the header's value
	 * @return the delay, or {@code null} if the value is not a delay
	 */
	public static @Nullable Duration parseReset(@Nullable String value) {
		Duration seconds = parseSeconds(value);
		return (seconds != null) ? seconds : parseUnits(value);
	}

	/** The units of Go's {@code time.Duration}, and days. */
	private static long nanosOf(String unit) {
		return switch (unit) {
			case "ns" -> 1;
			case "us", "µs" -> MILLI / 1000;
			case "ms" -> MILLI;
			case "s" -> SECOND;
			case "m" -> 60 * SECOND;
			case "h" -> 3600 * SECOND;
			default -> 86_400 * SECOND;
		};
	}

	private static Duration times(String number, long unit) {
		BigDecimal nanos = new BigDecimal(number).multiply(BigDecimal.valueOf(unit));
		if (nanos.compareTo(BigDecimal.valueOf(MAX.toNanos())) >= 0) {
			return MAX;
		}
		return Duration.ofNanos(nanos.setScale(0, RoundingMode.CEILING).longValueExact());
	}

	private static Duration min(Duration delay) {
		return (delay.compareTo(MAX) > 0) ? MAX : delay;
	}

}
