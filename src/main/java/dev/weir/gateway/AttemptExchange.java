package dev.weir.gateway;

import java.net.URI;
import java.util.HashMap;
import java.util.Map;

import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import org.jspecify.annotations.Nullable;
import reactor.netty.Connection;
import reactor.netty.http.client.HttpClientResponse;

import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import org.springframework.http.support.Netty4HeadersAdapter;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.ServerWebExchangeDecorator;

import dev.weir.credential.CredentialHeader;
import dev.weir.response.BackendResponse;
import dev.weir.request.RequestContext;
import dev.weir.upstream.AttemptConnection;

/**
 * The exchange that the filters of one attempt work on: the client's request, with
 * separate attributes and a separate response head. Attempts therefore do not see each
 * other's attributes, and the client's response stays unchanged until a reply has been
 * chosen.
 */
final class AttemptExchange extends ServerWebExchangeDecorator {

	private final Map<String, Object> attributes;

	private final Head head;

	private final AttemptConnection connection = new AttemptConnection();

	private @Nullable CredentialHeader credential;

	/**
	 * Creates the exchange of an attempt.
	 * @param request the client's exchange
	 * @param uri the URI of the pool
	 */
	AttemptExchange(ServerWebExchange request, URI uri) {
		super(request);
		this.attributes = new HashMap<>(request.getAttributes());
		// choosing a lane replaces the URI, so each attempt starts with the pool's URI
		this.attributes.put(ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR, uri);
		this.head = new Head(request.getResponse());
	}

	/**
	 * Finds the exchange of an attempt among the decorators that filters have put around
	 * it.
	 * @param exchange the exchange that was passed to a filter
	 * @return the attempt's exchange, or {@code null} if the exchange belongs to no
	 * attempt
	 */
	static @Nullable AttemptExchange in(ServerWebExchange exchange) {
		ServerWebExchange inner = exchange;
		while (!(inner instanceof AttemptExchange) && inner instanceof ServerWebExchangeDecorator decorator) {
			inner = decorator.getDelegate();
		}
		return (inner instanceof AttemptExchange attempt) ? attempt : null;
	}

	/**
	 * The connection of the attempt.
	 * @return the connection
	 */
	AttemptConnection connection() {
		return this.connection;
	}

	/**
	 * The credential that was sent.
	 * @return the header, or {@code null} if there was none
	 */
	@Nullable CredentialHeader credential() {
		return this.credential;
	}

	void credential(@Nullable CredentialHeader sent) {
		this.credential = sent;
	}

	@Override
	public Map<String, Object> getAttributes() {
		return this.attributes;
	}

	@Override
	public ServerHttpResponse getResponse() {
		return this.head;
	}

	/**
	 * Takes the response that the gateway's filters have stored in this exchange.
	 * @param context the request
	 * @return the response, which the caller must read or dispose
	 * @throws IllegalStateException if there is none
	 */
	BackendResponse takeResponse(RequestContext context) {
		HttpClientResponse response = getAttribute(ServerWebExchangeUtils.CLIENT_RESPONSE_ATTR);
		Connection connection = takeConnection();
		if (response == null || connection == null) {
			throw new IllegalStateException("A filter has ended the attempt without a response");
		}
		return new BackendResponse(response.status().code(), response.responseHeaders(), this.head.getHeaders(),
				connection, context.loop());
	}

	/** Closes the connection of a response that was not taken. */
	void dispose() {
		Connection connection = takeConnection();
		if (connection != null) {
			connection.dispose();
		}
	}

	private @Nullable Connection takeConnection() {
		return (Connection) this.attributes.remove(ServerWebExchangeUtils.CLIENT_RESPONSE_CONN_ATTR);
	}

	/**
	 * Copies the attributes of the attempt, such as the chosen lane, to the client's
	 * exchange, where the user's filters can read them.
	 * @param request the client's exchange
	 */
	void publish(ServerWebExchange request) {
		// the request is routed again when a stream is resumed
		ServerWebExchangeUtils.removeAlreadyRouted(this);
		this.attributes.forEach(request.getAttributes()::put);
	}

	/** The head of the response of one attempt, kept apart from the client's response. */
	private static final class Head extends ServerHttpResponseDecorator {

		// Netty has validated the headers when it received them
		private static final DefaultHttpHeadersFactory HEADERS = DefaultHttpHeadersFactory.headersFactory()
			.withValidation(false);

		private final HttpHeaders headers = new HttpHeaders(new Netty4HeadersAdapter(HEADERS.newHeaders()));

		private @Nullable HttpStatusCode status;

		Head(ServerHttpResponse client) {
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
		public boolean isCommitted() {
			return false;
		}

	}

}
