package dev.weir.config;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;

import org.jspecify.annotations.Nullable;

/**
 * The time from which a key is refused.
 */
public final class ExpiryTime {

	private static final int DATE_LENGTH = "2027-01-31".length();

	private final String text;

	private final Instant instant;

	private ExpiryTime(String text, Instant instant) {
		this.text = text;
		this.instant = instant;
	}

	/**
	 * Reads the time as users write it.
	 * @param text a date, whose day in UTC is included, or a date and time with an offset
	 * @return the time
	 * @throws IllegalArgumentException if the text is neither
	 */
	public static ExpiryTime of(String text) {
		String stripped = text.strip();
		try {
			Instant instant = (stripped.length() == DATE_LENGTH)
					? LocalDate.parse(stripped).plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant()
					: OffsetDateTime.parse(stripped).toInstant();
			return new ExpiryTime(stripped, instant);
		}
		catch (DateTimeException ex) {
			throw new IllegalArgumentException("Not a date", ex);
		}
	}

	/**
	 * Whether the time has come.
	 * @param now the current time
	 * @return whether a key is refused
	 */
	public boolean isReached(Instant now) {
		return !now.isBefore(this.instant);
	}

	@Override
	public boolean equals(@Nullable Object other) {
		return other instanceof ExpiryTime that && this.text.equals(that.text);
	}

	@Override
	public int hashCode() {
		return this.text.hashCode();
	}

	@Override
	public String toString() {
		return this.text;
	}

}
