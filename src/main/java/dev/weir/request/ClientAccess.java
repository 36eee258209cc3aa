package dev.weir.request;

import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.body.OpaqueBody;
import dev.weir.openai.body.RequestBody;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.list.StoredList;

/**
 * What a client may use.
 */
public final class ClientAccess {

	private ClientAccess() {
	}

	/**
	 * Checks that a client may use a pool and the models of a call, and that Weir knows
	 * all that the call names: a backend may understand what Weir does not. A client that
	 * may use some models only must name one, because the backend would choose it
	 * otherwise.
	 * @param client the client, or {@code null} if no clients are configured
	 * @param pool the name of the pool
	 * @param call the call
	 * @param hasSession whether the call belongs to a session that was checked before
	 * @throws ApiErrorException with status 403 if it may not; 404 if the call reads or
	 * names what cannot exist for the client; 400, 404 or 415 if it is not known what the
	 * body names
	 */
	public static void check(@Nullable Client client, String pool, ApiCall call, boolean hasSession) {
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
		checkPath(call.path());
		checkBody(call);
		Set<String> models = modelsOf(call);
		models.forEach((model) -> check(client, model));
		if (models.isEmpty() && client.isRestrictedToModels() && mustNameModel(call, hasSession)) {
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

	private static void checkPath(ApiPath path) {
		if (path.isUnknownRead() && StoredList.of(path) == null) {
			throw notFound(
					"There is no operation " + path.method() + " " + path.withOperationPath(path.operationPath()) + ".",
					"unknown_operation");
		}
		if (path.namesImpossibleObject()) {
			throw notFound("There is no object with this id.", "not_found");
		}
	}

	private static void checkBody(ApiCall call) {
		RequestBody body = call.body();
		if (body == null || !call.path().mayNameInBody()) {
			return;
		}
		ApiErrorException problem = body.problem();
		if (problem != null && !isSdp(call.path(), body)) {
			throw problem;
		}
	}

	private static boolean isSdp(ApiPath path, RequestBody body) {
		return path.hasSession() && body instanceof OpaqueBody opaque && opaque.isSdp();
	}

	private static Set<String> modelsOf(ApiCall call) {
		ApiPath path = call.path();
		Set<String> models = new LinkedHashSet<>(2);
		if (!call.model().isEmpty()) {
			models.add(call.model());
		}
		// a model in the path takes precedence; that of an operation on stored objects is
		// in the body only
		String inBody = (call.body() != null && path.deployment() == null) ? call.body().model() : null;
		if (inBody != null) {
			models.add(inBody);
		}
		// OpenAI's examples have it there, too
		String inQuery = path.hasSession() ? path.queryModel() : null;
		if (inQuery != null) {
			models.add(inQuery);
		}
		return models;
	}

	private static boolean mustNameModel(ApiCall call, boolean hasSession) {
		return switch (call.path().operation()) {
			// each message of its WebSocket names one
			case RESPONSES_SOCKET -> call.body() != null && call.body().length() > 0;
			default -> !hasSession && call.path().runsUnnamedModel();
		};
	}

	private static ApiErrorException notFound(String message, String code) {
		return new ApiErrorException(ApiError.invalid(404, message, null, code));
	}

	private static ApiErrorException forbidden(String message, @Nullable String param, String code) {
		return new ApiErrorException(ApiError.invalid(403, message, param, code));
	}

}
