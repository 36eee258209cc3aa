package dev.weir.classify;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * Parses a date in any of the three forms of RFC 9110, section 5.6.7. The weekday must be
 * valid, but need not fit the date.
 */
final class HttpDate {

	private static final List<String> MONTHS = List.of("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
			"Oct", "Nov", "Dec");

	private static final String TIME = "(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>[0-5]\\d|60)";

	private static final String WEEKDAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";

	private static final String MONTH = "(?<month>[A-Z][a-z]{2})";

	private static final List<Pattern> FORMS = List.of(
			// Sun, 06 Nov 1994 08:49:37 GMT
			Pattern.compile(WEEKDAY + ", (?<day>\\d\\d) " + MONTH + " (?<year>\\d{4}) " + TIME + " GMT"),
			// Sunday, 06-Nov-94 08:49:37 GMT
			Pattern.compile("(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\\d\\d)-" + MONTH + "-(?<year>\\d\\d) "
					+ TIME + " GMT"),
			// Sun Nov 6 08:49:37 1994
			Pattern.compile(WEEKDAY + " " + MONTH + " (?<day>[ \\d]\\d) " + TIME + " (?<year>\\d{4})"));

	private HttpDate() {
	}

	/**
	 * Parses a date.
	 * @param value the header's value
	 * @param now the time that decides the century of a year with two digits
	 * @return the date, or {@code null} if the value is not a date
	 */
	static @Nullable Instant parse(String value, Instant now) {
		for (Pattern form : FORMS) {
			Matcher date = form.matcher(value.strip());
			if (date.matches()) {
				return toInstant(date, now);
			}
		}
		return null;
	}

	private static @Nullable Instant toInstant(Matcher date, Instant now) {
		try {
			int year = number(date, "year");
			if (date.group("year").length() == 2) {
				int thisYear = now.atOffset(ZoneOffset.UTC).getYear();
				year += thisYear - thisYear % 100;
				// RFC 9110: more than 50 years in the future means the past
				year -= (year > thisYear + 50) ? 100 : 0;
			}
			// the grammar allows a leap second, java.time does not
			int second = Math.min(number(date, "second"), 59);
			return LocalDateTime
				.of(year, MONTHS.indexOf(date.group("month")) + 1, number(date, "day"), number(date, "hour"),
						number(date, "minute"), second)
				.toInstant(ZoneOffset.UTC);
		}
		catch (DateTimeException ex) {
			return null;
		}
	}

	private static int number(Matcher date, String group) {
		return Integer.parseInt(date.group(group).strip());
	}

}
