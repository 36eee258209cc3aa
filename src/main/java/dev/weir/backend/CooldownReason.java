package dev.weir.backend;

/**
 * Why a lane or a backend is in cooldown.
 */
public enum CooldownReason {

	/** It responded with 429. */
	THROTTLED("throttled"),

	/** Its quota is used up, and waiting does not restore it. */
	OUT_OF_QUOTA("out of quota"),

	/** It refuses the credential that Weir has for it. */
	DENIED("access denied"),

	/** Weir has no credential to call it with. */
	NO_CREDENTIAL("no credential"),

	/** It does not serve the model. */
	NOT_SERVED("not served"),

	/** It failed and sent a {@code retry-after}. */
	FAILED("failed");

	private final String description;

	CooldownReason(String description) {
		this.description = description;
	}

	/**
	 * Whether an operator must correct something.
	 * @return whether waiting does not help
	 */
	public boolean isLasting() {
		return switch (this) {
			case OUT_OF_QUOTA, DENIED, NOT_SERVED -> true;
			case THROTTLED, NO_CREDENTIAL, FAILED -> false;
		};
	}

	/**
	 * Whether the backend might accept another credential.
	 * @return whether a new credential ends the cooldown
	 */
	boolean isAboutCredential() {
		return switch (this) {
			case OUT_OF_QUOTA, DENIED, NO_CREDENTIAL, NOT_SERVED -> true;
			case THROTTLED, FAILED -> false;
		};
	}

	@Override
	public String toString() {
		return this.description;
	}

}
