package dev.weir.config.load;

import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.core.ResolvableType;
import org.springframework.util.ClassUtils;
import org.springframework.util.unit.DataSize;

import dev.weir.config.ExpiryTime;
import dev.weir.config.Range;
import dev.weir.config.Secret;

/**
 * Describes the valid values of a property.
 *
 * @param mistake the mistake of any other value, {@code must be true or false} for
 * instance
 * @param cure how to write a valid value
 */
record Expectation(String mistake, String cure) {

	static final String URL = "must be an http or https URL with a host";

	static final String URL_CURE = "Write the address of the backend, such as https://my-east.openai.azure.com.";

	static Expectation of(Bindable<?> target) {
		ResolvableType type = target.getType();
		Class<?> raw = type.resolve(Object.class);
		String range = range(target.getAnnotation(Range.class));
		if (raw == int.class || raw == Integer.class || raw == Long.class) {
			return new Expectation("must be a whole number" + range, "Write such a number in digits.");
		}
		if (raw == boolean.class) {
			return new Expectation("must be true or false", "Write one of them.");
		}
		if (raw == Duration.class) {
			return new Expectation("must be a duration" + range,
					"Write a whole number and a unit, ms, s, m, h or d: 1500ms, 10s, 5m.");
		}
		if (raw == DataSize.class) {
			return new Expectation("must be a size" + range,
					"Write a whole number and a unit, B, KB, MB or GB: 512KB, 32MB.");
		}
		if (raw == ExpiryTime.class) {
			return new Expectation("must be a date, or a date and time with an offset",
					"Write 2027-01-31 or 2027-01-31T12:00:00Z.");
		}
		if (raw == URI.class) {
			return new Expectation(URL, URL_CURE);
		}
		if (raw.isEnum()) {
			return new Expectation("must be one of " + names(raw), "Write one of them, or remove the property.");
		}
		if (Map.class.isAssignableFrom(raw)) {
			return new Expectation("must be a map", "Write one indented 'name: value' per line below it.");
		}
		Class<?> element = type.asCollection().resolveGeneric(0);
		if (element != null && element.isEnum()) {
			return new Expectation("must be a list of " + names(element), "Write one or several of them in brackets.");
		}
		if (SettingTree.isCollection(type)) {
			return new Expectation("must be a list",
					"Begin each entry with '- ' on a separate line. Numbered entries start at 0 without gaps.");
		}
		if (raw == String.class || raw == Secret.class) {
			return new Expectation("must be a text", "Write it in quotes, on the same line.");
		}
		return new Expectation("must have properties below it",
				"Write them indented on separate lines: " + String.join(", ", SettingTree.namesBelow(type)) + ".");
	}

	/**
	 * Describes the valid values of a property of Spring.
	 */
	static Expectation ofSpring(Bindable<?> target) {
		Class<?> raw = ClassUtils.resolvePrimitiveIfNecessary(target.getType().resolve(Object.class));
		if (raw == Boolean.class) {
			return of(Bindable.of(boolean.class));
		}
		if (raw.isEnum() || raw == Integer.class || raw == Long.class) {
			return of(Bindable.of(raw));
		}
		return new Expectation("is not a valid " + raw.getSimpleName(), "Correct the value.");
	}

	private static String range(@Nullable Range range) {
		return (range != null) ? " from " + range.min() + " to " + range.max() : "";
	}

	private static String names(Class<?> type) {
		return Arrays.stream(type.getEnumConstants())
			.map((constant) -> constant.toString().toLowerCase(Locale.ROOT).replace('_', '-'))
			.collect(Collectors.joining(", "));
	}

}
