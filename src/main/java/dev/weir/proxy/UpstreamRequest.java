package dev.weir.proxy;

import java.nio.ByteBuffer;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.http.support.Netty4HeadersAdapter;

import dev.weir.api.ClientGoneException;

/**
 * A request as the gateway sends it to a backend: the client's, with other headers and a
 * body that can be sent again.
 */
final class UpstreamRequest extends ServerHttpRequestDecorator {

	private final io.netty.handler.codec.http.HttpHeaders nettyHeaders;

	private final HttpHeaders headers;

	private final @Nullable List<ByteBuffer> body;

	/**
	 * Makes a request.
	 * @param client the client's
	 * @param headers the headers in place of the client's
	 * @param body the body in place of the client's, or {@code null} to let that stream
	 * by
	 */
	UpstreamRequest(ServerHttpRequest client, io.netty.handler.codec.http.HttpHeaders headers,
			@Nullable List<ByteBuffer> body) {
		super(client);
		this.nettyHeaders = headers;
		this.headers = new HttpHeaders(new Netty4HeadersAdapter(headers));
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
				: super.getBody().onErrorMap(ClientGoneException::of);
	}

	/**
	 * The headers as the HTTP client takes them.
	 * @return the same headers
	 */
	io.netty.handler.codec.http.HttpHeaders nettyHeaders() {
		return this.nettyHeaders;
	}

	/**
	 * Whether the body is kept, so that it can be sent in one piece, and is not empty.
	 * @return whether there is a {@link #wholeBody()}
	 */
	boolean hasWholeBody() {
		return this.body != null && this.body.stream().anyMatch(ByteBuffer::hasRemaining);
	}

	/**
	 * The body in one piece.
	 * @return a new buffer that shares the body's memory
	 */
	ByteBuf wholeBody() {
		return (this.body != null) ? Unpooled.wrappedBuffer(this.body.toArray(ByteBuffer[]::new))
				: Unpooled.EMPTY_BUFFER;
	}

}
