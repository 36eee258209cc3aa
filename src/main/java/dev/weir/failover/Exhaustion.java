package dev.weir.failover;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

import dev.weir.api.ApiCall;
import dev.weir.api.ApiError;
import dev.weir.api.ApiErrorException;
import dev.weir.backend.Attempts;
import dev.weir.backend.Durations;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.RestReason;

/**
 * Why no lane can take a request, and the answer that says so. The delay in it is the
 * shortest rest of any lane, so that clients, which wait as long as they are told, come
 * back at the right time.
 *
 * @param kind why
 * @param attempts what was tried
 * @param call the call
 */
record Exhaustion(Kind kind, Attempts attempts, ApiCall call) {

	// OpenAI's SDKs honour delays up to a minute
	private static final Duration MAX_DELAY = Duration.ofSeconds(60);

	// a lane that failed but does not rest may be tried again soon
	private static final Duration RETRY_FAILED = Duration.ofSeconds(1);

	enum Kind {

		NO_LANE, THROTTLED, OUT_OF_QUOTA, NO_SUCH_DEPLOYMENT, TIMEOUT, CONNECTION, DENIED, FAILED, UNAVAILABLE

	}

	static Exhaustion of(Attempts attempts, ApiCall call) {
		return new Exhaustion(isOnlyTry(attempts, call) ? kindOfOnlyTry(attempts) : kindOf(attempts), attempts, call);
	}

	/** Whether the backends that were not called could have served. */
	private static boolean isOnlyTry(Attempts attempts, ApiCall call) {
		return !call.replayable() && attempts.last() != null;
	}

	private static Kind kindOfOnlyTry(Attempts attempts) {
		boolean full = cameTo(attempts, Outcome.Throttled.class) || cameTo(attempts, Outcome.OutOfQuota.class);
		return full ? Kind.THROTTLED : kindOfFailure(attempts);
	}

	private static Kind kindOf(Attempts attempts) {
		List<Lane> lanes = attempts.lanes();
		if (lanes.isEmpty()) {
			return Kind.NO_LANE;
		}
		if (lanes.stream().anyMatch(rests(RestReason.THROTTLED)) || cameTo(attempts, Outcome.Throttled.class)) {
			return Kind.THROTTLED;
		}
		if (lanes.stream().allMatch(rests(RestReason.OUT_OF_QUOTA))) {
			return Kind.OUT_OF_QUOTA;
		}
		if (lanes.stream().allMatch(rests(RestReason.NO_SUCH_DEPLOYMENT))) {
			return Kind.NO_SUCH_DEPLOYMENT;
		}
		return kindOfFailure(attempts);
	}

	private static Kind kindOfFailure(Attempts attempts) {
		Kind kind = Kind.UNAVAILABLE;
		for (Attempts.Ended ended : attempts.history()) {
			if (ended.outcome() instanceof Outcome.Failed failure) {
				kind = switch (failure.kind()) {
					case TIMEOUT -> Kind.TIMEOUT;
					case CONNECTION -> Kind.CONNECTION;
					case STATUS -> Kind.FAILED;
				};
			}
			else if (ended.outcome() instanceof Outcome.Denied || ended.outcome() instanceof Outcome.NoCredential) {
				kind = Kind.DENIED;
			}
		}
		return kind;
	}

	private static Predicate<Lane> rests(RestReason reason) {
		return (lane) -> lane.restReason() == reason;
	}

	private static boolean cameTo(Attempts attempts, Class<? extends Outcome> outcome) {
		return attempts.history().stream().anyMatch((ended) -> outcome.isInstance(ended.outcome()));
	}

	/**
	 * Whether backends were called and failed, so that what one of them really said is
	 * the better answer.
	 * @return whether it is a failure of backends
	 */
	boolean isFailure() {
		return switch (this.kind) {
			case TIMEOUT, CONNECTION, DENIED, FAILED -> true;
			case NO_LANE, THROTTLED, OUT_OF_QUOTA, NO_SUCH_DEPLOYMENT, UNAVAILABLE -> false;
		};
	}

	ApiErrorException toException() {
		return switch (this.kind) {
			case NO_LANE -> new ApiErrorException(
					invalid(404, "No backend of pool " + pool() + " can serve this operation.", "unknown_operation"));
			case THROTTLED ->
				delayed(429, throttled() + Durations.words(delay()) + ".", "requests", "rate_limit_exceeded", Map.of());
			case OUT_OF_QUOTA -> delayed(429, what() + " have spent their quota. Waiting does not bring it back.",
					"insufficient_quota", "insufficient_quota", Map.of("x-should-retry", "false"));
			case NO_SUCH_DEPLOYMENT -> new ApiErrorException(invalid(404,
					"The model '" + this.call.model() + "' has no deployment on any backend of pool " + pool() + ".",
					"model_not_found"));
			case TIMEOUT ->
				delayed(504, tried() + " The last did not answer in time.", "server_error", "timeout", Map.of());
			case CONNECTION ->
				delayed(502, tried() + " The last could not be reached.", "server_error", "bad_gateway", Map.of());
			case DENIED -> delayed(502, tried() + " The last refused the credential that Weir has for it.",
					"server_error", "backend_denied", Map.of());
			case FAILED -> delayed(503, tried() + " The last failed.", "server_error", "service_unavailable", Map.of());
			case UNAVAILABLE -> delayed(503,
					what() + " are out of service; the next try is possible in " + Durations.words(delay()) + ".",
					"server_error", "service_unavailable", Map.of());
		};
	}

	private ApiError invalid(int status, String message, String code) {
		return new ApiError(status, message, "invalid_request_error", "model_not_found".equals(code) ? "model" : null,
				code);
	}

	private ApiErrorException delayed(int status, String message, String type, String code,
			Map<String, String> headers) {
		// rounded up: a client that comes back a moment too early is refused again
		long millis = Math.max(1, delay().plusNanos(999_999).toMillis());
		Map<String, String> delays = Map.of("retry-after-ms", String.valueOf(millis), "retry-after",
				String.valueOf((millis + 999) / 1000));
		Map<String, String> all = new java.util.HashMap<>(delays);
		all.putAll(headers);
		return new ApiErrorException(new ApiError(status, message, type, null, code), all);
	}

	private Duration delay() {
		Duration shortest = this.attempts.lanes()
			.stream()
			.map(Exhaustion::delay)
			.min(Duration::compareTo)
			.orElse(RETRY_FAILED);
		return (shortest.compareTo(MAX_DELAY) > 0) ? MAX_DELAY : shortest;
	}

	private static Duration delay(Lane lane) {
		Duration rest = lane.restLeft();
		Duration open = lane.backend().breakerOpenFor();
		Duration longer = (rest.compareTo(open) > 0) ? rest : open;
		return longer.isZero() ? RETRY_FAILED : longer;
	}

	private String pool() {
		return this.attempts.pool().name();
	}

	private String what() {
		int count = this.attempts.lanes().size();
		String backends = (count == 1) ? "The one backend" : "All " + count + " backends";
		String model = this.call.model().isEmpty() ? "" : " that serve " + this.call.model();
		return backends + " of pool " + pool() + model;
	}

	private String throttled() {
		return isOnlyTry(this.attempts, this.call)
				? "The backend that was called is at its limit, and the request is too large to be sent again to another;"
						+ " the next try is possible in "
				: what() + " are at their limit; the first is free in ";
	}

	private String tried() {
		int count = this.attempts.count();
		return (count == 1) ? "One backend of pool " + pool() + " was tried."
				: count + " backends of pool " + pool() + " were tried.";
	}

}
