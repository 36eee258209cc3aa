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

}
