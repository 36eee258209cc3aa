package dev.weir.proxy;

import java.nio.ByteBuffer;
import java.util.List;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;

import dev.weir.api.ClientGoneException;

/**
 * A request as the gateway sends it to a backend: the client's, with other headers and a
 * body that can be sent again.
 */
final class UpstreamRequest extends ServerHttpRequestDecorator {

	private final HttpHeaders headers;

	private final @Nullable List<ByteBuffer> body;

	UpstreamRequest(ServerHttpRequest client, HttpHeaders headers, @Nullable List<ByteBuffer> body) {
		super(client);
		this.headers = headers;
		this.body = body;
	}

	@Override
	public HttpHeaders getHeaders() {
		return this.headers;
	}

	@Override
	public Flux<DataBuffer> getBody() {
		return (this.body != null)
				? Flux.fromIterable(this.body)
					.filter(ByteBuffer::hasRemaining)
					.map((part) -> DefaultDataBufferFactory.sharedInstance.wrap(part.duplicate()))
				: super.getBody().onErrorMap(ClientGoneException::new);
	}

}
