package dev.weir.failover;

import java.time.Duration;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.Attempts;
import dev.weir.request.Binding;
import dev.weir.request.FailoverState;
import dev.weir.request.RequestContext;
import dev.weir.backend.DurationText;
import dev.weir.backend.Outcome;
import dev.weir.backend.TimeLimit;
import dev.weir.backend.Lane;
import dev.weir.backend.CooldownReason;

/**
 * The reply to a request that no lane can take. Its delay is the shortest cooldown of any
 * lane, because clients wait as long as the reply asks them to.
 *
 * @param context the request
 * @param early whether another backend might have served
 */
record ExhaustedReply(RequestContext context, boolean early) {

	// OpenAI's SDKs ignore delays of more than a minute
	private static final Duration MAX_DELAY = Duration.ofSeconds(60);

	// a lane that failed without a cooldown may be tried again soon
	private static final Duration RETRY_FAILED = Duration.ofSeconds(1);

	ApiErrorException exception(Exhaustion why) {
		Binding binding = binding();
		boolean lasting = binding != null && Exhaustion.isLasting(failover());
		ApiError bound = (binding != null) ? BoundReply.of(this.context, binding, why, delay(), lasting) : null;
		if (bound != null) {
			return new ApiErrorException(bound, lasting ? Map.of("x-should-retry", "false") : delayHeaders());
		}
		return switch (why) {
			case NO_LANE ->
				invalid("No backend of pool " + pool() + " can serve this operation.", null, "unknown_operation");
			case THROTTLED -> later(429, throttled(), "requests", "rate_limit_exceeded");
			case OUT_OF_QUOTA -> never(429, subject("has", "have") + " used up the quota. Waiting does not restore it.",
					"insufficient_quota", "insufficient_quota");
			case TOO_LARGE -> never(429, "The request is larger than the quota of " + each()
					+ ". Send a shorter one or ask for less output.", "tokens", "rate_limit_exceeded");
			case MODEL_NOT_SERVED -> invalid("The model '" + this.context.call().model()
					+ "' has no deployment on any backend of pool " + pool() + ".", "model", "model_not_found");
			case OPERATION_NOT_SERVED -> this.context.call().isHandshake() ? noWebSocket()
					: invalid("No backend of pool " + pool() + " serves " + this.context.call().path().operationPath()
							+ (this.context.call().model().isEmpty() ? ""
									: " for the model '" + this.context.call().model() + "'")
							+ ". Use another operation or another model.", null, "unknown_operation");
			case TIMEOUT ->
				later(504, tried() + " There was no response within " + limit() + ".", "server_error", "timeout");
			case CONNECTION -> later(502, tried() + " The connection failed.", "server_error", "bad_gateway");
			case DENIED -> denied();
			case FAILED -> later(503, tried() + " It failed.", "server_error", "service_unavailable");
			case UNAVAILABLE -> unavailable();
		};
	}

	/** The restriction of the request, if other lanes have not been allowed since. */
	private @Nullable Binding binding() {
		Binding binding = this.context.binding();
		return (binding != null && failover().candidates().isBound()) ? binding : null;
	}

	/**
	 * The headers with the delay after which the client may repeat the request.
	 * @return {@code retry-after-ms} and {@code retry-after}, both at least 1, and at
	 * most a minute unless the request is bound to one backend
	 */
	Map<String, String> delayHeaders() {
		// rounded up: a client that repeats a moment too early is refused again
		long millis = Math.max(1, delay().plusNanos(999_999).toMillis());
		return Map.of("retry-after-ms", String.valueOf(millis), "retry-after", String.valueOf((millis + 999) / 1000));
	}

	/** The limit that was exceeded, and its property. */
	private String limit() {
		Attempts.Ended last = failover().attempts().last();
		TimeLimit exceeded = (last != null) ? limitOf(last.outcome()) : null;
		TimeLimit limit = (exceeded != null) ? exceeded : TimeLimit.deadline(this.context.pool().properties());
		return DurationText.of(limit.duration()) + " (weir.pools." + pool() + "." + limit.property() + ")";
	}

