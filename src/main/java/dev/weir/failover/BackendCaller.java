package dev.weir.failover;

import java.time.Duration;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import dev.weir.backend.PoolSet;
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
	 * Prepares to call backends of another configuration for the request, of which no
	 * attempt was made.
	 * @param next the configuration
	 * @return {@code false} if the request has to stay with its configuration, because it
	 * has passed filters that are different in the next one
	 */
	default boolean moveTo(PoolSet next) {
		return true;
	}

	/**
	 * How long the client lets its request wait for a lane.
	 * @return the time from the beginning of the request, or {@code null} if the client
	 * does not state it
	 */
	default @Nullable Duration patience() {
		return null;
	}

	/**
	 * Whether a filter of the user has begun to write a reply to the client itself, so
	 * that no other attempt may follow.
	 * @return whether the client's response is committed
	 */
	default boolean hasReplied() {
		return false;
	}

}
