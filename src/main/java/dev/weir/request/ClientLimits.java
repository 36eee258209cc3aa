package dev.weir.request;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.ApiErrorException;

/**
 * The limits of clients.
 */
public interface ClientLimits {

	/**
	 * Reserves what a request may use.
	 * @param context the request, whose call has been read
	 * @return the reservation, which must be ended, or {@code null} if the client has no
	 * limits or the request was made without one
	 * @throws ApiErrorException with status 429 if the request exceeds a limit
	 */
	@Nullable Reservation reserve(RequestContext context);

}
