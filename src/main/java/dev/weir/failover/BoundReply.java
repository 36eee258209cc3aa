package dev.weir.failover;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.DurationText;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.Binding;
import dev.weir.request.RequestContext;

/**
 * The reply to a request that only one backend can take, and that backend cannot take it
 * now. It names the backend, and its delay is exactly that of the backend.
 */
final class BoundReply {

	private BoundReply() {
	}

	/**
	 * The reply if the owner of an object has no lane for the call.
	 * @param context the request
	 * @param binding its restriction
	 * @return the error, with status 400
	 */
	static ApiErrorException notServed(RequestContext context, Binding binding) {
		String model = context.call().model();
		return new ApiErrorException(model.isEmpty()
				? ApiError.invalid(400, binding.describe() + " does not have this operation.", null,
						"unknown_operation")
				: ApiError.invalid(400, binding.describe() + " does not serve the model '" + model + "'.", "model",
						"model_not_found"));
	}

	/**
	 * The reply if the backend of a bound request is at its limit or out of service.
	 * @param context the request
	 * @param binding its restriction
	 * @param why why the backend cannot take the request
	 * @param delay the time until it may be free
	 * @param lasting whether waiting does not help
	 * @return the error, or {@code null} if it does not differ from that of other
	 * requests
	 */
	static @Nullable ApiError of(RequestContext context, Binding binding, Exhaustion why, Duration delay,
			boolean lasting) {
		return switch (why) {
			case THROTTLED -> new ApiError(429,
					binding.describe() + " is at its limit; it is free in " + DurationText.of(delay) + ".", "requests",
					null, "rate_limit_exceeded");
			case OUT_OF_QUOTA, DENIED, UNAVAILABLE,
					CONNECTION ->
				new ApiError(503,
						binding.describe() + " is out of service" + cause(context)
								+ (lasting ? ". Retrying does not help. See Weir's log for the correction."
										: "; the next try is possible in " + DurationText.of(delay) + "."),
						"server_error", null, "service_unavailable");
			case NO_LANE, TOO_LARGE, MODEL_NOT_SERVED, OPERATION_NOT_SERVED, TIMEOUT, FAILED -> null;
		};
	}

	private static String cause(RequestContext context) {
		String cause = FailureCause.of(context.failover());
		return cause.isEmpty() ? "" : " (" + cause + ")";
	}

}
