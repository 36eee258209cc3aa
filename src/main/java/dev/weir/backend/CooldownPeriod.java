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
 * @param refusal what the backend said, or {@code null}
 */
record CooldownPeriod(Duration duration, CooldownReason reason, boolean whole, @Nullable Refusal refusal) {

	// as long as the answer to a failed request for a token stands
	private static final Duration WITHOUT_CREDENTIAL = Duration.ofSeconds(5);

	/**
	 * Tells what must rest. An operation that is not served is the lane's own business,
	 * and a refusal without a reason that of the backend's {@link RefusalStreak}.
	 * @param outcome what the attempt came to
	 * @param model whether the call named a model: those that name none often want what a
	 * credential made for models may not do
	 * @param settings how long rests are
	 * @return the rest, or {@code null} if there is none
	 */
	static @Nullable CooldownPeriod after(Outcome outcome, boolean model, CooldownProperties settings) {
		return switch (outcome.type()) {
			case THROTTLED ->
				new CooldownPeriod(((Outcome.Throttled) outcome).cooldown(), CooldownReason.THROTTLED, false, null);
			case OUT_OF_QUOTA -> new CooldownPeriod(settings.refusal(), CooldownReason.OUT_OF_QUOTA, true,
					((Outcome.OutOfQuota) outcome).refusal());
			case NO_CREDENTIAL -> new CooldownPeriod(WITHOUT_CREDENTIAL, CooldownReason.NO_CREDENTIAL, true, null);
			case DENIED -> {
				Outcome.Denied denied = (Outcome.Denied) outcome;
				yield (model && denied.proof() == Outcome.Proof.STATED) ? denied(denied.refusal(), settings) : null;
			}
			case NOT_SERVED -> {
				Outcome.NotServed missing = (Outcome.NotServed) outcome;
				yield (model && missing.scope() == Outcome.Scope.MODEL)
						? new CooldownPeriod(settings.refusal(), CooldownReason.NOT_SERVED, false, missing.refusal())
						: null;
			}
			case FAILED -> {
				Duration wanted = ((Outcome.Failed) outcome).retryAfter();
				yield (wanted != null) ? new CooldownPeriod(wanted, CooldownReason.FAILED, true, null) : null;
			}
			case SERVED, TOO_LARGE, REJECTED, TOO_LONG, BROKEN, CANCELLED -> null;
		};
	}

	/**
	 * The rest of a backend that refuses Weir's credential.
	 * @param refusal what it said
	 * @param settings how long rests are
	 * @return the rest of the whole backend
	 */
	static CooldownPeriod denied(Refusal refusal, CooldownProperties settings) {
		return new CooldownPeriod(settings.refusal(), CooldownReason.DENIED, true, refusal);
	}

}
