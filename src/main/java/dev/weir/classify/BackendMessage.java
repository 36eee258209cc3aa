package dev.weir.classify;

import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import dev.weir.config.Secret;

/**
 * Makes the words of a backend fit for log and health: on one line, not long, and without
 * anything that looks like a key.
 */
final class BackendMessage {

	/** How many characters are kept. */
	static final int MAX = 200;

	private static final String HIDDEN = "***";

	// control and format characters, line breaks, and what is left of broken text
	private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{C}\\p{Zl}\\p{Zp}\\s]+");

	// sk-…, JSON web tokens, what is called a key or a token, and long runs with a digit
	private static final Pattern KEY = Pattern.compile(
			"\\b(?:sk|pk|rk|xai|gsk|ghp|hf)[-_][^\\s\"',;)]{4,}"
					+ "|\\beyJ[\\w.-]+|(?<=\\bbearer )\\S+|(?<=\\b(?:key|token) provided: )\\S+"
					+ "|(?<=\\b(?:key|token)[=:] ?)\\S{8,}|(?=[\\w*+=]{0,200}[0-9*])[\\w*+=]{20,}",
			Pattern.CASE_INSENSITIVE);

	private BackendMessage() {
	}

	/**
	 * Shortens a message.
	 * @param message the message, or {@code null}
	 * @param key the backend's key, or {@code null}
	 * @return at most {@value #MAX} characters and an ellipsis, or {@code null} if there
	 * is nothing to say
	 */
	static @Nullable String shortened(@Nullable String message, @Nullable Secret key) {
		if (message == null) {
			return null;
		}
		String words = (key != null && !key.isEmpty()) ? message.replace(key.reveal(), HIDDEN) : message;
		words = KEY.matcher(UNPRINTABLE.matcher(words).replaceAll(" ").strip()).replaceAll(HIDDEN);
		if (words.isEmpty()) {
			return null;
		}
		if (words.length() <= MAX) {
			return words;
		}
		int end = Character.isHighSurrogate(words.charAt(MAX - 1)) ? MAX - 1 : MAX;
		return words.substring(0, end) + "…";
	}

}
