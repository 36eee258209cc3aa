package dev.weir.failover;

import org.jspecify.annotations.Nullable;

import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import org.springframework.web.server.ServerWebExchange;

/**
 * Takes the head of a backend's answer when the client has long had its own: an answer
 * that another one is gone on with.
 */
final class DetachedResponse extends ServerHttpResponseDecorator {

	private final HttpHeaders headers = new HttpHeaders();

	private @Nullable HttpStatusCode status;

	private DetachedResponse(ServerHttpResponse delegate) {
		super(delegate);
	}

	/**
	 * Makes an exchange like another, the client of which gets nothing of its head.
	 * @param exchange the exchange; its attributes are shared
	 * @return the exchange
	 */
	static ServerWebExchange of(ServerWebExchange exchange) {
		return exchange.mutate().response(new DetachedResponse(exchange.getResponse())).build();
	}

	/**
	 * Copies what was taken so far to the response of the client.
	 * @param from an exchange that was made here
	 * @param to the exchange it was made from
	 */
	static void copyHead(ServerWebExchange from, ServerWebExchange to) {
		HttpStatusCode status = from.getResponse().getStatusCode();
		if (status != null) {
			to.getResponse().setStatusCode(status);
		}
		to.getResponse().getHeaders().putAll(from.getResponse().getHeaders());
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
	public boolean isCommitted() {
		return false;
	}

}
