package dev.weir.backend;

import java.time.Duration;
import java.util.Locale;

/**
 * Formats durations for logs and messages.
 */
public final class DurationText {

	private static final long HOUR = 3_600_000;

	private DurationText() {
	}

	/**
	 * Formats a duration in a suitable unit, for instance {@code 40 ms}, {@code 7.2 s},
	 * {@code 5 min}, {@code 3 h}, {@code 17 h 38 min} or {@code 30 days}.
	 * @param duration the duration, not negative
	 * @return the number and the unit
	 */
	public static String of(Duration duration) {
		long millis = duration.toMillis();
		if (millis < 1000) {
			return millis + " ms";
		}
		if (millis < 120_000) {
			String seconds = String.format(Locale.ROOT, "%.1f", millis / 1000.0);
			return (seconds.endsWith(".0") ? seconds.substring(0, seconds.length() - 2) : seconds) + " s";
		}
		if (millis % HOUR == 0) {
			long hours = millis / HOUR;
			return (hours > 24 && hours % 24 == 0) ? hours / 24 + " days" : hours + " h";
		}
		long minutes = Math.round(millis / 60_000.0);
		if (minutes < 120) {
			return minutes + " min";
		}
		return minutes / 60 + " h" + ((minutes % 60 > 0) ? " " + minutes % 60 + " min" : "");
	}

}
