package dev.weir.backend;

import java.time.Duration;

import dev.weir.config.CooldownProperties;
import org.jspecify.annotations.Nullable;

/**
 * The cooldown that follows from the outcome of an attempt.
 *
 * @param duration how long it takes
 * @param reason why it begins
 * @param whole whether it is of the whole backend and not only of the lane
 * @param refusal the refusal that caused it, or {@code null}
 */
record CooldownPeriod(Duration duration, CooldownReason reason, boolean whole, @Nullable Refusal refusal) {

	// as long as a failure to get a token is cached
	private static final Duration WITHOUT_CREDENTIAL = Duration.ofSeconds(5);

	/**
	 * Returns the cooldown after an outcome. An operation that is not served is handled
	 * by {@link LaneOperations}, a refusal without a reason by {@link RefusalStreak}.
	 * @param outcome the outcome of the attempt
	 * @param model whether the call named a model. Calls without one, for instance to
	 * list files, often need rights that a credential for models does not have
	 * @param settings the durations of cooldowns
	 * @return the cooldown, or {@code null} if there is none
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
			case SERVED, TOO_LARGE, REJECTED, TOO_LONG, NOT_MINE, BROKEN, CANCELLED -> null;
		};
	}

	/**
	 * The cooldown of a backend that refuses Weir's credential.
	 * @param refusal the refusal
	 * @param settings the durations of cooldowns
	 * @return the cooldown of the whole backend
	 */
	static CooldownPeriod denied(Refusal refusal, CooldownProperties settings) {
		return new CooldownPeriod(settings.refusal(), CooldownReason.DENIED, true, refusal);
	}

}
