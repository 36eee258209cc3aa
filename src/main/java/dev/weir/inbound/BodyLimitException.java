package dev.weir.inbound;

/**
 * A request's body exceeds a limit and cannot be held in memory.
 */
final class BodyLimitException extends RuntimeException {

	private final Reason reason;

	BodyLimitException(Reason reason) {
		super(reason.name(), null, false, false);
		this.reason = reason;
	}

	Reason reason() {
		return this.reason;
	}

	/** The limit that was exceeded. */
	enum Reason {

		/** The limit for a single body. */
		TOO_LARGE,

		/** The limit for all bodies together. */
		NO_ROOM

	}

}
