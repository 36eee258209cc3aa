package dev.weir.backend;

/**
 * Ends an attempt with an outcome that is known.
 */
public final class OutcomeException extends RuntimeException {

	private final transient Outcome outcome;

	/**
	 * Ends an attempt.
	 * @param outcome the outcome
	 */
	public OutcomeException(Outcome outcome) {
		super(outcome.description(), null, false, false);
		this.outcome = outcome;
	}

	public Outcome outcome() {
		return this.outcome;
	}

}
