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
 * What the filters that make one attempt see: the client's request, with attributes and a
 * response head of their own. So no attempt finds what another one left behind, and the
 * client's response stays as it is until a backend's is chosen for it.
 */
final class AttemptExchange extends ServerWebExchangeDecorator {

	private final Map<String, Object> attributes;

	private final Head head;

	private final AttemptConnection connection = new AttemptConnection();

	private @Nullable CredentialHeader credential;

	/**
	 * Makes the exchange of an attempt.
	 * @param request the client's exchange
	 * @param uri that of the pool
	 */
	AttemptExchange(ServerWebExchange request, URI uri) {
		super(request);
		this.attributes = new HashMap<>(request.getAttributes());
		// choosing a lane replaces the URI, so each attempt starts from the pool's again
		this.attributes.put(ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR, uri);
		this.head = new Head(request.getResponse());
	}

	/**
	 * Finds the exchange of an attempt behind what filters have put around it.
	 * @param exchange the exchange that a filter got
	 * @return the attempt's exchange, or {@code null} if it is another
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
	 * @return how it is used
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
	 * Takes the response that the gateway's filters have left here.
	 * @param context the request
	 * @return the response, to be read or disposed of
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
	 * Shows the user's filters of the request what was recorded during the attempt, such
	 * as the lane that was chosen.
	 * @param request the client's exchange
	 */
	void publish(ServerWebExchange request) {
		// the request may be routed again, to resume a stream
		ServerWebExchangeUtils.removeAlreadyRouted(this);
		this.attributes.forEach(request.getAttributes()::put);
	}

	/** The head of a response that is not the client's, or not yet. */
	private static final class Head extends ServerHttpResponseDecorator {

		// they have been validated when they were received
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
