package dev.weir.request;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;

/**
 * What a client may use.
 */
public final class ClientAccess {

	private ClientAccess() {
	}

	/**
	 * Checks that a client may use a pool and a model.
	 * @param client the client, or {@code null} if no clients are configured
	 * @param pool the name of the pool
	 * @param model the model as the client names it, empty if the call names none
	 * @throws ApiErrorException with status 403 if it may not
	 */
	public static void check(@Nullable Client client, String pool, String model) {
		if (client == null) {
			return;
		}
		if (!client.mayUsePool(pool)) {
			throw new ApiErrorException(ApiError.invalid(403,
					"The client '" + client.name() + "' may not use the pool " + pool + ".", null, "pool_not_allowed"));
		}
		if (!model.isEmpty() && !client.mayUseModel(model)) {
			throw new ApiErrorException(
					ApiError.invalid(403, "The client '" + client.name() + "' may not use the model '" + model + "'.",
							"model", "model_not_found"));
		}
	}

}
