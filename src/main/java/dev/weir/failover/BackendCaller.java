package dev.weir.failover;

import reactor.core.publisher.Mono;

import dev.weir.request.RequestContext;
import dev.weir.response.BackendResponse;

/**
 * Calls a backend for a request.
 */
public interface BackendCaller {

	/**
	 * Chooses a lane, begins an attempt on it and sends it the request.
	 * @param context the request, of which no attempt runs
	 * @return the response when its head has arrived, on the loop of the request;
	 * {@link NoLaneException} if no lane can take the request;
	 * {@link ReplyWrittenException} if a filter of the user has replied itself; another
	 * error if there is no response. The caller must read the response or dispose of it
	 */
	Mono<BackendResponse> call(RequestContext context);

	/**
	 * Whether a filter of the user has begun to write a reply to the client itself, so
	 * that no other attempt may follow.
	 * @return whether the client's response is committed
	 */
	default boolean hasReplied() {
		return false;
	}

}
