package dev.weir.backend;

/**
 * The kinds of {@link Outcome}. Every decision about an outcome is a switch over these
 * without a default, so that the compiler names each decision that a new kind needs.
 */
public enum OutcomeType {

	/** @see Outcome.Served */
	SERVED("served"),

	/** @see Outcome.Throttled */
	THROTTLED("throttled"),

	/** @see Outcome.TooLarge */
	TOO_LARGE("too_large"),

	/** @see Outcome.OutOfQuota */
	OUT_OF_QUOTA("out_of_quota"),

	/** @see Outcome.Failed */
	FAILED("failed"),

	/** @see Outcome.Denied */
	DENIED("denied"),

	/** @see Outcome.NoCredential */
	NO_CREDENTIAL("no_credential"),

	/** @see Outcome.NotServed */
	NOT_SERVED("not_served"),

	/** @see Outcome.Rejected */
	REJECTED("rejected"),

	/** @see Outcome.TooLong */
	TOO_LONG("too_long"),

	/** @see Outcome.NotMine */
	NOT_MINE("not_mine"),

	/** @see Outcome.Broken */
	BROKEN("broken"),

	/** @see Outcome.Cancelled */
	CANCELLED("cancelled");

	private final String label;

	OutcomeType(String label) {
		this.label = label;
	}

	/**
	 * Returns one word for metrics.
	 * @return the label
	 */
	public String label() {
		return this.label;
	}

	/**
	 * Whether another credential might have led to another outcome.
	 * @return whether a change of the credential makes the outcome obsolete
	 */
	boolean isAboutCredential() {
		return switch (this) {
			case OUT_OF_QUOTA, DENIED, NO_CREDENTIAL, NOT_SERVED -> true;
			case SERVED, THROTTLED, TOO_LARGE, FAILED, REJECTED, TOO_LONG, NOT_MINE, BROKEN, CANCELLED -> false;
		};
	}

	/**
	 * Whether the backend served the request.
	 * @return whether it did
	 */
	public boolean isSuccess() {
		return switch (this) {
			case SERVED -> true;
			case THROTTLED, TOO_LARGE, OUT_OF_QUOTA, FAILED, DENIED, NO_CREDENTIAL, NOT_SERVED, REJECTED, TOO_LONG,
					NOT_MINE, BROKEN, CANCELLED ->
				false;
		};
	}

	/**
	 * Whether the request alone exceeds the quota of a lane, so that only a lane with a
	 * larger quota can serve it, and a repetition does not help.
	 * @return whether it does
	 */
	public boolean needsLargerLane() {
		return switch (this) {
			case TOO_LARGE -> true;
			case SERVED, THROTTLED, OUT_OF_QUOTA, FAILED, DENIED, NO_CREDENTIAL, NOT_SERVED, REJECTED, TOO_LONG,
					NOT_MINE, BROKEN, CANCELLED ->
				false;
		};
	}

	/**
	 * Whether the request depends on something that is stored on another backend.
	 * @return whether another backend may know it
	 */
	public boolean isStoredElsewhere() {
		return switch (this) {
			case NOT_MINE -> true;
			case SERVED, THROTTLED, TOO_LARGE, OUT_OF_QUOTA, FAILED, DENIED, NO_CREDENTIAL, NOT_SERVED, REJECTED,
					TOO_LONG, BROKEN, CANCELLED ->
				false;
		};
	}

	/**
	 * Whether the response is about the request itself.
	 * @return whether the client gets the response if no other lane is tried
	 */
	public boolean isAboutRequest() {
		return switch (this) {
			case TOO_LARGE, REJECTED, TOO_LONG, NOT_MINE -> true;
			case SERVED, THROTTLED, OUT_OF_QUOTA, FAILED, DENIED, NO_CREDENTIAL, NOT_SERVED, BROKEN, CANCELLED -> false;
		};
	}

	/**
	 * Whether a response that had begun is incomplete because of the backend. A response
	 * may also fail in its middle with an error that otherwise precedes it, such as a
	 * rate limit.
	 * @return whether another attempt may follow, in addition to the tokens of this one
	 */
	public boolean isPartial() {
		return switch (this) {
			case THROTTLED, TOO_LARGE, OUT_OF_QUOTA, FAILED, DENIED, NO_CREDENTIAL, NOT_SERVED, REJECTED, TOO_LONG,
					NOT_MINE, BROKEN ->
				true;
			case SERVED, CANCELLED -> false;
		};
	}

	/**
	 * Whether the next attempt takes from the pool's retry budget. After a 429 it does
	 * not: the lane is in cooldown, so retries cannot overload it.
	 * @return whether it does
	 */
	public boolean costsRetry() {
		return switch (this) {
			case FAILED -> true;
			case SERVED, THROTTLED, TOO_LARGE, OUT_OF_QUOTA, DENIED, NO_CREDENTIAL, NOT_SERVED, REJECTED, TOO_LONG,
					NOT_MINE, BROKEN, CANCELLED ->
				false;
		};
	}

	/**
	 * Whether it counts in {@code max-attempts}. Throttling does not: if nine of ten
	 * lanes are throttled, the tenth still serves the request.
	 * @return whether it counts
	 */
	public boolean countsAsAttempt() {
		return switch (this) {
			case TOO_LARGE, FAILED, DENIED, NOT_SERVED -> true;
			case SERVED, THROTTLED, OUT_OF_QUOTA, NO_CREDENTIAL, REJECTED, TOO_LONG, NOT_MINE, BROKEN, CANCELLED ->
				false;
		};
	}

}
