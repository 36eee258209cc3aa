package dev.weir.backend;

/**
 * Why a lane or a backend rests.
 */
public enum RestReason {

	/** It said 429. */
	THROTTLED("throttled"),

	/** Its quota is spent and waiting does not bring it back. */
	OUT_OF_QUOTA("out of quota"),

	/** It refuses the credential that Weir has for it. */
	DENIED("access denied"),

	/** Weir has no credential to call it with. */
	NO_CREDENTIAL("no credential"),

	/** It has no deployment for the model. */
	NO_SUCH_DEPLOYMENT("no such deployment"),

	/** It failed and asked for time. */
	FAILED("failed");

	private final String words;

	RestReason(String words) {
		this.words = words;
	}

	@Override
	public String toString() {
		return this.words;
	}

}
