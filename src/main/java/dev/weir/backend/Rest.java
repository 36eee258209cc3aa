package dev.weir.backend;

import java.time.Duration;

import dev.weir.config.CooldownProperties;
import org.jspecify.annotations.Nullable;

/**
 * What must rest after an attempt, and how long.
 *
 * @param duration how long
 * @param reason why
 * @param whole whether the whole backend rests and not just the lane
 */
record Rest(Duration duration, RestReason reason, boolean whole) {

	// as long as the answer to a failed request for a token stands
	private static final Duration WITHOUT_CREDENTIAL = Duration.ofSeconds(5);

	/**
	 * Tells what must rest.
	 * @param outcome what the attempt came to
	 * @param model whether the call named a model: those that name none often want what a
	 * credential made for models may not do
	 * @param settings how long rests are
	 * @return the rest, or {@code null} if there is none
	 */
	static @Nullable Rest after(Outcome outcome, boolean model, CooldownProperties settings) {
		if (outcome instanceof Outcome.Throttled throttling) {
			return new Rest(throttling.rest(), RestReason.THROTTLED, false);
		}
		if (outcome instanceof Outcome.NoCredential) {
			return new Rest(WITHOUT_CREDENTIAL, RestReason.NO_CREDENTIAL, true);
		}
		if (outcome instanceof Outcome.OutOfQuota) {
			return new Rest(settings.refusal(), RestReason.OUT_OF_QUOTA, true);
		}
		if (outcome instanceof Outcome.NoSuchDeployment && model) {
			return new Rest(settings.refusal(), RestReason.NO_SUCH_DEPLOYMENT, false);
		}
		if (outcome instanceof Outcome.Denied && model) {
			return new Rest(settings.refusal(), RestReason.DENIED, true);
		}
		if (outcome instanceof Outcome.Failed failure && failure.retryAfter() != null) {
			return new Rest(failure.retryAfter(), RestReason.FAILED, true);
		}
		return null;
	}

}
