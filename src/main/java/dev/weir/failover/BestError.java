package dev.weir.failover;

import dev.weir.openai.error.ApiError;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.openai.error.ErrorDetails;
import dev.weir.response.ErrorResponse;
import org.jspecify.annotations.Nullable;

/**
 * The best error of the failed attempts, for the case that no backend serves the request.
 * An error in the API's format is better than a page of a proxy; among equals, the last
 * one is better. A 403 without a reason may be about the request, so the client gets it
 * if there is no other error.
 */
final class BestError {

	private @Nullable Lane lane;

	private @Nullable ErrorResponse error;

	private boolean named;

	private @Nullable Forbidden forbidden;

	void consider(Lane from, Outcome outcome, @Nullable ErrorResponse candidate) {
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
			case SERVED, THROTTLED, TOO_LARGE, OUT_OF_QUOTA, NO_CREDENTIAL, NOT_SERVED, REJECTED, TOO_LONG, NOT_MINE,
					BROKEN, CANCELLED -> {
				// Weir has its own error for it, or relays the response
			}
		}
	}

	private void failed(Lane from, ErrorResponse candidate) {
		boolean names = ErrorDetails.read(candidate.body()).isNamed();
		if (names || !this.named) {
			this.lane = from;
			this.error = candidate;
			this.named = names;
		}
	}

	/**
	 * The last 403 without a reason.
	 * @return the error, or {@code null} if there was none
	 */
	@Nullable Forbidden forbidden() {
		return this.forbidden;
	}

	@Nullable Lane lane() {
		return this.lane;
	}

	@Nullable ErrorResponse error() {
		return this.error;
	}

	/**
	 * A 403 without a reason.
	 *
	 * @param lane where it comes from
	 * @param error the error
	 */
	record Forbidden(Lane lane, ErrorResponse error) {
	}

}
