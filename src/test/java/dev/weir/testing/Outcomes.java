package dev.weir.testing;

import dev.weir.backend.Outcome;
import dev.weir.backend.Outcome.Proof;
import dev.weir.backend.Outcome.Scope;
import dev.weir.backend.Refusal;

/**
 * Outcomes of refusals, for tests in which the reason does not matter.
 */
public final class Outcomes {

	/** A refusal with a message and advice. */
	public static final Refusal REFUSAL = new Refusal("No.", "ask again");

	private Outcomes() {
	}

	public static Outcome outOfQuota() {
		return new Outcome.OutOfQuota(429, REFUSAL);
	}

	public static Outcome denied() {
		return denied(Proof.STATED);
	}

	public static Outcome denied(Proof proof) {
		return new Outcome.Denied(401, proof, REFUSAL);
	}

	public static Outcome modelNotServed() {
		return notServed(Scope.MODEL);
	}

	public static Outcome notServed(Scope scope) {
		return new Outcome.NotServed(404, scope, REFUSAL);
	}

	public static Outcome tooLarge() {
		return new Outcome.TooLarge(429, null, null);
	}

}
