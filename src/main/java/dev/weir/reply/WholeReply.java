package dev.weir.reply;

import reactor.core.publisher.Mono;

import org.springframework.http.server.reactive.ServerHttpResponse;

import dev.weir.backend.Outcome;
import dev.weir.request.Reply;

/**
 * A reply whose body is in memory.
 *
 * @param body the body
 */
public record WholeReply(byte[] body) implements Reply {

	@Override
	public Mono<Void> writeTo(ServerHttpResponse response) {
		return response.writeWith(Mono.fromSupplier(() -> response.bufferFactory().wrap(this.body)));
	}

	@Override
	public void discard(Outcome outcome) {
		// nothing is held
	}

}
