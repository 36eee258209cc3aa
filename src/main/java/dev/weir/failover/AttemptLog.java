package dev.weir.failover;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.CooldownReason;
import dev.weir.openai.call.Operation;
import dev.weir.backend.Backend;

/**
 * Logs the outcomes that an operator must correct.
 */
final class AttemptLog {

	private static final Logger logger = LoggerFactory.getLogger(AttemptLog.class);

	private AttemptLog() {
	}

	/**
	 * Logs the outcome of an attempt that has ended.
	 * @param lane the lane that was called
	 * @param outcome the outcome
	 * @param operation the operation of the request
	 */
	static void report(Lane lane, Outcome outcome, Operation operation) {
		switch (outcome.type()) {
			case DENIED -> denied(lane, (Outcome.Denied) outcome);
			case NO_CREDENTIAL -> logger.error("Backend {} was not called: {}", lane.backend(), outcome.description());
			case OUT_OF_QUOTA -> logger.error(
					"Backend {} has used up its quota, and waiting does not restore it: it responded with {}; {}",
					lane.backend(), outcome.description(), ((Outcome.OutOfQuota) outcome).refusal());
			case NOT_SERVED -> notServed(lane, (Outcome.NotServed) outcome, operation);
			case SERVED, THROTTLED, TOO_LARGE, FAILED, REJECTED, TOO_LONG, NOT_MINE, BROKEN, CANCELLED -> {
				// passes by itself, or is about the request
			}
		}
	}

	private static void denied(Lane lane, Outcome.Denied denied) {
		if (denied.proof() == Outcome.Proof.STATED || lane.backend().cooldownReason() == CooldownReason.DENIED) {
			logger.error("Backend {} refuses the credential that Weir has for it: it responded with {}; {}",
					lane.backend(), denied.description(), denied.refusal());
		}
		else {
			logger.warn(
					"Backend {} refused a request and may mean its content or Weir's credential: it responded with {}; {}",
					lane.backend(), denied.description(), denied.refusal());
		}
	}

	private static void notServed(Lane lane, Outcome.NotServed missing, Operation operation) {
		if (missing.scope() == Outcome.Scope.REQUEST) {
			logger.info("Backend {} does not serve a part of a request: it responded with {}; {}", lane.backend(),
					missing.status(), missing.refusal());
		}
		else if (missing.scope() != Outcome.Scope.MODEL && operation.isHandshake()) {
			// clients then use HTTP
			logger.info("Backend {} has no WebSocket at {}: it responded with {}", lane.backend(), operation.path(),
					missing.status());
		}
		else if (missing.scope() != Outcome.Scope.MODEL) {
			logger.error("Backend {} does not serve {} for {}: it responded with {}; {}", lane.backend(), operation,
					lane.model().isEmpty() ? "calls without a model" : lane.model(), missing.status(),
					missing.refusal());
		}
		else if (!lane.model().isEmpty()) {
			logger.error("Backend {} has no deployment {} for the model {}: it responded with {}; {}", lane.backend(),
					lane.deployment(), lane.model(), missing.status(), missing.refusal());
		}
	}

}
