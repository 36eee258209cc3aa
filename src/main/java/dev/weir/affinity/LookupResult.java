package dev.weir.affinity;

import java.time.Duration;
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
	 * @param retryAfter the time until all of them can be asked, as far as it is known;
	 * zero if not
	 */
	record Unsure(List<String> backends, Duration retryAfter) implements LookupResult {
	}

	/**
	 * No backend is known to have it, and some were not asked, because too many objects
	 * are looked up now.
	 *
	 * @param backends the names of those that were not asked, or could not be
	 */
	record Limited(List<String> backends) implements LookupResult {
	}

}
