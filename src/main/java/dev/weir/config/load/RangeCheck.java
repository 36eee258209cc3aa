package dev.weir.config.load;

import java.time.Duration;

import org.springframework.boot.convert.DurationStyle;
import org.springframework.util.unit.DataSize;

import dev.weir.config.Range;

/**
 * Compares a value with a {@link Range}.
 */
final class RangeCheck {

	private RangeCheck() {
	}

	static boolean isWithin(Range range, Object value) {
		if (value instanceof Integer number) {
			return between(number, Integer.valueOf(range.min()), Integer.valueOf(range.max()));
		}
		if (value instanceof Long number) {
			return between(number, Long.valueOf(range.min()), Long.valueOf(range.max()));
		}
		if (value instanceof Duration duration) {
			return between(duration, DurationStyle.detectAndParse(range.min()),
					DurationStyle.detectAndParse(range.max()));
		}
		if (value instanceof DataSize size) {
			return between(size, DataSize.parse(range.min()), DataSize.parse(range.max()));
		}
		throw new IllegalArgumentException("Range does not support " + value.getClass().getName());
	}

	private static <T extends Comparable<T>> boolean between(T value, T min, T max) {
		return min.compareTo(value) <= 0 && value.compareTo(max) <= 0;
	}

}
