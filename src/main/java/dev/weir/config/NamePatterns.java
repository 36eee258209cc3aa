package dev.weir.config;

import java.util.List;

/**
 * A list of names in which {@code *} stands for any characters. An empty list means every
 * name.
 */
public final class NamePatterns {

	private final List<List<String>> patterns;

	/**
	 * Reads patterns.
	 * @param patterns the patterns as users write them
	 */
	public NamePatterns(List<String> patterns) {
		this.patterns = patterns.stream().map((pattern) -> List.of(pattern.split("\\*", -1))).toList();
	}

	/**
	 * Whether the list means a name.
	 * @param name the name
	 * @return whether a pattern matches it, or there is no pattern
	 */
	public boolean match(String name) {
		return this.patterns.isEmpty() || this.patterns.stream().anyMatch((parts) -> matches(parts, name));
	}

	// linear for each part, unlike a regular expression with several .*
	private static boolean matches(List<String> parts, String name) {
		String first = parts.get(0);
		if (parts.size() == 1) {
			return first.equals(name);
		}
		String last = parts.get(parts.size() - 1);
		if (!name.startsWith(first) || !name.endsWith(last) || name.length() < first.length() + last.length()) {
			return false;
		}
		int from = first.length();
		int end = name.length() - last.length();
		for (String part : parts.subList(1, parts.size() - 1)) {
			int at = name.indexOf(part, from);
			if (at < 0 || at + part.length() > end) {
				return false;
			}
			from = at + part.length();
		}
		return true;
	}

}
