package dev.weir.failover;

import dev.weir.api.ApiError;
import dev.weir.api.ApiErrorCode;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import org.jspecify.annotations.Nullable;

/**
 * The best of the error answers that failed attempts brought, in case no backend serves:
 * one that says its reason in the API's own shape before a page of some gateway, and
 * among equals the latest.
 */
final class BestAnswer {

	private @Nullable Lane lane;

	private @Nullable ErrorAnswer answer;

	private boolean speaking;

	void consider(Lane from, Outcome outcome, @Nullable ErrorAnswer candidate) {
		if (candidate == null || !candidate.isWhole() || !(outcome instanceof Outcome.Failed)
				|| candidate.status() < 400) {
			return;
		}
		boolean speaks = !ApiError.read(candidate.body()).equals(ApiErrorCode.NONE);
		if (speaks || !this.speaking) {
			this.lane = from;
			this.answer = candidate;
			this.speaking = speaks;
		}
	}

	@Nullable Lane lane() {
		return this.lane;
	}

	@Nullable ErrorAnswer answer() {
		return this.answer;
	}

}
