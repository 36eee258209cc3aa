package dev.weir.openai.body;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.MalformedRequestException;

/**
 * The rules for the name of a model: 1 to 256 characters without control characters.
 */
public final class ModelName {

	static final int MAX_LENGTH = 256;

	static final String TOO_LONG = "has more than " + MAX_LENGTH + " characters";

	private ModelName() {
	}

	/**
	 * Checks a name that a client sent.
	 * @param name the name
	 * @return the same name
	 * @throws MalformedRequestException if it is not allowed
	 */
	public static String fromClient(String name) {
		String problem = problemWith(name);
		if (problem != null) {
			throw MalformedRequestException.ofModel("The value of 'model' " + problem);
		}
		return name;
	}

	/**
	 * Checks a name before it is sent to a backend.
	 * @param name the name
	 * @return the same name
	 * @throws IllegalArgumentException if it is not allowed
	 */
	static String toBackend(String name) {
		String problem = problemWith(name);
		if (problem != null) {
			throw new IllegalArgumentException("The model's name " + problem);
		}
		return name;
	}

	/**
	 * Whether a name is allowed.
	 * @param name the name
	 * @return whether it is allowed
	 */
	public static boolean isAllowed(String name) {
		return problemWith(name) == null;
	}

	private static @Nullable String problemWith(String name) {
		if (name.isBlank()) {
			return "is blank";
		}
		if (name.length() > MAX_LENGTH) {
			return TOO_LONG;
		}
		if (name.codePoints().anyMatch(Character::isISOControl)) {
			return "has control characters";
		}
		// half a surrogate pair cannot be sent in UTF-8: the backend would get another
		// name
		if (name.codePoints().anyMatch((c) -> Character.getType(c) == Character.SURROGATE)) {
			return "is not valid Unicode";
		}
		return null;
	}

}
