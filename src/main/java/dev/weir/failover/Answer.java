package dev.weir.failover;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;

import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import org.springframework.http.server.reactive.ServerHttpResponse;

import dev.weir.backend.Attempt;
import dev.weir.backend.Outcome;

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
	 * A body that streams from the backend as it comes.
	 */
	final class Streaming implements Answer {

		private static final Logger logger = LoggerFactory.getLogger(Answer.class);

		private final Connection connection;

		private final Attempt attempt;

		private final Outcome outcome;

		private final AtomicBoolean over = new AtomicBoolean();

		/**
		 * A body that is still to come.
		 * @param connection the backend's connection
		 * @param attempt the attempt that the last byte ends
		 * @param outcome what the attempt has come to when the body arrives whole
		 */
		Streaming(Connection connection, Attempt attempt, Outcome outcome) {
			this.connection = connection;
			this.attempt = attempt;
			this.outcome = outcome;
		}

		@Override
		public Mono<Void> writeTo(ServerHttpResponse response) {
			NettyDataBufferFactory buffers = (NettyDataBufferFactory) response.bufferFactory();
			long length = response.getHeaders().getContentLength();
			AtomicLong passed = new AtomicLong();
			Flux<DataBuffer> body = this.connection.inbound()
				.receive()
				.retain()
				.<DataBuffer>map(buffers::wrap)
				.doOnNext((buffer) -> passed.addAndGet(buffer.readableByteCount()))
				.doOnComplete(() -> end(this.outcome))
				.doOnError((ex) -> {
					logger.warn("The answer of {} broke off after {} bytes: {}", this.attempt.lane().backend(),
							passed.get(), ex.toString());
					end(new Outcome.Broken());
				})
				// a client that has all it waits for may close before the end is told
				.doOnCancel(() -> end((passed.get() == length) ? this.outcome : new Outcome.Cancelled()));
			// Events too are flushed as they come this way. Spring's own way
			// to flush each buffer keeps some in a queue that nobody releases
			// when the client leaves.
			return response.writeWith(body);
		}

		private void end(Outcome outcome) {
			this.over.set(true);
			this.attempt.end(outcome);
		}

		@Override
		public void discard(Outcome outcome) {
			if (!this.over.get()) {
				this.connection.dispose();
				end(outcome);
			}
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
