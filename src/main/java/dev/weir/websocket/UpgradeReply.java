package dev.weir.websocket;

import io.netty.channel.Channel;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerResponse;

import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;

import dev.weir.backend.Attempt;
import dev.weir.backend.Outcome;
import dev.weir.openai.call.Operation;
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

	private final RequestContext context;

	private final RequestResult.Connected connected;

	private final BackendResponse backend;

	private final ResponseRequests requests;

	private final WebSocketConnector connector;

	private boolean started;

	/**
	 * Creates the reply.
	 * @param context the request
	 * @param connected the result of the attempts
	 * @param requests makes the requests of the messages in Responses mode
	 * @param connector has what all sockets share
	 */
	UpgradeReply(RequestContext context, RequestResult.Connected connected, ResponseRequests requests,
			WebSocketConnector connector) {
		this.context = context;
		this.connected = connected;
		this.backend = (BackendResponse) connected.socket();
		this.requests = requests;
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
		this.connected.recordStart(this.context);
		OpenSocket socket = (this.context.call().path().operation() == Operation.REALTIME) ? realtime(client, head)
				: responses(client, head);
		this.connector.open().add(socket);
		TcpKeepAlive.enable(client);
	}

	private OpenSocket realtime(Channel client, HttpServerResponse head) {
		RealtimeSocket socket = new RealtimeSocket(this.context, this.connected, this.connector.open()::remove);
		ProtocolSwitch.perform(client, head.responseHeaders(),
				this.connector.decoder(true, this.context.competingClient()), socket.client());
		if (!BackendHandshake.complete(this.backend.takeConnection().channel(),
				this.connector.decoder(false, this.context.competingClient()), socket.backend())) {
			socket.onEnd(socket.backend());
		}
		return socket;
	}

	/**
	 * The handshake of a client in Responses mode is over: each of its messages is a
	 * request, with its own attempts.
	 */
	private OpenSocket responses(Channel client, HttpServerResponse head) {
		ResponsesSocket socket = new ResponsesSocket(this.context, this.requests);
		Attempt attempt = this.connected.attempt();
		ProtocolSwitch.perform(client, head.responseHeaders(),
				this.connector.decoder(true, this.context.competingClient()), socket.client());
		socket.add(attempt.lane().backend(), this.backend);
		attempt.end(this.connected.outcome());
		return socket;
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
