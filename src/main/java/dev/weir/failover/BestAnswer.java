package dev.weir.failover;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.openai.error.ErrorDetails;

/**
 * The best of the error answers that failed attempts brought, in case no backend serves:
 * one that says its reason in the API's own shape before a page of some gateway, and
 * among equals the latest. A 403 that does not say why may be about the request, so that
 * it is the client's to read where there is nothing else.
 */
final class BestAnswer {

	private @Nullable Lane lane;

	private @Nullable ErrorAnswer answer;

	private boolean speaking;

	private @Nullable Forbidden forbidden;

	void consider(Lane from, Outcome outcome, @Nullable ErrorAnswer candidate) {
		if (candidate == null || !candidate.isWhole() || candidate.status() < 400) {
			return;
		}
		switch (outcome.type()) {
			case FAILED -> failed(from, candidate);
			case DENIED -> {
				if (candidate.status() == 403 && ((Outcome.Denied) outcome).proof() != Outcome.Proof.STATED) {
					this.forbidden = new Forbidden(from, candidate);
				}
			}
			case SERVED, THROTTLED, TOO_LARGE, OUT_OF_QUOTA, NO_CREDENTIAL, NOT_SERVED, REJECTED, TOO_LONG, BROKEN,
					CANCELLED -> {
				// Weir has words of its own for it, or it is passed on as it is
			}
		}
	}

	private void failed(Lane from, ErrorAnswer candidate) {
		boolean speaks = ErrorDetails.read(candidate.body()).isNamed();
		if (speaks || !this.speaking) {
			this.lane = from;
			this.answer = candidate;
			this.speaking = speaks;
		}
	}

	/**
	 * The last 403 that did not say why.
	 * @return the answer, or {@code null} if there was none
	 */
	@Nullable Forbidden forbidden() {
		return this.forbidden;
	}

	@Nullable Lane lane() {
		return this.lane;
	}

	@Nullable ErrorAnswer answer() {
		return this.answer;
	}

	/**
	 * A 403 that did not say why.
	 *
	 * @param lane where it comes from
	 * @param answer the answer
	 */
	record Forbidden(Lane lane, ErrorAnswer answer) {
	}

}
