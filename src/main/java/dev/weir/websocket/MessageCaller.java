package dev.weir.websocket;

import java.io.IOException;

import reactor.core.publisher.Mono;

import dev.weir.backend.PoolSet;
import dev.weir.failover.AttemptCaller;
import dev.weir.request.RequestContext;
import dev.weir.response.AttemptResult;
import dev.weir.response.BackendResponse;

/**
 * Makes the attempts of a message in Responses mode: on the open WebSocket of a backend,
 * or on one that is connected for it.
 *
 * @param socket the client
 * @param request the request of the message
 * @param connect connects a backend
 */
record MessageCaller(ResponsesSocket socket, MessageRequest request, AttemptCaller connect) implements AttemptCaller {

	@Override
	public Mono<AttemptResult> call(RequestContext context) {
		BackendLink link = this.socket.links().begin(this.request);
		if (link != null) {
			return link.send(this.request);
		}
		return this.connect.call(context)
			.flatMap((result) -> result.<Mono<AttemptResult>>match(Mono::just, Mono::just, Mono::just, this::send));
	}

	private Mono<AttemptResult> send(AttemptResult.Connected connected) {
		if (this.socket.client().isClosing()) {
			connected.discard();
			return Mono.never();
		}
		BackendLink fresh = this.socket.add(this.request.attempt().lane().backend(),
				(BackendResponse) connected.socket());
		return (fresh != null) ? fresh.send(this.request)
				: Mono.error(new IOException("The connection ended after the handshake"));
	}

	@Override
	public boolean moveTo(PoolSet next) {
		return this.connect.moveTo(next);
	}

}
