package dev.weir.failover;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import dev.weir.backend.Attempt;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.UsageOption;
import dev.weir.request.RequestContext;
import dev.weir.request.Reservation;
import dev.weir.response.ErrorResponse;

/**
 * Finds out which backends refuse a request because Weir has added
 * {@code stream_options.include_usage}, so that they are asked again without it. One for
 * each request.
 */
final class UsageRefusal {

	private static final Logger logger = LoggerFactory.getLogger(UsageRefusal.class);

	private final RequestContext context;

	// has refused the request with the option
	private @Nullable Lane suspect;

	UsageRefusal(RequestContext context) {
		this.context = context;
	}

	/**
	 * Whether a backend may have refused the request because of the option. The option is
	 * then not sent again for this request, and if the backend serves it without, not to
	 * this lane.
	 * @param attempt the attempt
	 * @param error the error of the backend, or {@code null} if there is none
	 * @return whether the request must be sent again
	 */
	boolean isPossible(Attempt attempt, @Nullable ErrorResponse error) {
		Reservation reservation = this.context.reservation();
		if (reservation == null || error == null || !attempt.hasAskedForUsage() || !isInvalid(error.status())) {
			return false;
		}
		// an error that names the option may be about another one of the client
		if (attempt.lane().usageOption() == UsageOption.ACCEPTED) {
			return false;
		}
		this.suspect = attempt.lane();
		reservation.stopAskingForUsage();
		return true;
	}

	/**
	 * FastAPI, which many compatible servers use, refuses unknown parameters with 422.
	 */
	private static boolean isInvalid(int status) {
		return status == 400 || status == 422;
	}

	/**
	 * Records that a backend has served the request.
	 * @param attempt the attempt
	 * @param outcome its outcome
	 */
	void onResult(Attempt attempt, Outcome outcome) {
		if (!outcome.type().isSuccess()) {
			return;
		}
		if (attempt.hasAskedForUsage()) {
			attempt.lane().recordUsageOption(UsageOption.ACCEPTED);
		}
		else if (attempt.lane() == this.suspect) {
			refuse(attempt.lane());
		}
	}

	private static void refuse(Lane lane) {
		lane.recordUsageOption(UsageOption.REFUSED);
		logger.info("Backend {} does not accept stream_options.include_usage for {}: the tokens of its streams are"
				+ " counted by their events", lane.backend().name(), lane.model());
	}

}
