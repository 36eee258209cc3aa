package dev.weir.failover;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Backend;
import dev.weir.backend.CooldownReason;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.request.Attempts;
import dev.weir.request.FailoverState;

/**
 * Describes for the client why backends do not take a request: by the attempt of this
 * request, or else by the state of the backend.
 */
public final class FailureCause {

	private FailureCause() {
	}

	/**
	 * Describes why no backend of a request takes it.
	 * @param failover the state of the request
	 * @return a phrase for each backend with a known cause, separated by commas, with the
	 * name of the backend if the request has several; empty if no cause is known
	 */
	public static String of(FailoverState failover) {
		Map<String, String> causes = new LinkedHashMap<>();
		for (Lane lane : failover.candidates().lanes()) {
			String cause = of(lane, failover.attempts());
			if (cause != null) {
				causes.putIfAbsent(lane.backend().name(), cause);
			}
		}
		boolean one = isOne(failover);
		List<String> all = new ArrayList<>();
		causes.forEach((name, cause) -> all.add(one ? cause : name + ": " + cause));
		return String.join(", ", all);
	}

	/**
	 * Describes why no backend of a request takes it.
	 * @param failover the state of the request
	 * @return a sentence with the {@linkplain #of cause} of each backend; empty if no
	 * cause is known
	 */
	public static String sentenceOf(FailoverState failover) {
		String causes = of(failover);
		if (causes.isEmpty()) {
			return "";
		}
		return isOne(failover) ? Character.toUpperCase(causes.charAt(0)) + causes.substring(1) + "."
				: "They are out of service (" + causes + ").";
	}

	private static boolean isOne(FailoverState failover) {
		return failover.candidates().lanes().stream().map((lane) -> lane.backend().name()).distinct().count() == 1;
	}

	private static @Nullable String of(Lane lane, Attempts attempts) {
		Outcome last = null;
		for (Attempts.Ended ended : attempts.ended()) {
			last = ended.lane().backend().name().equals(lane.backend().name()) ? ended.outcome() : last;
		}
		if (last != null) {
			return ofAttempt(lane.backend(), last);
		}
		Backend backend = lane.backend();
		CooldownReason reason = lane.cooldownReason();
		if (reason != null) {
			return ofCooldown(backend, reason);
		}
		return (backend.isBreakerOpen() || backend.isProbing()) ? "it failed too often" + lastFailure(backend) : null;
	}

	private static String ofAttempt(Backend backend, Outcome outcome) {
		return switch (outcome.type()) {
			// its description may contain addresses and commands for an operator
			case NO_CREDENTIAL -> ofCooldown(backend, CooldownReason.NO_CREDENTIAL);
			case OUT_OF_QUOTA -> ofCooldown(backend, CooldownReason.OUT_OF_QUOTA);
			// without a stated reason it may be about the request
			case DENIED -> (((Outcome.Denied) outcome).proof() == Outcome.Proof.STATED)
					? ofCooldown(backend, CooldownReason.DENIED) : byDescription(outcome);
			case SERVED, THROTTLED, TOO_LARGE, FAILED, NOT_SERVED, REJECTED, TOO_LONG, NOT_MINE, BROKEN, CANCELLED ->
				byDescription(outcome);
		};
	}

	private static String byDescription(Outcome outcome) {
		return "the attempt ended with " + brief(outcome.description());
	}

	private static String ofCooldown(Backend backend, CooldownReason reason) {
		return switch (reason) {
			case THROTTLED -> "it is in cooldown after a 429";
			case OUT_OF_QUOTA -> "its quota is used up";
			case DENIED -> "it refuses the credential of Weir";
			case NO_CREDENTIAL -> "Weir has no credential for it";
			case NOT_SERVED -> "it does not serve the model";
			case FAILED -> "it failed and sent a delay" + lastFailure(backend);
		};
	}

	private static String lastFailure(Backend backend) {
		return (backend.lastFailure() != null) ? ", last with " + brief(backend.lastFailure()) : "";
	}

	/** Details in parentheses may contain host names, which are for the log only. */
	private static String brief(String description) {
		int details = description.indexOf(" (");
		return (details > 0) ? description.substring(0, details) : description;
	}

}
