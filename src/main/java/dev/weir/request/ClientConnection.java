package dev.weir.request;

import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;
import reactor.netty.Connection;

import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;

/**
 * Finds the connection of a client behind Spring's requests and responses.
 */
public final class ClientConnection {

	private ClientConnection() {
	}

	/**
	 * The connection of a request.
	 * @param request the client's request, with any decorators
	 * @return the channel, or {@code null} if the request has no connection, as in unit
	 * tests
	 */
	public static @Nullable Channel of(ServerHttpRequest request) {
		try {
			return channel(ServerHttpRequestDecorator.getNativeRequest(request));
		}
		catch (IllegalArgumentException ex) {
			return null;
		}
	}

	/**
	 * The connection of a response.
	 * @param response the response to the client, with any decorators
	 * @return the channel, or {@code null} if the response has no connection, as in unit
	 * tests
	 */
	public static @Nullable Channel of(ServerHttpResponse response) {
		try {
			return channel(ServerHttpResponseDecorator.getNativeResponse(response));
		}
		catch (IllegalArgumentException | IllegalStateException ex) {
			return null;
		}
	}

	private static @Nullable Channel channel(Object server) {
		return (server instanceof Connection connection) ? connection.channel() : null;
	}

}
