package dev.weir.simulator;

import java.time.Duration;
import java.util.List;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaderNames;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerResponse;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The content type and body of a response.
 *
 * @param contentType its media type
 * @param chunks the parts of the body, sent one by one; a body of one part is sent with
 * its length, any other in chunks
 */
record SimulatedResponse(String contentType, List<byte[]> chunks) {

	static SimulatedResponse json(ObjectNode body) {
		return new SimulatedResponse("application/json", List.of(JsonMapper.shared().writeValueAsBytes(body)));
	}

	/**
	 * Sends the body.
	 * @param response the response to write to
	 * @param delay the time before the first part
	 * @param interval the time between two parts
	 * @return completes when the body has been sent
	 */
	Mono<Void> send(HttpServerResponse response, Duration delay, Duration interval) {
		response.header(HttpHeaderNames.CONTENT_TYPE, this.contentType);
		if (this.chunks.size() == 1) {
			byte[] body = this.chunks.get(0);
			response.header(HttpHeaderNames.CONTENT_LENGTH, Integer.toString(body.length));
			return after(delay, Mono.defer(() -> response.sendByteArray(Mono.just(body)).then()));
		}
		Flux<byte[]> paced = Flux.concat(Mono.just(this.chunks.get(0)),
				Flux.fromIterable(this.chunks.subList(1, this.chunks.size()))
					.concatMap((chunk) -> after(interval, Mono.just(chunk)), 1));
		return after(delay,
				Mono.defer(() -> response.send(paced.map(Unpooled::wrappedBuffer), (buffer) -> true).then()));
	}

	private static <T> Mono<T> after(Duration delay, Mono<T> mono) {
		return delay.isZero() ? mono : mono.delaySubscription(delay);
	}

}
