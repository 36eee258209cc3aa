package dev.weir.openai.quota;

import java.time.Duration;

/**
 * Formats durations like Go's {@code time.Duration}, which is the form of OpenAI's
 * {@code x-ratelimit-reset-} headers: {@code 12ms}, {@code 59.75s}, {@code 6m0s}.
 */
public final class GoDuration {

	private GoDuration() {
	}

	/**
	 * Formats a duration.
	 * @param duration the duration, not negative; rounded up to milliseconds
	 * @return the text
	 */
	public static String format(Duration duration) {
		long millis = duration.plusNanos(999_999).toMillis();
		if (millis == 0) {
			return "0s";
		}
		if (millis < 1000) {
			return millis + "ms";
		}
		long minutes = millis / 60_000;
		String seconds = seconds(millis % 60_000);
		if (minutes == 0) {
			return seconds;
		}
		long hours = minutes / 60;
		return ((hours > 0) ? hours + "h" : "") + minutes % 60 + "m" + seconds;
	}

	private static String seconds(long millis) {
		String fraction = String.valueOf(1000 + millis % 1000).substring(1).replaceFirst("0+$", "");
		return millis / 1000 + (fraction.isEmpty() ? "" : "." + fraction) + "s";
	}

}