	private static @Nullable TimeLimit limitOf(Outcome outcome) {
		return switch (outcome.type()) {
			case FAILED -> ((Outcome.Failed) outcome).limit();
			case SERVED, THROTTLED, TOO_LARGE, OUT_OF_QUOTA, DENIED, NO_CREDENTIAL, NOT_SERVED, REJECTED, TOO_LONG,
					NOT_MINE, BROKEN, CANCELLED ->
				null;
		};
	}

	private ApiErrorException invalid(String message, @Nullable String param, String code) {
		return new ApiErrorException(ApiError.invalid(404, message, param, code));
	}

	/** Clients of the responses API then continue with HTTP. */
	private ApiErrorException noWebSocket() {
		return new ApiErrorException(
				ApiError.invalid(426, "No backend of pool " + pool() + " has a WebSocket at this path; use HTTP.", null,
						"websocket_not_supported"),
				Map.of("upgrade", "websocket", "connection", "Upgrade"));
	}

	private ApiErrorException later(int status, String message, String type, String code) {
		return new ApiErrorException(new ApiError(status, message, type, null, code), delayHeaders());
	}

	private static ApiErrorException never(int status, String message, String type, String code) {
		return new ApiErrorException(new ApiError(status, message, type, null, code),
				Map.of("x-should-retry", "false"));
	}

	private ApiErrorException denied() {
		String message = ((failover().attempts().count() == 0) ? "No backend of pool " + pool() + " was called."
				: tried()) + " Weir has no credential that is accepted there. See Weir's log.";
		return Exhaustion.isLasting(failover()) ? never(502, message, "server_error", "backend_denied")
				: later(502, message, "server_error", "backend_denied");
	}

	private ApiErrorException unavailable() {
		String message = subject("is", "are") + " out of service";
		return Exhaustion.isLasting(failover())
				? never(503, message + ". Retrying does not help. See Weir's log for the correction.", "server_error",
						"service_unavailable")
				: later(503, message + "; the next try is possible in " + DurationText.of(delay()) + ".",
						"server_error", "service_unavailable");
	}

	private String each() {
		int count = failover().candidates().lanes().size();
		return (count == 1) ? "the one backend of pool " + pool() + " that serves it"
				: "every backend of pool " + pool() + " that was called";
	}

	private Duration delay() {
		Duration shortest = failover().candidates()
			.lanes()
			.stream()
			.filter(failover().candidates()::fits)
			.map(ExhaustedReply::delay)
			.min(Duration::compareTo)
			.orElse(RETRY_FAILED);
		return (shortest.compareTo(MAX_DELAY) > 0 && binding() == null) ? MAX_DELAY : shortest;
	}

	private static Duration delay(Lane lane) {
		Duration free = lane.freeIn();
		return (free == null || free.isZero()) ? RETRY_FAILED : free;
	}

	private String throttled() {
		String when = DurationText.of(delay());
		if (this.early) {
			return "The backend that was called is at its limit, and the request cannot be sent again to another;"
					+ " the next try is possible in " + when + ".";
		}
		List<Lane> lanes = failover().candidates().lanes();
		long others = lanes.stream()
			.filter((lane) -> lane.backend().isBreakerOpen()
					|| (lane.cooldownReason() != null && lane.cooldownReason() != CooldownReason.THROTTLED))
			.count()
				+ failover().attempts().ended().stream().filter((ended) -> ended.outcome().type().costsRetry()).count();
		return (others == 0) ? subject("is", "are") + " at the limit; the first is free in " + when + "."
				: subject("is", "are") + " at the limit or failed; the next try is possible in " + when + ".";
	}

	private String subject(String one, String many) {
		int count = failover().candidates().lanes().size();
		String model = this.context.call().model();
		String serving = model.isEmpty() ? "" : (count == 1) ? " that serves " + model : " that serve " + model;
		return (count == 1) ? "The one backend of pool " + pool() + serving + " " + one
				: "All " + count + " backends of pool " + pool() + serving + " " + many;
	}

	private String tried() {
		// one backend may have had several attempts
		long count = failover().attempts().ended().stream().map((ended) -> ended.lane().backend()).distinct().count();
		return (count == 1) ? "One backend of pool " + pool() + " was tried."
				: count + " backends of pool " + pool() + " were tried.";
	}

	private FailoverState failover() {
		return this.context.failover();
	}

	private String pool() {
		return this.context.pool().name();
	}

}
