package dev.weir.request;

import dev.weir.backend.Outcome;
import reactor.core.publisher.Mono;

import org.springframework.http.server.reactive.ServerHttpResponse;

/**
 * The body of a reply, ready to be written once the user's filters have seen the head.
 */
public interface Reply {

	/**
	 * Writes the body.
	 * @param response the client's response
	 * @return completion
	 */
	Mono<Void> writeTo(ServerHttpResponse response);

	/**
	 * Releases a body that is not written, or not to its end. Without effect once it has
	 * ended.
	 * @param outcome the outcome of the attempt that brings the body
	 */
	void discard(Outcome outcome);

}
