package dev.weir.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/**
 * Guesses what somebody who made a typing mistake meant.
 */
final class Suggestion {

	private Suggestion() {
	}

	/**
	 * The candidate that needs the fewest changes of single characters, if these are few
	 * enough to call it a typing mistake.
	 */
	static Optional<String> of(String written, Collection<String> candidates) {
		String typed = written.toLowerCase(Locale.ROOT);
		return candidates.stream()
			.filter((candidate) -> distance(typed, candidate) <= Math.max(1, candidate.length() / 3))
			.min(Comparator.comparingInt((candidate) -> distance(typed, candidate)));
	}

	private static int distance(String from, String to) {
		int[] previous = new int[to.length() + 1];
		for (int column = 0; column <= to.length(); column++) {
			previous[column] = column;
		}
		for (int row = 1; row <= from.length(); row++) {
			int[] current = new int[to.length() + 1];
			current[0] = row;
			for (int column = 1; column <= to.length(); column++) {
				int change = (from.charAt(row - 1) == to.charAt(column - 1)) ? 0 : 1;
				current[column] = Math.min(previous[column - 1] + change,
						Math.min(previous[column], current[column - 1]) + 1);
			}
			previous = current;
		}
		return previous[to.length()];
	}

}
