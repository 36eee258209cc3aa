package dev.weir.websocket;

import io.netty.channel.Channel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerResponse;

import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;

import dev.weir.backend.Outcome;
import dev.weir.reply.RequestResult;
import dev.weir.request.ClientConnection;
import dev.weir.request.Reply;
import dev.weir.request.RequestContext;
import dev.weir.response.BackendResponse;
import dev.weir.server.ProtocolSwitch;
import dev.weir.upstream.TcpKeepAlive;

/**
 * The reply that upgrades a client to a WebSocket, once a backend is connected. It lasts
 * until the connection of the client ends.
 */
final class UpgradeReply implements Reply {

	private static final Logger logger = LoggerFactory.getLogger(UpgradeReply.class);

	private final RequestContext context;

	private final RequestResult.Connected connected;

	private final BackendResponse backend;

	private final WebSocketConnector connector;

	private boolean started;

	/**
	 * Creates the reply.
	 * @param context the request
	 * @param connected the result of the attempts
	 * @param backend the backend's response to the handshake
	 * @param connector has what all sockets share
	 */
	UpgradeReply(RequestContext context, RequestResult.Connected connected, BackendResponse backend,
			WebSocketConnector connector) {
		this.context = context;
		this.connected = connected;
		this.backend = backend;
		this.connector = connector;
	}

	@Override
	public Mono<Void> writeTo(ServerHttpResponse response) {
		// runs the actions before the commit, which complete the headers, and sends
		// nothing
		return response.setComplete().then(Mono.create((sink) -> this.context.loop().execute(() -> start(response))));
	}

	private void start(ServerHttpResponse response) {
		Channel client = ClientConnection.of(response);
		Object server = ServerHttpResponseDecorator.getNativeResponse(response);
		if (this.started || client == null || !client.isActive() || !(server instanceof HttpServerResponse head)) {
			return;
		}
		this.started = true;
		Channel channel = this.backend.takeConnection().channel();
		if (channel.eventLoop() != client.eventLoop()) {
			logger.error("The connections of a WebSocket belong to different event loops [{}]", this.context.id());
			channel.close();
			client.close();
			return;
		}
		this.connected.recordStart(this.context);
		OpenSockets open = this.connector.open();
		RealtimeSocket[] socket = new RealtimeSocket[1];
		socket[0] = new RealtimeSocket(this.context, this.connected, () -> open.remove(socket[0]));
		open.add(socket[0]);
		ProtocolSwitch.perform(client, head.responseHeaders(), this.connector.decoder(true), socket[0].client());
		TcpKeepAlive.enable(client);
		if (!BackendHandshake.complete(channel, this.connector.decoder(false), socket[0].backend())) {
			socket[0].onEnd(socket[0].backend());
		}
	}

	@Override
	public void discard(Outcome outcome) {
		if (!this.started) {
			this.started = true;
			this.backend.dispose();
			this.connected.attempt().end(outcome);
		}
	}

}
