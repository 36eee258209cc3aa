package dev.weir.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/**
 * Finds the name that a misspelt name is most similar to.
 */
public final class Suggestion {

	private Suggestion() {
	}

	/**
	 * Finds the candidate with the smallest edit distance: changes of single characters
	 * and swaps of neighbours. A candidate that differs in more than a third of its
	 * length does not count.
	 * @param written the misspelt name
	 * @param candidates the names that exist
	 * @return the most similar candidate, or nothing if none is similar
	 */
	public static Optional<String> of(String written, Collection<String> candidates) {
		String typed = written.toLowerCase(Locale.ROOT);
		return candidates.stream()
			.filter((candidate) -> distance(typed, candidate.toLowerCase(Locale.ROOT)) <= Math.max(1,
					candidate.length() / 3))
			.min(Comparator.comparingInt((candidate) -> distance(typed, candidate.toLowerCase(Locale.ROOT))));
	}

	private static int distance(String from, String to) {
		int[][] changes = new int[from.length() + 1][to.length() + 1];
		for (int i = 0; i <= from.length(); i++) {
			for (int j = 0; j <= to.length(); j++) {
				changes[i][j] = (i == 0 || j == 0) ? i + j : distance(changes, from, i, to, j);
			}
		}
		return changes[from.length()][to.length()];
	}

	private static int distance(int[][] changes, String from, int i, String to, int j) {
		boolean same = from.charAt(i - 1) == to.charAt(j - 1);
		int least = Math.min(changes[i - 1][j - 1] + (same ? 0 : 1),
				Math.min(changes[i - 1][j], changes[i][j - 1]) + 1);
		boolean swapped = i > 1 && j > 1 && from.charAt(i - 1) == to.charAt(j - 2)
				&& from.charAt(i - 2) == to.charAt(j - 1);
		return swapped ? Math.min(least, changes[i - 2][j - 2] + 1) : least;
	}

}
