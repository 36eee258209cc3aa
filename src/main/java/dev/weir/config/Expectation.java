package dev.weir.config;

import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.core.ResolvableType;
import org.springframework.util.unit.DataSize;

/**
 * What the value of a property must be, and how to write it.
 *
 * @param mistake what is wrong with any other value
 * @param cure how to write a right one
 */
record Expectation(String mistake, String cure) {

	static final String URL = "must be an http or https URL with a host";

	static final String URL_CURE = "Write where the backend is, such as https://my-east.openai.azure.com.";

	static Expectation of(Bindable<?> target) {
		ResolvableType type = target.getType();
		Class<?> raw = type.resolve(Object.class);
		String range = range(target.getAnnotation(Range.class));
		if (raw == int.class) {
			return new Expectation("must be a whole number" + range, "Write it in digits.");
		}
		if (raw == boolean.class) {
			return new Expectation("must be true or false", "Write one of them.");
		}
		if (raw == Duration.class) {
			return new Expectation("must be a duration" + range,
					"Write a whole number and its unit, ms, s, m, h or d: 1500ms, 10s, 5m.");
		}
		if (raw == DataSize.class) {
			return new Expectation("must be a size" + range,
					"Write a whole number and its unit, B, KB, MB or GB: 512KB, 32MB.");
		}
		if (raw == URI.class) {
			return new Expectation(URL, URL_CURE);
		}
		if (raw.isEnum()) {
			return new Expectation("must be one of " + names(raw), "Write one of them, or leave the property out.");
		}
		if (Map.class.isAssignableFrom(raw)) {
			return new Expectation("must be a map", "Write one 'name: value' a line below it, indented.");
		}
		if (SettingTree.isCollection(type)) {
			return new Expectation("must be a list",
					"Begin each entry with '- ' on a line of its own; numbered entries begin at 0 and leave out none.");
		}
		return new Expectation("must have properties below it",
				"Write them on lines of their own, indented: " + String.join(", ", SettingTree.namesBelow(type)) + ".");
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
