package dev.weir.request;

import java.util.Map;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.call.ApiCall;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;

/**
 * What a client may use.
 */
public final class ClientAccess {

	private ClientAccess() {
	}

	/**
	 * Checks that a client may use a pool and the model of a call. A client that may use
	 * some models only must name one, because the backend would choose it otherwise.
	 * @param client the client, or {@code null} if no clients are configured
	 * @param pool the name of the pool
	 * @param call the call
	 * @throws ApiErrorException with status 403 if it may not
	 */
	public static void check(@Nullable Client client, String pool, ApiCall call) {
		if (client == null) {
			return;
		}
		if (client.isForSessionsOnly() && !call.path().takesKey()) {
			throw sessionsOnly();
		}
		if (!client.mayUsePool(pool)) {
			throw forbidden("The client '" + client.name() + "' may not use the pool " + pool + ".", null,
					"pool_not_allowed");
		}
		String model = modelOf(call);
		if (model != null) {
			check(client, model);
		}
		else if (client.isRestrictedToModels() && mustNameModel(call)) {
			throw forbidden(
					"The client '" + client.name() + "' may use some models only, so the request must name its model.",
					"model", "missing_required_parameter");
		}
	}

	/**
	 * The refusal of an ephemeral key where no realtime session is opened.
	 * @return the exception, with status 401
	 */
	public static ApiErrorException sessionsOnly() {
		return new ApiErrorException(ApiError.invalid(401,
				"An ephemeral key opens realtime sessions only. Send the key of the client.", null, "invalid_api_key"),
				Map.of("www-authenticate", "Bearer"));
	}

	/**
	 * Checks that a client may use a model.
	 * @param client the client, or {@code null} if no clients are configured
	 * @param model the model as the client names it
	 * @throws ApiErrorException with status 403 if it may not
	 */
	public static void check(@Nullable Client client, String model) {
		if (client != null && !client.mayUseModel(model)) {
			throw forbidden("The client '" + client.name() + "' may not use the model '" + model + "'.", "model",
					"model_not_found");
		}
	}

	// that of an operation on stored objects, such as an assistant, does not decide about
	// lanes and is in the body only
	private static @Nullable String modelOf(ApiCall call) {
		if (!call.model().isEmpty()) {
			return call.model();
		}
		return (call.body() != null) ? call.body().model() : null;
	}

	private static boolean mustNameModel(ApiCall call) {
		return switch (call.path().operation()) {
			// each message of its WebSocket names one
			case RESPONSES_SOCKET -> call.body() != null && call.body().length() > 0;
			default -> call.path().operation().hasModel();
		};
	}

	private static ApiErrorException forbidden(String message, @Nullable String param, String code) {
		return new ApiErrorException(ApiError.invalid(403, message, param, code));
	}

}
