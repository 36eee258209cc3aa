package dev.weir.check;

import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.bind.Name;
import org.springframework.util.ReflectionUtils;
import org.springframework.util.unit.DataSize;

/**
 * Writes the components of a record of settings as users write properties.
 */
final class SettingText {

	private static final int WIDTH = 96;

	private SettingText() {
	}

	/**
	 * Writes all properties of a record that have a value.
	 * @param settings the record
	 * @param without the names of components that are left out
	 * @return names and values, such as {@code max-wait 1s}
	 */
	static List<String> of(Record settings, Set<String> without) {
		List<String> all = new ArrayList<>();
		addAll("", settings, without, all);
		return all;
	}

	private static void addAll(String prefix, Record settings, Set<String> without, List<String> all) {
		for (RecordComponent component : settings.getClass().getRecordComponents()) {
			Object value = ReflectionUtils.invokeMethod(component.getAccessor(), settings);
			if (without.contains(component.getName()) || value == null) {
				continue;
			}
			String name = prefix + name(settings.getClass(), component);
			if (value instanceof Record nested) {
				addAll(name + ".", nested, Set.of(), all);
			}
			else if (!isEmpty(value)) {
				all.add(name + " " + value(value));
			}
		}
	}

	private static boolean isEmpty(Object value) {
		return (value instanceof Collection<?> list && list.isEmpty())
				|| (value instanceof Map<?, ?> map && map.isEmpty());
	}

	private static String name(Class<?> settings, RecordComponent component) {
		RecordComponent[] components = settings.getRecordComponents();
		for (int i = 0; i < components.length; i++) {
			Name written = settings.getDeclaredConstructors()[0].getParameters()[i].getAnnotation(Name.class);
			if (components[i].getName().equals(component.getName()) && written != null) {
				return written.value();
			}
		}
		return component.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
	}

	private static String value(Object value) {
		if (value instanceof Duration duration) {
			return duration(duration);
		}
		if (value instanceof DataSize size) {
			return size(size.toBytes());
		}
		if (value instanceof Enum<?> constant) {
			return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
		}
		if (value instanceof Set<?> set) {
			return new TreeSet<>(set.stream().map(Objects::toString).toList()).toString();
		}
		return Objects.toString(value);
	}

	/**
	 * Writes a duration in the largest unit without a remainder.
	 */
	static String duration(Duration duration) {
		long millis = duration.toMillis();
		if (millis == 0) {
			return "0s";
		}
		return (millis % 86_400_000 == 0) ? millis / 86_400_000 + "d"
				: (millis % 3_600_000 == 0) ? millis / 3_600_000 + "h" : (millis % 60_000 == 0) ? millis / 60_000 + "m"
						: (millis % 1000 == 0) ? millis / 1000 + "s" : millis + "ms";
	}

	private static String size(long bytes) {
		for (String unit : new String[] { "B", "KB", "MB" }) {
			if (bytes % 1024 != 0 || bytes == 0) {
				return bytes + unit;
			}
			bytes /= 1024;
		}
		return bytes + "GB";
	}

	/**
	 * Joins parts with commas and breaks the lines.
	 * @param indent the beginning of each line
	 * @param parts the parts
	 * @return lines, each with a line break
	 */
	static String wrap(String indent, Collection<String> parts) {
		StringBuilder text = new StringBuilder();
		StringBuilder line = new StringBuilder(indent);
		@Nullable String separator = null;
		for (String part : parts) {
			if (separator != null) {
				line.append(separator);
				if (line.length() + part.length() > WIDTH) {
					text.append(line.toString().stripTrailing()).append('\n');
					line = new StringBuilder(indent);
				}
			}
			line.append(part);
			separator = ", ";
		}
		return text.append(line).append('\n').toString();
	}

}
