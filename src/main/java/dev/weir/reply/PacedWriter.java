package dev.weir.reply;

import io.netty.channel.Channel;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.http.server.reactive.ServerHttpResponse;

import dev.weir.memory.WriteGate;
import dev.weir.request.ClientConnection;

/**
 * Writes the body of a reply as fast as the client's connection takes it, and flushes
 * each part as it comes.
 */
final class PacedWriter {

	private PacedWriter() {
	}

	/**
	 * Writes a body.
	 * @param response the response that the client gets
	 * @param bytes the body; a part is requested when the connection can take it
	 * @return completion
	 */
	static Mono<Void> write(ServerHttpResponse response, Flux<byte[]> bytes) {
		Channel client = ClientConnection.of(response);
		Flux<byte[]> paced = (client != null) ? WriteGate.through(bytes, client) : bytes;
		// not writeAndFlushWith, which keeps buffers in a queue that is never released
		// when the client leaves
		return response.writeWith(paced.map(response.bufferFactory()::wrap));
	}

}
