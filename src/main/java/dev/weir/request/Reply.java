package dev.weir.request;

import dev.weir.backend.Outcome;
import reactor.core.publisher.Mono;

import org.springframework.http.server.reactive.ServerHttpResponse;

/**
 * The body of a reply, ready to be written after the user's filters have processed the
 * head.
 */
public interface Reply {

	/**
	 * Writes the body.
	 * @param response the client's response
	 * @return completion
	 */
	Mono<Void> writeTo(ServerHttpResponse response);

	/**
	 * Whether the reply has begun while attempts are still made.
	 * @return whether no response has been chosen yet when the reply begins
	 */
	default boolean isEarly() {
		return false;
	}

	/**
	 * Releases a body that is not written or only partly written. Without effect once it
	 * has ended.
	 * @param outcome the outcome of the attempt that the body belongs to
	 */
	void discard(Outcome outcome);

}
