package dev.weir.request;

import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;

/**
 * What a client may use.
 */
public final class ClientAccess {

	private ClientAccess() {
	}

	/**
	 * Checks that the client of a request may use its pool and the model that its call
	 * names.
	 * @param context the request, whose call has been read
	 * @throws ApiErrorException with status 403 if it may not
	 */
	public static void check(RequestContext context) {
		Client client = context.client();
		if (client == null) {
			return;
		}
		String pool = context.pool().name();
		if (!client.mayUsePool(pool)) {
			throw new ApiErrorException(ApiError.invalid(403,
					"The client '" + client.name() + "' may not use the pool " + pool + ".", null, "pool_not_allowed"));
		}
		String model = context.call().model();
		if (!model.isEmpty() && !client.mayUseModel(model)) {
			throw new ApiErrorException(
					ApiError.invalid(403, "The client '" + client.name() + "' may not use the model '" + model + "'.",
							"model", "model_not_found"));
		}
	}

}
