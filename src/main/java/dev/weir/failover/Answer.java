package dev.weir.failover;

import dev.weir.backend.Outcome;
import dev.weir.memory.WriteGate;
import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;

import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;

/**
 * The body of the answer a request gets, waiting to be written once the user's own
 * filters have seen the head.
 */
sealed interface Answer permits Answer.Streaming, Answer.Kept, EarlyReply {

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
			Flux<byte[]> bytes = this.relay.bytes();
			Channel client = connection(response);
			return response.writeWith(
					((client != null) ? WriteGate.through(bytes, client) : bytes).map(response.bufferFactory()::wrap));
		}

		private static @Nullable Channel connection(ServerHttpResponse response) {
			try {
				return (ServerHttpResponseDecorator.getNativeResponse(response) instanceof Connection client)
						? client.channel() : null;
			}
			catch (IllegalArgumentException | IllegalStateException ex) {
				// a response that leads to no connection
				return null;
			}
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
