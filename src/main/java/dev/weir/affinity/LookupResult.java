package dev.weir.affinity;

import java.util.List;

/**
 * The result of asking backends for an object.
 */
sealed interface LookupResult {

	/**
	 * A backend has it.
	 *
	 * @param owner the owner
	 */
	record Found(Owner owner) implements LookupResult {
	}

	/** No backend has it. */
	record Unknown() implements LookupResult {
	}

	/**
	 * No backend is known to have it, and some could not be asked.
	 *
	 * @param backends the names of those that could not be asked
	 */
	record Unsure(List<String> backends) implements LookupResult {
	}

	/** Too many objects are looked up now, so no backend was asked. */
	record Limited() implements LookupResult {
	}

}
