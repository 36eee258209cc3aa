package dev.weir.failover;

import dev.weir.backend.Outcome;
import reactor.core.publisher.Mono;

import org.springframework.http.server.reactive.ServerHttpResponse;

/**
 * The body of the answer a request gets, waiting to be written once the user's own
 * filters have seen the head.
 */
sealed interface Answer {

	/** The exchange attribute that holds it. */
	String ATTRIBUTE = Answer.class.getName();

	/**
	 * Writes the body.
	 * @param response the response to write to
	 * @return completion
	 */
	Mono<Void> writeTo(ServerHttpResponse response);

	/**
	 * Lets go of what was not written.
	 * @param outcome what the attempt came to that way
	 */
	void discard(Outcome outcome);

	/**
	 * A body that streams from a backend as it comes.
	 *
	 * @param relay what brings it
	 */
	record Streaming(Relay relay) implements Answer {

		@Override
		public Mono<Void> writeTo(ServerHttpResponse response) {
			// Events too are flushed as they come this way. Spring's own way
			// to flush each buffer keeps some in a queue that nobody releases
			// when the client leaves.
			return response.writeWith(this.relay.bytes().map(response.bufferFactory()::wrap));
		}

		@Override
		public void discard(Outcome outcome) {
			this.relay.discard(outcome);
		}

	}

	/**
	 * A body that was read before.
	 *
	 * @param body the body
	 */
	record Kept(byte[] body) implements Answer {

		@Override
		public Mono<Void> writeTo(ServerHttpResponse response) {
			return response.writeWith(Mono.fromSupplier(() -> response.bufferFactory().wrap(this.body)));
		}

		@Override
		public void discard(Outcome outcome) {
			// nothing is held
		}

	}

}
