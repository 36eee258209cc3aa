package dev.weir.websocket;

import java.util.function.Function;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.config.LiveConfiguration;
import dev.weir.config.WeirProperties;
import dev.weir.failover.BackendCaller;
import dev.weir.inbound.ClientHandshake;
import dev.weir.reply.ReplyFactory;
import dev.weir.reply.ReplyHead;
import dev.weir.reply.RequestResult;
import dev.weir.request.Reply;
import dev.weir.request.RequestContext;
import dev.weir.response.BackendResponse;

/**
 * Connects clients that open a WebSocket: first a backend, with failover, and only then
 * the client. So a client that no backend can take gets an HTTP error.
 */
public final class WebSocketConnector {

	private final ResponseRequests.Shared shared;

	private final OpenSockets open;

	private final LiveConfiguration configuration;

	/**
	 * Creates the connector of all clients.
	 * @param shared what the requests of all clients share
	 * @param open the WebSockets that are open
	 * @param configuration has the limit of a message
	 */
	WebSocketConnector(ResponseRequests.Shared shared, OpenSockets open, LiveConfiguration configuration) {
		this.shared = shared;
		this.open = open;
		this.configuration = configuration;
	}

	/**
	 * Connects a backend.
	 * @param context the request
	 * @param caller connects a backend
	 * @param messages gives the request of a message in Responses mode the current
	 * configuration, and makes the caller that connects another backend for it;
	 * {@code null} if the route has changed
	 * @param exchange the exchange of the client
	 * @return completes when the context has the reply, which upgrades the client or is
	 * an error; an error only where no backend is involved
	 */
	public Mono<Void> connect(RequestContext context, BackendCaller caller,
			Function<RequestContext, @Nullable BackendCaller> messages, ServerWebExchange exchange) {
		return Mono.defer(() -> this.shared.failover().connect(context, this.shared.failover().reading(caller)))
			.doOnNext((result) -> {
				ReplyFactory replies = new ReplyFactory(context, Mono::empty, exchange.getResponse());
				context.reply(result.match(replies::of, replies::of, replies::of,
						(connected) -> upgrade(context, connected, messages, exchange)));
			})
			.then();
	}

	private Reply upgrade(RequestContext context, RequestResult.Connected connected,
			Function<RequestContext, @Nullable BackendCaller> messages, ServerWebExchange exchange) {
		BackendResponse response = (BackendResponse) connected.socket();
		ServerHttpResponse client = exchange.getResponse();
		new ReplyHead(client, context).switchProtocol(connected.attempt().lane(), response.passed());
		HttpHeaders headers = client.getHeaders();
		headers.set(HttpHeaders.UPGRADE, "websocket");
		headers.set(HttpHeaders.CONNECTION, "Upgrade");
		ClientHandshake handshake = ClientHandshake.of(exchange.getRequest().getHeaders());
		headers.set("Sec-WebSocket-Accept", handshake.accept());
		String protocol = response.header(ClientHandshake.PROTOCOL);
		if (protocol != null && handshake.protocols().contains(protocol.strip())) {
			headers.set(ClientHandshake.PROTOCOL, protocol);
		}
		return new UpgradeReply(context, connected,
				new ResponseRequests(this, this.shared, context, messages, exchange.getRequest()), this);
	}

	OpenSockets open() {
		return this.open;
	}

	/**
	 * Creates a decoder.
	 * @param client whether it decodes the frames of a client
	 * @param counted the client whose bytes are counted, or {@code null}
	 * @return the decoder
	 */
	FrameDecoder decoder(boolean client, @Nullable String counted) {
		WeirProperties current = this.configuration.current();
		return new FrameDecoder(client, current.maxBody().toBytes(), current.bodyTimeout(),
				(onEvicted) -> this.shared.budget().openUpload(counted, onEvicted));
	}

}
