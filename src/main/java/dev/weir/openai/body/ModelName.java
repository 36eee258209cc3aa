package dev.weir.openai.body;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.MalformedRequestException;

/**
 * What may be the name of a model: 1 to 256 characters of printable text.
 */
public final class ModelName {

	static final int MAX_LENGTH = 256;

	static final String TOO_LONG = "has more than " + MAX_LENGTH + " characters";

	private ModelName() {
	}

	/**
	 * Returns a name that a client sent, if it may be one.
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
	 * Returns a name that is to be sent to a backend, if it may be one.
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
	 * Whether a text may be the name of a model.
	 * @param name the text
	 * @return whether it may be
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
		// half a surrogate pair has no UTF-8 form: it would reach the backend as
		// another name
		if (name.codePoints().anyMatch((c) -> Character.getType(c) == Character.SURROGATE)) {
			return "is not valid Unicode";
		}
		return null;
	}

}
