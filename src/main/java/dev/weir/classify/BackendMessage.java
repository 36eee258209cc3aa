package dev.weir.classify;

import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import dev.weir.config.Secret;

/**
 * Prepares a backend's message for log and health: one line, shortened, and without
 * anything that looks like a key.
 */
public final class BackendMessage {

	/** How many characters are kept. */
	static final int MAX = 200;

	private static final String HIDDEN = "***";

	// control and format characters, line breaks, and lone surrogates
	private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{C}\\p{Zl}\\p{Zp}\\s]+");

	// sk-…, JSON web tokens, values named key or token, and long text with a digit
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
	 * @return at most {@value #MAX} characters and an ellipsis, or {@code null} if the
	 * message is empty
	 */
	public static @Nullable String shortened(@Nullable String message, @Nullable Secret key) {
		if (message == null) {
			return null;
		}
		String text = (key != null && !key.isEmpty()) ? message.replace(key.reveal(), HIDDEN) : message;
		text = KEY.matcher(UNPRINTABLE.matcher(text).replaceAll(" ").strip()).replaceAll(HIDDEN);
		if (text.isEmpty()) {
			return null;
		}
		if (text.length() <= MAX) {
			return text;
		}
		int end = Character.isHighSurrogate(text.charAt(MAX - 1)) ? MAX - 1 : MAX;
		return text.substring(0, end) + "…";
	}

}
