package dev.weir.inbound;

/**
 * A request's body cannot be kept.
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

	/** Why it cannot be kept. */
	enum Reason {

		/** It is larger than a single body may be. */
		TOO_LARGE,

		/** All bodies together would be larger than they may be. */
		NO_ROOM

	}

}
