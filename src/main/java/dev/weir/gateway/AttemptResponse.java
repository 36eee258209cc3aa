package dev.weir.gateway;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;

import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.ResponseCookie;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import org.springframework.http.support.Netty4HeadersAdapter;
import org.springframework.util.LinkedMultiValueMap;
import org.springframework.util.MultiValueMap;

/**
 * The response that the filters of one attempt see. Its head is kept apart from the
 * client's response and is discarded with the attempt. A filter that writes a body, or
 * completes the response, replies to the client itself.
 */
final class AttemptResponse extends ServerHttpResponseDecorator {

	// Netty has validated the headers when it received them
	private static final DefaultHttpHeadersFactory HEADERS = DefaultHttpHeadersFactory.headersFactory()
		.withValidation(false);

	private final HttpHeaders headers = new HttpHeaders(new Netty4HeadersAdapter(HEADERS.newHeaders()));

	private @Nullable HttpStatusCode status;

	private @Nullable MultiValueMap<String, ResponseCookie> cookies;

	private @Nullable List<Supplier<? extends Mono<Void>>> actions;

	private volatile boolean written;

	AttemptResponse(ServerHttpResponse client) {
		super(client);
	}

	@Override
	public HttpHeaders getHeaders() {
		return this.headers;
	}

	@Override
	public boolean setStatusCode(@Nullable HttpStatusCode code) {
		this.status = code;
		return true;
	}

	@Override
	public @Nullable HttpStatusCode getStatusCode() {
		return this.status;
	}

	@Override
	public boolean setRawStatusCode(@Nullable Integer code) {
		return setStatusCode((code != null) ? HttpStatusCode.valueOf(code) : null);
	}

	@Override
	public MultiValueMap<String, ResponseCookie> getCookies() {
		if (this.cookies == null) {
			this.cookies = new LinkedMultiValueMap<>();
		}
		return this.cookies;
	}

	@Override
	public void addCookie(ResponseCookie cookie) {
		getCookies().add(cookie.getName(), cookie);
	}

	@Override
	public void beforeCommit(Supplier<? extends Mono<Void>> action) {
		if (this.actions == null) {
			this.actions = new ArrayList<>();
		}
		this.actions.add(action);
	}

	@Override
	public boolean isCommitted() {
		return this.written;
	}

	@Override
	public Mono<Void> writeWith(Publisher<? extends DataBuffer> body) {
		return write(() -> getDelegate().writeWith(body));
	}

	@Override
	public Mono<Void> writeAndFlushWith(Publisher<? extends Publisher<? extends DataBuffer>> body) {
		return write(() -> getDelegate().writeAndFlushWith(body));
	}

	@Override
	public Mono<Void> setComplete() {
		return write(() -> getDelegate().setComplete());
	}

	// nothing may reach the client before the subscription
	private Mono<Void> write(Supplier<Mono<Void>> writing) {
		return Mono.defer(() -> {
			if (!this.written) {
				this.written = true;
				ServerHttpResponse client = getDelegate();
				client.setStatusCode(this.status);
				client.getHeaders().putAll(this.headers);
				publish();
			}
			return writing.get();
		});
	}

	/**
	 * Adds the cookies and the actions before the commit to the client's response.
	 */
	void publish() {
		if (this.cookies != null) {
			this.cookies.values().forEach((values) -> values.forEach(getDelegate()::addCookie));
		}
		if (this.actions != null) {
			this.actions.forEach(getDelegate()::beforeCommit);
		}
	}

}
