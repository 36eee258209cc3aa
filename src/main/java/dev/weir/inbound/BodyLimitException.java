package dev.weir.inbound;

import org.jspecify.annotations.Nullable;

import dev.weir.memory.BufferBudget;

/**
 * A request's body exceeds a limit and cannot be held in memory.
 */
final class BodyLimitException extends RuntimeException {

	private final @Nullable String full;

	private BodyLimitException(String message, @Nullable String full) {
		super(message, null, false, false);
		this.full = full;
	}

	/**
	 * The body exceeds the limit for a single body.
	 * @return the exception
	 */
	static BodyLimitException tooLarge() {
		return new BodyLimitException("too large", null);
	}

	/**
	 * The body exceeds the limit for all bodies together, or that for all of its client.
	 * @param share the share that cannot grow, or was aborted
	 * @return the exception
	 */
	static BodyLimitException noRoom(BufferBudget.Share share) {
		String full = share.describeFull("request bodies");
		return new BodyLimitException(full, full);
	}

	/**
	 * Which memory is full.
	 * @return a sentence, or {@code null} if the body is too large in any case
	 */
	@Nullable String full() {
		return this.full;
	}

}
