package dev.weir.failover;

import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says in the log what an operator must mend; everything else mends itself.
 */
final class Trouble {

	private static final Logger logger = LoggerFactory.getLogger(Trouble.class);

	private Trouble() {
	}

	static void report(Lane lane, Outcome outcome) {
		if (outcome instanceof Outcome.Denied) {
			logger.error("Backend {} refuses the credential that Weir has for it: it answered {}", lane.backend(),
					outcome.words());
		}
		else if (outcome instanceof Outcome.NoCredential) {
			logger.error("Backend {} was not called: {}", lane.backend(), outcome.words());
		}
		else if (outcome instanceof Outcome.OutOfQuota) {
			logger.error("Backend {} has spent its quota, and waiting does not bring it back", lane.backend());
		}
		else if (outcome instanceof Outcome.NoSuchDeployment && !lane.model().isEmpty()) {
			logger.error("Backend {} has no deployment {} for the model {}", lane.backend(), lane.deployment(),
					lane.model());
		}
	}

}
