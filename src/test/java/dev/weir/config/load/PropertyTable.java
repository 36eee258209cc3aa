package dev.weir.config.load;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Generates the table of properties in {@code docs/configuration.md}.
 */
final class PropertyTable {

	/** Lists and maps that must have an entry. */
	private static final Set<String> NOT_EMPTY = Set.of("pools", "pools.*.backends");

	private static final String HEAD = "| property | default | values | meaning |\n|---|---|---|---|\n";

	private static final Pattern LINK_OR_CODE = Pattern
		.compile("docs/(?<file>[a-z-]+\\.md)#(?<anchor>[a-z-]+)|\\w+://[^\\s,;)]*[^\\s,;).]|\\$\\{\\w+}|(?<name>"
				+ PropertyReference.all()
					.stream()
					.map((property) -> property.setting().name())
					.filter((name) -> name.contains("-"))
					.distinct()
					.sorted((a, b) -> b.length() - a.length())
					.collect(Collectors.joining("|", "(?<![\\w-])(?:", ")(?![\\w-])"))
				+ ")");

	private PropertyTable() {
	}

	static String generate() {
		return PropertyReference.all()
			.stream()
			.filter((property) -> !property.isSection())
			.map(PropertyTable::row)
			.collect(Collectors.joining("", HEAD, ""));
	}

	private static String row(PropertyReference property) {
		return "| `" + property.path() + "` | " + defaultValue(property) + " | " + values(property) + " | "
				+ markdown(property.description()) + " |\n";
	}

	private static String defaultValue(PropertyReference property) {
		if (property.setting().required() || NOT_EMPTY.contains(property.path())) {
			return "required";
		}
		return (property.defaultValue() != null) ? "`" + property.defaultValue() + "`" : "";
	}

	private static String values(PropertyReference property) {
		if (property.range() != null) {
			return "`" + property.range().min() + "` to `" + property.range().max() + "`";
		}
		if (property.type() == boolean.class) {
			return codes(List.of("true", "false"));
		}
		return property.type().isEnum() ? codes(names(property.type())) : "";
	}

	/** Returns the values of an enum as users write them. */
	static List<String> names(Class<?> type) {
		return Arrays.stream(type.getEnumConstants())
			.map((constant) -> constant.toString().toLowerCase(Locale.ROOT).replace('_', '-'))
			.toList();
	}

	private static String codes(List<String> values) {
		return values.stream().map((value) -> "`" + value + "`").collect(Collectors.joining(", "));
	}

	private static String markdown(String description) {
		return LINK_OR_CODE.matcher(description.replace("|", "\\|")).replaceAll((match) -> {
			Matcher matcher = LINK_OR_CODE.matcher(match.group());
			matcher.matches();
			String file = matcher.group("file");
			String anchor = matcher.group("anchor");
			String text = (file == null) ? "`" + match.group() + "`" : "[" + anchor.replace('-', ' ') + "]("
					+ (file.equals("configuration.md") ? "" : file) + "#" + anchor + ")";
			return Matcher.quoteReplacement(text);
		});
	}

}
