package dev.weir.config;

import java.time.Duration;

import org.springframework.boot.convert.DurationStyle;
import org.springframework.util.unit.DataSize;

/**
 * Compares values with a {@link Range}.
 */
final class Bounds {

	private Bounds() {
	}

	static boolean includes(Range range, Object value) {
		if (value instanceof Integer number) {
			return between(number, Integer.valueOf(range.min()), Integer.valueOf(range.max()));
		}
		if (value instanceof Duration duration) {
			return between(duration, DurationStyle.detectAndParse(range.min()),
					DurationStyle.detectAndParse(range.max()));
		}
		if (value instanceof DataSize size) {
			return between(size, DataSize.parse(range.min()), DataSize.parse(range.max()));
		}
		throw new IllegalArgumentException("No range can be given for " + value.getClass().getName());
	}

	private static <T extends Comparable<T>> boolean between(T value, T min, T max) {
		return min.compareTo(value) <= 0 && value.compareTo(max) <= 0;
	}

}
