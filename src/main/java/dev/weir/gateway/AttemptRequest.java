package dev.weir.gateway;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.http.support.Netty4HeadersAdapter;

import dev.weir.request.ClientGoneException;

/**
 * The request of one attempt: the client's request with the headers for the backend and a
 * body that can be sent more than once.
 */
final class AttemptRequest extends ServerHttpRequestDecorator {

	private static final int PART = 16 * 1024;

	private static final int SMALL = 64 * 1024;

	private final io.netty.handler.codec.http.HttpHeaders nettyHeaders;

	private final HttpHeaders headers;

	private final @Nullable List<ByteBuffer> body;

	private final @Nullable UploadProgress upload;

	private volatile @Nullable Channel channel;

	/**
	 * Creates a request.
	 * @param client the client's request
	 * @param headers the headers in place of the client's
	 * @param body the body in place of the client's, or {@code null} to stream the
	 * client's body
	 * @param upload records how far the request has been sent; {@code null} if that is
	 * not recorded
	 */
	AttemptRequest(ServerHttpRequest client, io.netty.handler.codec.http.HttpHeaders headers,
			@Nullable List<ByteBuffer> body, @Nullable UploadProgress upload) {
		super(client);
		this.nettyHeaders = headers;
		this.headers = new HttpHeaders(new Netty4HeadersAdapter(headers));
		this.body = body;
		this.upload = upload;
	}

	/**
	 * Finds Weir's request among the decorators that a user's filters have put around it.
	 * @param request the request that is sent
	 * @return Weir's request, or {@code null} if a filter has replaced it
	 */
	static @Nullable AttemptRequest in(ServerHttpRequest request) {
		ServerHttpRequest inner = request;
		while (!(inner instanceof AttemptRequest) && inner instanceof ServerHttpRequestDecorator decorator) {
			inner = decorator.getDelegate();
		}
		return (inner instanceof AttemptRequest found) ? found : null;
	}

	/**
	 * Records the connection that the body is sent on.
	 * @param connection the connection to the backend
	 */
	void onConnected(Channel connection) {
		this.channel = connection;
	}

	/**
	 * How far the request has been sent.
	 * @return the progress, or {@code null} if it is not recorded
	 */
	@Nullable UploadProgress uploadProgress() {
		return this.upload;
	}

	@Override
	public HttpHeaders getHeaders() {
		return this.headers;
	}

	@Override
	public Flux<DataBuffer> getBody() {
		Flux<DataBuffer> parts = (this.body != null)
				? Flux.fromIterable(this.body)
					.filter(ByteBuffer::hasRemaining)
					.map((part) -> DefaultDataBufferFactory.sharedInstance.wrap(part.duplicate()))
				: super.getBody().onErrorMap(ClientGoneException::of);
		Channel connection = this.channel;
		return (connection != null && this.upload != null)
				? this.upload.pace(parts, connection).doOnDiscard(DataBuffer.class, DataBufferUtils::release) : parts;
	}

	/**
	 * The headers as a map of Netty's, which the HTTP client needs.
	 * @return the same headers
	 */
	io.netty.handler.codec.http.HttpHeaders nettyHeaders() {
		return this.nettyHeaders;
	}

	/**
	 * Whether the body is held in memory, so that it can be sent in one piece, and is not
	 * empty.
	 * @return whether there is a {@link #wholeBody()}
	 */
	boolean hasWholeBody() {
		return this.body != null && length(this.body) > 0;
	}

	/**
	 * Whether the body is held in memory and is small enough to be written without regard
	 * to how fast the backend reads.
	 * @return whether the body has at most 64 KiB
	 */
	boolean isSmall() {
		return this.body != null && length(this.body) <= SMALL;
	}

	// a loop, because both are called for each attempt and a stream allocates
	private static long length(List<ByteBuffer> parts) {
		long length = 0;
		for (ByteBuffer part : parts) {
			length += part.remaining();
		}
		return length;
	}

	/**
	 * The body in small pieces. Only pieces that the backend accepts are copied to direct
	 * memory.
	 * @return buffers that share the body's memory
	 */
	Flux<ByteBuf> parts() {
		List<ByteBuffer> parts = new ArrayList<>();
		for (ByteBuffer all : (this.body != null) ? this.body : List.<ByteBuffer>of()) {
			for (int at = all.position(); at < all.limit(); at += PART) {
				parts.add(all.slice(at, Math.min(PART, all.limit() - at)));
			}
		}
		return Flux.fromIterable(parts).map(Unpooled::wrappedBuffer);
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
