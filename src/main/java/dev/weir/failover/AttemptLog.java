package dev.weir.failover;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.CooldownReason;
import dev.weir.openai.call.Operation;
import dev.weir.backend.Backend;

/**
 * Logs what an operator must mend; everything else mends itself.
 */
final class AttemptLog {

	private static final Logger logger = LoggerFactory.getLogger(AttemptLog.class);

	private AttemptLog() {
	}

	/**
	 * Logs what an attempt came to that has ended.
	 * @param lane the lane that was called
	 * @param outcome what it came to
	 * @param operation what was asked for
	 */
	static void report(Lane lane, Outcome outcome, Operation operation) {
		switch (outcome.type()) {
			case DENIED -> denied(lane, (Outcome.Denied) outcome);
			case NO_CREDENTIAL -> logger.error("Backend {} was not called: {}", lane.backend(), outcome.description());
			case OUT_OF_QUOTA ->
				logger.error("Backend {} has spent its quota, and waiting does not bring it back: it answered {}; {}",
						lane.backend(), outcome.description(), ((Outcome.OutOfQuota) outcome).refusal());
			case NOT_SERVED -> notServed(lane, (Outcome.NotServed) outcome, operation);
			case SERVED, THROTTLED, TOO_LARGE, FAILED, REJECTED, TOO_LONG, BROKEN, CANCELLED -> {
				// mends itself, or is about the request
			}
		}
	}

	private static void denied(Lane lane, Outcome.Denied denied) {
		if (denied.proof() == Outcome.Proof.STATED || lane.backend().cooldownReason() == CooldownReason.DENIED) {
			logger.error("Backend {} refuses the credential that Weir has for it: it answered {}; {}", lane.backend(),
					denied.description(), denied.refusal());
		}
		else {
			logger.warn(
					"Backend {} refused a request and may mean its content or Weir's credential: it answered {}; {}",
					lane.backend(), denied.description(), denied.refusal());
		}
	}

	private static void notServed(Lane lane, Outcome.NotServed missing, Operation operation) {
		if (missing.scope() == Outcome.Scope.REQUEST) {
			logger.info("Backend {} does not serve a part of a request: it answered {}; {}", lane.backend(),
					missing.status(), missing.refusal());
		}
		else if (missing.scope() != Outcome.Scope.MODEL) {
			logger.error("Backend {} does not serve {} for {}: it answered {}; {}", lane.backend(), operation,
					lane.model().isEmpty() ? "calls without a model" : lane.model(), missing.status(),
					missing.refusal());
		}
		else if (!lane.model().isEmpty()) {
			logger.error("Backend {} has no deployment {} for the model {}: it answered {}; {}", lane.backend(),
					lane.deployment(), lane.model(), missing.status(), missing.refusal());
		}
	}

}
