package dev.weir.gateway;

import java.net.URI;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import reactor.netty.Connection;
import reactor.netty.http.client.HttpClientResponse;

import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.ServerWebExchangeDecorator;

import dev.weir.credential.CredentialHeader;
import dev.weir.failover.ReplyWrittenException;
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

	private final AttemptAttributes attributes;

	private final AttemptResponse response;

	private boolean taken;

	private final AttemptConnection connection = new AttemptConnection();

	private @Nullable CredentialHeader credential;

	/**
	 * Creates the exchange of an attempt.
	 * @param request the client's exchange
	 * @param uri the URI of the pool
	 */
	AttemptExchange(ServerWebExchange request, URI uri) {
		super(request);
		this.attributes = new AttemptAttributes(request.getAttributes());
		// choosing a lane replaces the URI, so each attempt starts with the pool's URI
		this.attributes.put(ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR, uri);
		this.response = new AttemptResponse(request.getResponse());
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
		return this.response;
	}

	/**
	 * Takes the response that the gateway's filters have stored in this exchange.
	 * @param context the request
	 * @return the response, which the caller must read or dispose
	 * @throws ReplyWrittenException if a filter has written a reply to the client instead
	 * @throws IllegalStateException if there is no response for another reason
	 */
	BackendResponse takeResponse(RequestContext context) {
		if (this.response.isCommitted()) {
			throw new ReplyWrittenException();
		}
		HttpClientResponse received = getAttribute(ServerWebExchangeUtils.CLIENT_RESPONSE_ATTR);
		Connection connection = (received != null) ? this.attributes.takeConnection() : null;
		if (received == null || connection == null) {
			throw new IllegalStateException("A filter has ended the attempt without a response");
		}
		this.taken = true;
		HttpStatusCode status = this.response.getStatusCode();
		return new BackendResponse((status != null) ? status.value() : received.status().code(),
				received.responseHeaders(), this.response.getHeaders(), connection, context.loop());
	}

	/**
	 * Ends the attempt unless its response was taken: closes the connection of the
	 * response, also if it arrives later.
	 */
	void close() {
		this.attributes.close();
	}

	/**
	 * Copies what the filters of the attempt have left for the client: the attributes,
	 * such as the chosen lane, to the client's exchange, where the user's filters can
	 * read them, and, if there was a response, the cookies to the client's response.
	 * @param request the client's exchange
	 */
	void publish(ServerWebExchange request) {
		// the request is routed again when a stream is resumed
		ServerWebExchangeUtils.removeAlreadyRouted(this);
		this.attributes.forEach(request.getAttributes()::put);
		if (this.taken) {
			this.response.publish();
		}
	}

}
